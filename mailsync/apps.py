from django.apps import AppConfig


class MailSyncConfig(AppConfig):
    name = "mailsync"
