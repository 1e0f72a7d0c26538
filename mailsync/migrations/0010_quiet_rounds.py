from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mailsync", "0009_drafts_kept"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='mailboxentry',
            name='entry_gone',
        ),
        migrations.AddIndex(
            model_name='mailboxentry',
            index=models.Index(condition=models.Q(('email__isnull', False), ('gone_at__isnull', False)), fields=['mailbox', 'gone_at'], name='entry_gone_in_mailbox'),
        ),
        migrations.AddIndex(
            model_name='thread',
            index=models.Index(condition=models.Q(('provider_thread_id', ''), _negated=True), fields=['account', 'provider_thread_id'], name='thread_by_provider_id'),
        ),
    ]
