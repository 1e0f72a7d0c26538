from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists
from django.utils.translation import gettext_lazy as _

from common.addresses import MAX_LENGTH
from mailsync.enums import BlockScope
from mailsync.models.account import MailAccount


class BlockedAddressQuerySet(models.QuerySet["BlockedAddress"]):
    def open_to(self, user: Any) -> Self:
        """The user's own. Whom he keeps out tells of his mail, so they wait for the same key."""
        return self.filter(~Exists(MailAccount.objects.locked_for(user)), user=user)


class BlockedAddress(models.Model):
    """An address or domain whose mail is left out; for one user, or for all without a user."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="blocked_addresses",
    )
    scope = models.CharField(max_length=8, choices=BlockScope.choices)
    pattern = models.CharField(_("address or domain"), max_length=MAX_LENGTH)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BlockedAddressQuerySet.as_manager()

    class Meta:
        verbose_name = _("blocked address")
        verbose_name_plural = _("blocked addresses")
        constraints = [
            # Two constraints: SQLite has no NULLS NOT DISTINCT.
            models.UniqueConstraint(
                fields=["user", "pattern"],
                condition=models.Q(user__isnull=False),
                name="blocked_once_per_user",
            ),
            models.UniqueConstraint(
                fields=["pattern"],
                condition=models.Q(user__isnull=True),
                name="blocked_once_for_all",
            ),
        ]

    def __str__(self) -> str:
        return f"BlockedAddress {self.pk}"
