"""What hangs on a record: one nullable key per kind of record, exactly one of them set."""

from django.db import models
from django.db.models import Q

RECORD_FIELDS = ("person", "organization", "deal", "lead", "project")


def exactly_one_record() -> Q:
    """The check that one of the five keys is set and no more."""
    condition = Q()
    for chosen in RECORD_FIELDS:
        condition |= Q(
            **{f"{name}__isnull": name != chosen for name in RECORD_FIELDS}
        )
    return condition


class AttachedToRecord(models.Model):
    person = models.ForeignKey("crm.Person", on_delete=models.CASCADE, null=True, blank=True)
    organization = models.ForeignKey(
        "crm.Organization", on_delete=models.CASCADE, null=True, blank=True
    )
    deal = models.ForeignKey("crm.Deal", on_delete=models.CASCADE, null=True, blank=True)
    lead = models.ForeignKey("crm.Lead", on_delete=models.CASCADE, null=True, blank=True)
    project = models.ForeignKey("crm.Project", on_delete=models.CASCADE, null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def record(self) -> models.Model:
        """The one record this hangs on."""
        return next(
            getattr(self, name) for name in RECORD_FIELDS if getattr(self, f"{name}_id")
        )
