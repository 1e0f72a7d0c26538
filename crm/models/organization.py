from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.enums import RecordKind
from crm.models.record import Record


class Organization(Record):
    """A company or other body that persons belong to."""

    kind = RecordKind.ORGANIZATION
    title_field = "name"

    name = models.CharField(_("name"), max_length=200)
    address = models.TextField(_("address"), blank=True)
    labels = models.ManyToManyField("crm.RecordLabel", blank=True, related_name="+")

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        indexes = [
            models.Index(fields=["sort_key", "id"], name="organization_by_name"),
            models.Index(fields=["owner", "sort_key"], name="organization_by_owner"),
            models.Index(fields=["created_at", "id"], name="organization_by_age"),
        ]

    def get_absolute_url(self) -> str:
        return reverse("crm:organization", args=[self.pk])


class OrganizationDomain(models.Model):
    """A mail domain whose addresses suggest this organization."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="domains")
    domain = models.CharField(_("domain"), max_length=253, db_index=True)

    class Meta:
        verbose_name = _("organization domain")
        verbose_name_plural = _("organization domains")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "domain"], name="domain_once_per_organization"
            ),
        ]

    def __str__(self) -> str:
        return self.domain
