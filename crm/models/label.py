from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.enums import Hue, RecordKind


class RecordLabel(models.Model):
    """A coloured mark for one kind of record, the same for the whole company."""

    kind = models.CharField(max_length=12, choices=RecordKind.choices)
    name = models.CharField(_("name"), max_length=60)
    hue = models.CharField(_("colour"), max_length=10, choices=Hue.choices, default=Hue.BLUE)

    class Meta:
        verbose_name = _("record label")
        verbose_name_plural = _("record labels")
        ordering = ("kind", "name")
        constraints = [
            models.UniqueConstraint(fields=["kind", "name"], name="label_name_once_per_kind"),
        ]

    def __str__(self) -> str:
        return self.name
