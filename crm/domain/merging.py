"""Makes one person, or one organization, of two.

Everything that hung on the one that goes moves to the one that stays; fields that are empty
there are filled. What the apps above keep follows by signal, after which the old row is in the
bin no more but gone; its URL leads to the one that stayed.
"""

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from crm.domain.search import index_records
from crm.enums import RecordKind
from crm.errors import NotPossibleError
from crm.models import (
    Activity,
    Deal,
    DealParticipant,
    Lead,
    MergedRecord,
    Note,
    Organization,
    OrganizationDomain,
    Person,
    PersonEmail,
    PersonPhone,
    Project,
    Record,
    RecordFile,
)
from crm.signals import organizations_merged, persons_merged

POINTING: tuple[Any, ...] = (Deal, Lead, Project, Activity, Note, RecordFile)
PERSON_FIELDS = ("job_title", "organization")
ORGANIZATION_FIELDS = ("address",)


def merge_persons(kept: Person, *, gone: Person) -> None:
    """`gone` becomes part of `kept`."""
    _refuse_same(kept, gone)
    with transaction.atomic():
        _move_pointing("person", kept, gone)
        _move_addresses(kept, gone)
        _move_phones(kept, gone)
        DealParticipant.objects.filter(person=gone).exclude(
            deal__in=DealParticipant.objects.filter(person=kept).values("deal")
        ).update(person=kept)
        _finish(kept, gone, fill=PERSON_FIELDS)
        persons_merged.send(sender=Person, kept_id=kept.pk, gone_id=gone.pk)
        gone.delete()
    index_records([kept])


def merge_organizations(kept: Organization, *, gone: Organization) -> None:
    """`gone` becomes part of `kept`."""
    _refuse_same(kept, gone)
    with transaction.atomic():
        _move_pointing("organization", kept, gone)
        Person.objects.filter(organization=gone).update(organization=kept)
        OrganizationDomain.objects.filter(organization=gone).exclude(
            domain__in=kept.domains.values("domain")
        ).update(organization=kept)
        _finish(kept, gone, fill=ORGANIZATION_FIELDS)
        organizations_merged.send(sender=Organization, kept_id=kept.pk, gone_id=gone.pk)
        gone.delete()
    index_records([kept])


def merged_into(kind: RecordKind, pk: int) -> int | None:
    """Where a record went that was merged, through any number of merges."""
    return (
        MergedRecord.objects.filter(kind=kind, gone_id=pk).values_list("kept_id", flat=True).first()
    )


def _refuse_same(kept: Record, gone: Record) -> None:
    if kept.pk == gone.pk:
        raise NotPossibleError(_("Choose another one than this one itself."))


def _move_pointing(field: str, kept: Record, gone: Record) -> None:
    for model in POINTING:
        model.objects.filter(**{field: gone.pk}).update(**{field: kept.pk})


def _move_addresses(kept: Person, gone: Person) -> None:
    known = kept.emails.values("address")
    moving = PersonEmail.objects.filter(person=gone).exclude(address__in=known)
    has_primary = kept.emails.filter(is_primary=True).exists()
    if has_primary:
        # One primary a person: the one that stays keeps its own.
        moving.update(is_primary=False)
    moving.update(person=kept)


def _move_phones(kept: Person, gone: Person) -> None:
    moving = PersonPhone.objects.filter(person=gone).exclude(
        number__in=kept.phones.values("number")
    )
    if kept.phones.filter(is_primary=True).exists():
        moving.update(is_primary=False)
    moving.update(person=kept)


def _finish(kept: Record, gone: Record, *, fill: tuple[str, ...]) -> None:
    for name in fill:
        if not getattr(kept, name) and getattr(gone, name):
            setattr(kept, name, getattr(gone, name))
    kept.save(update_fields=[*fill, "updated_at"])
    type(kept).objects.filter(pk=kept.pk).update(version=F("version") + 1)
    kept.refresh_from_db(fields=["version"])
    labels = [*kept.labels.all(), *gone.labels.all()]  # type: ignore[attr-defined]
    kept.labels.set(labels)  # type: ignore[attr-defined]
    MergedRecord.objects.filter(kind=kept.kind, kept_id=gone.pk).update(kept_id=kept.pk)
    MergedRecord.objects.create(kind=kept.kind, gone_id=gone.pk, kept_id=kept.pk)
