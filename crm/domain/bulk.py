"""Acts on many records or activities: at once, or piece by piece in the background.

A piece and the count of what is through are one transaction, so a worker that dies loses
nothing and does nothing twice. What the user may do is asked again for each piece.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from common.lost_work import taken_up
from crm.domain.activities import (
    assign_activities,
    delete_activities,
    finish_activities,
    set_due_date,
)
from crm.domain.records import (
    MODELS,
    bin_records,
    give_records,
    label_records,
    set_records_visibility,
)
from crm.enums import BulkAct, ListKind, RecordKind
from crm.models import Activity, RecordJob, RecordLabel
from sharing.enums import ItemVisibility
from users.models import User

ACTS_ON_RECORDS = (BulkAct.OWNER, BulkAct.LABEL, BulkAct.VISIBILITY, BulkAct.DELETE)
ACTS_ON_ACTIVITIES = (BulkAct.ASSIGN, BulkAct.DUE, BulkAct.DONE, BulkAct.DELETE)
# More than this and the answer would keep its user waiting.
AT_ONCE = 200
PIECE = 200
LOST_AFTER = timedelta(minutes=2)
LIFETIME = timedelta(days=1)


def apply(kind: ListKind, act: BulkAct, ids: Iterable[int], *, value: str, by: User) -> int:
    """Does it to those of these rows that `by` sees. Gives how many were changed.

    `value` is the key of a colleague or of the label, the visibility, or a day.
    """
    if kind == ListKind.ACTIVITY:
        return _apply_to_activities(act, list(ids), value=value, by=by)
    return _apply_to_records(RecordKind(kind), act, list(ids), value=value, by=by)


def _apply_to_activities(act: BulkAct, ids: list[int], *, value: str, by: User) -> int:
    rows = Activity.objects.visible_to(by).filter(pk__in=ids)
    if act == BulkAct.DELETE:
        return delete_activities(rows)
    if act == BulkAct.DONE:
        return finish_activities(rows)
    if act == BulkAct.DUE:
        return set_due_date(rows, day=date.fromisoformat(value) if value else None)
    colleague = User.objects.active().filter(pk=int(value)).first()
    return assign_activities(rows, to=colleague) if colleague else 0


def _apply_to_records(
    kind: RecordKind, act: BulkAct, ids: list[int], *, value: str, by: User
) -> int:
    rows = MODELS[kind].objects.visible_to(by).filter(pk__in=ids)
    if act == BulkAct.DELETE:
        return bin_records(rows, by=by)
    if act == BulkAct.VISIBILITY:
        return set_records_visibility(rows, visibility=ItemVisibility(value), by=by)
    if act == BulkAct.LABEL:
        label = RecordLabel.objects.filter(kind=kind, pk=int(value)).first()
        return label_records(rows, label=label) if label else 0
    owner = User.objects.active().filter(pk=int(value)).first()
    return give_records(rows, owner=owner) if owner else 0


@transaction.atomic
def begin(kind: ListKind, act: BulkAct, ids: Iterable[int], *, value: str, by: User) -> RecordJob:
    job = RecordJob.objects.create(user=by, kind=kind, act=act, value=value, record_ids=list(ids))
    _ring(job.pk)
    return job


def _ring(job_id: int) -> None:
    from crm.tasks import run_record_job  # leaf: tasks import the domain

    run_record_job.delay_on_commit(job_id)


def run(job_id: int) -> None:
    """Goes through what is left. Of two workers at the same piece one gives up."""
    while _piece(job_id):
        pass


@transaction.atomic
def _piece(job_id: int) -> bool:
    """The next records; True while more are left."""
    job = RecordJob.objects.select_related("user").get(pk=job_id)
    ids = job.record_ids[job.done_number : job.done_number + PIECE]
    done, now = job.done_number + len(ids), timezone.now()
    # Claimed before anything is changed: the other worker waits for this row, and then has lost.
    mine = RecordJob.objects.filter(pk=job.pk, done_number=job.done_number, finished_at=None)
    is_over = done >= job.number or not job.user.is_active
    if not mine.update(done_number=done, touched_at=now, finished_at=now if is_over else None):
        return False
    if ids and job.user.is_active:
        changed = apply(ListKind(job.kind), BulkAct(job.act), ids, value=job.value, by=job.user)
        RecordJob.objects.filter(pk=job.pk).update(changed_number=F("changed_number") + changed)
    return not is_over


def sweep() -> None:
    """Calls for a worker again where none has been seen for a while; forgets what is old."""
    unfinished = RecordJob.objects.filter(finished_at=None)
    for job_id in taken_up(unfinished, lost_after=LOST_AFTER):
        _ring(job_id)
    old = RecordJob.objects.filter(created_at__lt=timezone.now() - LIFETIME)
    old.filter(finished_at__isnull=False).delete()
