from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Notification(models.Model):
    """A line behind the bell. Text is made when shown, from what the reader may see then."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications"
    )
    kind = models.CharField(_("kind"), max_length=40)
    subject_id = models.BigIntegerField(_("row that it is about"))
    created_at = models.DateTimeField(_("made"), auto_now_add=True)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        indexes = [models.Index(fields=["user", "-id"], name="notification_newest")]

    def __str__(self) -> str:
        return f"Notification {self.pk}"
