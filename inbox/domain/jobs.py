"""Acts on very many conversations, piece by piece in the background.

A piece and the count of what is through are one transaction, so a worker that dies loses
nothing and does nothing twice.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from common.lost_work import taken_up
from inbox.domain import triage
from inbox.enums import Act
from inbox.models import BulkJob, Label
from mailsync.models import Mailbox

# More than this and the answer would keep its user waiting.
AT_ONCE = 200
PIECE = 200
LOST_AFTER = timedelta(seconds=30)
LIFETIME = timedelta(days=1)


@transaction.atomic
def begin(
    act: Act,
    thread_ids: Iterable[int],
    *,
    by: Any,
    until: datetime | None = None,
    label: Label | None = None,
    assignee: Any = None,
    mailbox: Mailbox | None = None,
) -> BulkJob:
    job = BulkJob.objects.create(
        user=by,
        act=act,
        thread_ids=list(thread_ids),
        until=until,
        label=label,
        assignee=assignee,
        mailbox=mailbox,
    )
    _ring(job.pk)
    return job


def _ring(job_id: int) -> None:
    from inbox.tasks import run_bulk_job  # leaf: tasks import the domain

    run_bulk_job.delay_on_commit(job_id)


def sweep() -> None:
    """Calls for a worker again where none has been seen for a while."""
    for job_id in taken_up(BulkJob.objects.filter(finished_at=None), lost_after=LOST_AFTER):
        _ring(job_id)


def run(job_id: int) -> None:
    """Goes through what is left. Of two workers at the same piece one gives up."""
    while _piece(job_id):
        pass


@transaction.atomic
def _piece(job_id: int) -> bool:
    job = BulkJob.objects.select_related("user", "label", "assignee", "mailbox__account").get(
        pk=job_id
    )
    if job.finished_at:
        return False
    ids = job.thread_ids[job.done_number : job.done_number + PIECE]
    act = Act(job.act)
    detail = triage.Detail(
        by=job.user,
        until=job.until,
        label=job.label,
        assignee=job.assignee,
        mailbox=job.mailbox,
    )
    memory = job.memory
    # Who has left does nothing, and nothing is snoozed until what has passed meanwhile.
    is_void = not job.user.is_active or bool(job.until and job.until <= timezone.now())
    if ids and not is_void:
        memory = memory | triage.apply(act, ids, detail)
    is_over = job.done_number + len(ids) >= job.number or is_void
    changed: dict[str, Any] = {
        "done_number": job.done_number + len(ids),
        "memory": memory,
        "touched_at": timezone.now(),
    }
    if is_over:
        changed["finished_at"] = timezone.now()
        changed["undo"] = triage.remember(act, memory, by=job.user)
    mine = BulkJob.objects.filter(pk=job.pk, done_number=job.done_number, finished_at=None)
    if not mine.update(**changed):
        transaction.set_rollback(True)
        return False
    return not is_over


def forget_old() -> int:
    """Removes what nobody asks about any more."""
    return BulkJob.objects.filter(created_at__lt=timezone.now() - LIFETIME).delete()[0]
