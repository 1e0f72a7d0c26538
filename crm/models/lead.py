from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.enums import RecordKind
from crm.models.record import Record
from sharing.models import OwnedQuerySet


class LeadQuerySet(OwnedQuerySet):
    def open(self) -> "LeadQuerySet":
        return self.filter(archived_at__isnull=True, converted_at__isnull=True)


class Lead(Record):
    """Somebody who may become a customer, before it is a deal."""

    kind = RecordKind.LEAD

    title = models.CharField(_("title"), max_length=200)
    person = models.ForeignKey(
        "crm.Person",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="leads",
        verbose_name=_("person"),
    )
    organization = models.ForeignKey(
        "crm.Organization",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="leads",
        verbose_name=_("organization"),
    )
    value = models.DecimalField(_("value"), max_digits=15, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    source = models.CharField(_("source"), max_length=100, blank=True)
    labels = models.ManyToManyField("crm.RecordLabel", blank=True, related_name="+")
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)
    converted_at = models.DateTimeField(_("converted"), null=True, blank=True)
    deal = models.ForeignKey(
        "crm.Deal",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="leads",
        verbose_name=_("deal that it became"),
    )

    objects = LeadQuerySet.as_manager()

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        indexes = [
            models.Index(fields=["created_at", "id"], name="lead_by_age"),
            models.Index(fields=["sort_key", "id"], name="lead_by_title"),
        ]

    def get_absolute_url(self) -> str:
        return reverse("crm:lead", args=[self.pk])
