from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mailsync.models import MailAccount


class SignatureQuerySet(models.QuerySet["Signature"]):
    def usable_by(self, user: Any) -> Self:
        """A user's own, and those of his team accounts."""
        accounts = MailAccount.objects.usable_by(user)
        return self.filter(Q(owner=user) | Q(account__in=accounts, owner__isnull=True))


class Signature(models.Model):
    """What stands under a mail. Without an owner it belongs to a team account's members."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="signatures",
    )
    account = models.ForeignKey(
        "mailsync.MailAccount",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="signatures",
        verbose_name=_("for the account"),
        help_text=_("Empty: for all accounts."),
    )
    name = models.CharField(_("name"), max_length=100)
    html = models.TextField(_("text"), blank=True)
    is_for_new = models.BooleanField(_("under new mail"), default=False)
    is_for_replies = models.BooleanField(_("under replies and forwards"), default=False)

    objects = SignatureQuerySet.as_manager()

    class Meta:
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name
