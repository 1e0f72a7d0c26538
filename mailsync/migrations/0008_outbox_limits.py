from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mailsync", "0007_folder_roles"),
    ]

    operations = [
        migrations.CreateModel(
            name="OutboxClock",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("seen_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "clock of the outbox",
                "verbose_name_plural": "clock of the outbox",
            },
        ),
        migrations.AddField(
            model_name="submission",
            name="counted_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="submission",
            name="recipient_count",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="submission",
            name="new_recipient_count",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="submission",
            name="copy_uid",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="submission",
            name="sent_copy",
            field=models.CharField(
                choices=[
                    ("none", "Not wanted"),
                    ("waiting", "Being looked for"),
                    ("stored", "There, put by us"),
                    ("found", "There, put by the provider"),
                    ("failed", "Could not be stored"),
                ],
                default="waiting",
                max_length=8,
            ),
        ),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(fields=["account", "counted_at"], name="submission_counted"),
        ),
    ]
