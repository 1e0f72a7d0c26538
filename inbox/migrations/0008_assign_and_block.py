import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0007_drafts_kept_and_text_files"),
        ("mailsync", "0008_outbox_limits"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="bulkjob",
            name="assignee",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="undotoken",
            name="blocked",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="mailsync.blockedaddress",
            ),
        ),
        migrations.AlterField(
            model_name="bulkjob",
            name="act",
            field=models.CharField(
                choices=[
                    ("archive", "Archive"),
                    ("unarchive", "Move to inbox"),
                    ("trash", "Delete"),
                    ("restore", "Restore"),
                    ("read", "Mark as read"),
                    ("unread", "Mark as unread"),
                    ("star", "Star"),
                    ("unstar", "Remove star"),
                    ("mute", "Mute"),
                    ("unmute", "Unmute"),
                    ("snooze", "Snooze"),
                    ("unsnooze", "Back to inbox now"),
                    ("label", "Label"),
                    ("unlabel", "Remove label"),
                    ("share", "Share"),
                    ("hide", "Make private"),
                    ("assign", "Assign"),
                    ("unassign", "Assign to nobody"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="undotoken",
            name="act",
            field=models.CharField(
                choices=[
                    ("archive", "Archive"),
                    ("unarchive", "Move to inbox"),
                    ("trash", "Delete"),
                    ("restore", "Restore"),
                    ("read", "Mark as read"),
                    ("unread", "Mark as unread"),
                    ("star", "Star"),
                    ("unstar", "Remove star"),
                    ("mute", "Mute"),
                    ("unmute", "Unmute"),
                    ("snooze", "Snooze"),
                    ("unsnooze", "Back to inbox now"),
                    ("label", "Label"),
                    ("unlabel", "Remove label"),
                    ("share", "Share"),
                    ("hide", "Make private"),
                    ("assign", "Assign"),
                    ("unassign", "Assign to nobody"),
                ],
                max_length=10,
            ),
        ),
    ]
