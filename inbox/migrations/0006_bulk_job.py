import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0005_saved_view"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BulkJob",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("act", models.CharField(choices=[("archive", "Archive"), ("unarchive", "Move to inbox"), ("trash", "Delete"), ("restore", "Restore"), ("read", "Mark as read"), ("unread", "Mark as unread"), ("star", "Star"), ("unstar", "Remove star"), ("mute", "Mute"), ("unmute", "Unmute"), ("snooze", "Snooze"), ("unsnooze", "Back to inbox now"), ("label", "Label"), ("unlabel", "Remove label"), ("share", "Share"), ("hide", "Make private")], max_length=10)),
                ("thread_ids", models.JSONField(default=list)),
                ("until", models.DateTimeField(blank=True, null=True)),
                ("done_number", models.PositiveIntegerField(default=0)),
                ("memory", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True, db_index=True)),
                ("touched_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("label", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="inbox.label")),
                ("undo", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="inbox.undotoken")),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={"verbose_name": "act on many conversations", "verbose_name_plural": "acts on many conversations"},
        ),
    ]
