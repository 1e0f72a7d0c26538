from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.remembered import remembered
from sharing.enums import ItemVisibility
from sharing.rules import visible_records


class OwnedQuerySet(models.QuerySet[Any]):
    """Rows that belong to somebody. The only way a page may find a record."""

    def visible_to(self, user: Any) -> Self:
        """The records this user may see, the bin left out."""
        return self.filter(remembered(visible_records, self.model, user), deleted_at__isnull=True)

    def in_bin(self) -> Self:
        return self.filter(deleted_at__isnull=False)

    def kept(self) -> Self:
        return self.filter(deleted_at__isnull=True)


class OwnedRecord(models.Model):
    """A person, organization, deal, lead or project: it has an owner and an item visibility."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("owner"),
    )
    visibility = models.CharField(
        _("visible to"),
        max_length=10,
        choices=ItemVisibility.choices,
        default=ItemVisibility.COMPANY,
    )
    created_at = models.DateTimeField(_("added"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        abstract = True
