from django.apps import AppConfig


class MailSyncConfig(AppConfig):
    name = "mailsync"

    def ready(self) -> None:
        from mailsync import receivers  # noqa: F401 -- app ready: connects the receivers
        from mailsync.domain import first_steps

        first_steps.register()
