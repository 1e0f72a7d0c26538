from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from sharing.models import OwnedRecord


class Organization(OwnedRecord):
    """A company or other body that persons belong to."""

    name = models.CharField(_("name"), max_length=200)
    address = models.TextField(_("address"), blank=True)
    labels = models.ManyToManyField("crm.RecordLabel", blank=True, related_name="+")

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        indexes = [
            models.Index(fields=["name", "id"], name="organization_by_name"),
            models.Index(fields=["owner", "name"], name="organization_by_owner"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("crm:organization", args=[self.pk])


class OrganizationDomain(models.Model):
    """A mail domain whose addresses suggest this organization."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="domains"
    )
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
