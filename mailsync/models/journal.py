from django.db import models
from django.utils.translation import gettext_lazy as _


class AccountEvent(models.Model):
    """What happened to an account, in codes and counts: the diagnostics page and support."""

    account = models.ForeignKey(
        "mailsync.MailAccount", on_delete=models.CASCADE, related_name="events"
    )
    at = models.DateTimeField(auto_now_add=True)
    code = models.CharField(max_length=40)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("account event")
        verbose_name_plural = _("account events")
        indexes = [models.Index(fields=["account", "-id"], name="account_event_newest")]

    def __str__(self) -> str:
        return f"AccountEvent {self.pk}"
