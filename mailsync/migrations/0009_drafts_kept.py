from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mailsync", "0008_outbox_limits"),
    ]

    operations = [
        migrations.AddField(
            model_name="mailaccount",
            name="keeps_drafts",
            field=models.BooleanField(
                default=True,
                help_text="What you write here is among the drafts of your mail program, and back.",
                verbose_name="keep drafts in the mailbox too",
            ),
        ),
        migrations.AlterField(
            model_name="mailboxentry",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("seen", "Seen, being fetched"),
                    ("stored", "Stored"),
                    ("duplicate", "Already here from another folder"),
                    ("blocked", "Blocked address"),
                    ("too_old", "Older than the start"),
                    ("not_contact", "Not from or to a contact"),
                    ("internal", "Company-internal"),
                    ("too_big", "Stored without attachments: too big"),
                    ("draft", "A draft, shown among the drafts"),
                    ("failed", "Could not be read"),
                ],
                default="seen",
                max_length=12,
            ),
        ),
    ]
