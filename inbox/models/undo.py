import secrets
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inbox.enums import Act


def new_token() -> str:
    return secrets.token_urlsafe(24)


class UndoTokenQuerySet(models.QuerySet["UndoToken"]):
    def usable_by(self, user: Any) -> "UndoTokenQuerySet":
        return self.filter(user=user, used_at=None, expires_at__gt=timezone.now())


class UndoToken(models.Model):
    """What takes an act back: the opposite act, and the conversations that really changed.

    Only ids are kept. Whether the user may still act on them is asked again when it is used.
    """

    token = models.CharField(max_length=40, unique=True, default=new_token)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    act = models.CharField(max_length=10, choices=Act.choices)
    # thread id -> what the opposite act needs to know of it (a moment, a label, nothing).
    threads = models.JSONField(default=dict)
    # The sender that was blocked by the same act, to be let in again with it.
    blocked = models.ForeignKey(
        "mailsync.BlockedAddress",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True, blank=True)

    objects = UndoTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("undo token")
        verbose_name_plural = _("undo tokens")

    def __str__(self) -> str:
        return f"UndoToken {self.pk}"
