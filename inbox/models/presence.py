from django.conf import settings
from django.db import models


class Presence(models.Model):
    """Somebody has an answer to this conversation open (inbox.domain.presence)."""

    thread = models.ForeignKey("mailsync.Thread", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = "presence"
        verbose_name_plural = "presences"
        constraints = [
            models.UniqueConstraint(fields=["thread", "user"], name="presence_once"),
        ]

    def __str__(self) -> str:
        return f"Presence {self.pk}"
