"""What hangs on a record: one nullable key per kind of record, exactly one of them set."""

from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q

RECORD_FIELDS = ("person", "organization", "deal", "lead", "project")


def exactly_one(names: tuple[str, ...] = RECORD_FIELDS) -> Q:
    """The check that one of these keys is set and no more."""
    condition = Q()
    for chosen in names:
        condition |= Q(**{f"{name}__isnull": name != chosen for name in names})
    return condition


def sees_every_record(user: Any) -> Q:
    """The condition that no linked record is hidden from this user.

    One hidden record is enough to hide the row: its text may tell of that record.
    """
    condition = Q()
    for name in RECORD_FIELDS:
        model = apps.get_model("crm", name)
        seen = Exists(model.objects.visible_to(user).filter(pk=OuterRef(f"{name}_id")))
        condition &= Q(**{f"{name}__isnull": True}) | Q(seen)
    return condition


class AttachedQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: Any) -> Self:
        """What hangs on records that this user may see."""
        return self.filter(sees_every_record(user))

    def on(self, record: Any) -> Self:
        """What hangs on this record. It hangs on no other, so who sees the record sees it."""
        return self.filter(**{str(record.kind): record})


class AttachedToRecord(models.Model):
    person = models.ForeignKey("crm.Person", on_delete=models.CASCADE, null=True, blank=True)
    organization = models.ForeignKey(
        "crm.Organization", on_delete=models.CASCADE, null=True, blank=True
    )
    deal = models.ForeignKey("crm.Deal", on_delete=models.CASCADE, null=True, blank=True)
    lead = models.ForeignKey("crm.Lead", on_delete=models.CASCADE, null=True, blank=True)
    project = models.ForeignKey("crm.Project", on_delete=models.CASCADE, null=True, blank=True)

    objects = AttachedQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def record(self) -> models.Model:
        """The one record this hangs on."""
        return next(getattr(self, name) for name in RECORD_FIELDS if getattr(self, f"{name}_id"))
