from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MailSyncConfig(AppConfig):
    name = "mailsync"
    verbose_name = _("Mail")

    def ready(self) -> None:
        from mailsync import receivers  # noqa: F401 -- app ready: connects the receivers
        from mailsync.domain import first_steps, outbox_news
        from notifications.domain import bell

        first_steps.register()
        bell.register_kind(outbox_news.KIND, outbox_news.lines)
