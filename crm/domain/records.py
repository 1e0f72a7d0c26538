"""What can be done with every kind of record: the bin, labels, owner, visibility, announcing.

A record in the bin is gone for everybody (`visible_to` leaves it out) and can be restored for
BIN_DAYS; then `purge_bin` removes it for good, with what hangs on it.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

from crm.domain.gathering import announce_address
from crm.enums import DealStatus, ProjectStatus, RecordKind
from crm.errors import ConflictError
from crm.models import Deal, Lead, Organization, Person, Project, Record, RecordLabel
from crm.signals import deal_moved, record_closed, record_opened
from sharing.enums import ItemVisibility
from sharing.rules import in_charge
from users.models import User

BIN_DAYS = 30
BATCH = 500

MODELS: dict[RecordKind, type[Any]] = {
    RecordKind.PERSON: Person,
    RecordKind.ORGANIZATION: Organization,
    RecordKind.DEAL: Deal,
    RecordKind.LEAD: Lead,
    RecordKind.PROJECT: Project,
}


def save_change(record: Record, *, fields: Iterable[str], version: int | None = None) -> None:
    """Saves these fields when the record is still at the version that was shown.

    Raises ConflictError when a colleague was quicker. Without `version` the last one wins.
    """
    model = type(record)
    with transaction.atomic():
        rows = model.objects.filter(pk=record.pk)
        if version is not None:
            rows = rows.filter(version=version)
        if not rows.update(version=F("version") + 1):
            raise ConflictError
        record.save(update_fields={*fields, "updated_at"})
    record.refresh_from_db(fields=["version"])


def is_open(record: Record) -> bool:
    """Whether new mail may be linked to this deal, lead or project."""
    if record.deleted_at is not None:
        return False
    if isinstance(record, Deal):
        return record.status == DealStatus.OPEN
    if isinstance(record, Lead):
        return record.archived_at is None and record.converted_at is None
    if isinstance(record, Project):
        return record.status == ProjectStatus.OPEN and record.archived_at is None
    return False


def announce_opened(record: Record) -> None:
    _on_commit(record_opened.send, record)


def announce_closed(record: Record) -> None:
    _on_commit(record_closed.send, record)


def announce_deal(deal_id: int) -> None:
    transaction.on_commit(lambda: deal_moved.send(sender=Deal, deal_id=deal_id))


def _on_commit(send: Callable[..., Any], record: Record) -> None:
    model, kind, pk = type(record), record.kind, record.pk
    transaction.on_commit(lambda: send(sender=model, kind=kind, record_id=pk))


def bin_record(record: Record, *, by: User) -> None:
    """To the bin. Done twice is done once."""
    was_open = is_open(record)
    with transaction.atomic():
        now = timezone.now()
        changed = (
            type(record)
            .objects.filter(pk=record.pk, deleted_at__isnull=True)
            .update(deleted_at=now, deleted_by=by, version=F("version") + 1)
        )
        if not changed:
            return
        record.deleted_at = now
        if was_open:
            announce_closed(record)
        if isinstance(record, Deal):
            announce_deal(record.pk)


def restore_record(record: Record) -> None:
    """Out of the bin. Mail that came meanwhile is linked as if it had never been there."""
    with transaction.atomic():
        changed = (
            type(record)
            .objects.filter(pk=record.pk, deleted_at__isnull=False)
            .update(deleted_at=None, deleted_by=None, version=F("version") + 1)
        )
        if not changed:
            return
        record.deleted_at = None
        if is_open(record):
            announce_opened(record)
        if isinstance(record, Deal):
            announce_deal(record.pk)
        if isinstance(record, Person) and record.emails.exists():
            announce_address(record.pk)


def gone_on(binned_at: datetime) -> datetime:
    """When a record that has been in the bin since then may be gone for good."""
    return binned_at + timedelta(days=BIN_DAYS)


def purge_bin(*, older_than_days: int = BIN_DAYS) -> int:
    """Removes for good what has been in the bin long enough. Returns how many records."""
    limit = timezone.now() - timedelta(days=older_than_days)
    removed = 0
    for model in MODELS.values():
        while True:
            batch = list(model.objects.filter(deleted_at__lt=limit)[:BATCH])
            if not batch:
                break
            with transaction.atomic():
                for record in batch:
                    record.delete()
            removed += len(batch)
    return removed


def set_labels(record: Any, *, labels: Iterable[RecordLabel]) -> None:
    """Exactly these labels. Labels of another kind of record are refused."""
    wanted = list(labels)
    if any(label.kind != record.kind for label in wanted):
        raise ValueError("a label of another kind of record")
    record.labels.set(wanted)
    if isinstance(record, Deal):
        announce_deal(record.pk)


# --- Many at once -----------------------------------------------------------------------------


def give_records(records: models.QuerySet[Any], *, owner: User) -> int:
    """Gives all of these to one colleague."""
    return records.update(owner=owner, updated_at=timezone.now(), version=F("version") + 1)


def label_records(records: models.QuerySet[Any], *, label: RecordLabel) -> int:
    """Adds one label to all of these; those that have it keep it."""
    model = records.model
    if label.kind != model.kind:
        raise ValueError("a label of another kind of record")
    through = model.labels.through
    ids = list(records.values_list("pk", flat=True))
    rows = [through(**{f"{model.kind}_id": pk, "recordlabel_id": label.pk}) for pk in ids]
    through.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
    return len(ids)


def set_records_visibility(
    records: models.QuerySet[Any], *, visibility: ItemVisibility, by: User
) -> int:
    """Changes those that are the user's to change."""
    return records.filter(in_charge(by)).update(
        visibility=visibility, updated_at=timezone.now(), version=F("version") + 1
    )


def bin_records(records: models.QuerySet[Any], *, by: User) -> int:
    """All of these to the bin, each with its own news to the apps above."""
    removed = 0
    ids = list(records.values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        with transaction.atomic():
            for record in records.model.objects.filter(pk__in=ids[start : start + BATCH]):
                bin_record(record, by=by)
                removed += 1
    return removed
