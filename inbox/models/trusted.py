from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.addresses import MAX_LENGTH


class TrustedSender(models.Model):
    """A sender whose pictures from the web this user always wants to see."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="trusted_senders"
    )
    address = models.CharField(_("e-mail address"), max_length=MAX_LENGTH)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("trusted sender")
        verbose_name_plural = _("trusted senders")
        constraints = [
            models.UniqueConstraint(fields=["user", "address"], name="sender_trusted_once"),
        ]

    def __str__(self) -> str:
        return f"TrustedSender {self.pk}"
