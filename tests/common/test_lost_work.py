from datetime import timedelta
from typing import Any

from django.utils import timezone

from common.lost_work import taken_up
from crm.enums import BulkAct, ListKind
from crm.models import RecordJob
from users.models import User

LOST_AFTER = timedelta(minutes=5)


def job(user: User, *, seen: timedelta, **fields: Any) -> RecordJob:
    touched_at = timezone.now() - seen
    return RecordJob.objects.create(
        user=user, kind=ListKind.DEAL, act=BulkAct.DELETE, touched_at=touched_at, **fields
    )


def test_only_what_nobody_was_seen_at_is_taken_up_and_once(alice: User) -> None:
    lost = job(alice, seen=timedelta(minutes=6))
    job(alice, seen=timedelta(minutes=4))
    job(alice, seen=timedelta(minutes=6), finished_at=timezone.now())
    unfinished = RecordJob.objects.filter(finished_at=None)
    assert list(taken_up(unfinished, lost_after=LOST_AFTER)) == [lost.pk]
    assert list(taken_up(unfinished, lost_after=LOST_AFTER)) == []


def test_of_two_sweepers_one_gets_it(alice: User) -> None:
    first, second = (job(alice, seen=timedelta(minutes=6)) for _ in range(2))
    unfinished = RecordJob.objects.order_by("pk")
    sweeper = taken_up(unfinished, lost_after=LOST_AFTER)
    assert next(sweeper) == first.pk
    # Another one comes while the first is at it.
    assert list(taken_up(unfinished, lost_after=LOST_AFTER)) == [second.pk]
    assert list(sweeper) == []


def test_a_worker_that_shows_itself_meanwhile_keeps_its_work(alice: User) -> None:
    first, second = (job(alice, seen=timedelta(minutes=6)) for _ in range(2))
    sweeper = taken_up(RecordJob.objects.order_by("pk"), lost_after=LOST_AFTER)
    assert next(sweeper) == first.pk
    RecordJob.objects.filter(pk=second.pk).update(touched_at=timezone.now())
    assert list(sweeper) == []
