"""Acts on many conversations: in pieces, each once, also when a worker dies between two."""

from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.domain import jobs, triage
from inbox.enums import Act
from inbox.models import BulkJob, Label, UndoToken
from mailsync.models import Thread
from tests.factories.mail import make_account, make_thread

pytestmark = pytest.mark.django_db


@pytest.fixture
def five(account, monkeypatch):
    monkeypatch.setattr(jobs, "PIECE", 2)
    return [make_thread(account, f"Subject {number}") for number in range(5)]


def begin(five, alice, act=Act.MUTE, **given):
    return jobs.begin(act, [thread.pk for thread in five], by=alice, **given)


def muted():
    return Thread.objects.exclude(muted_at=None).count()


def test_all_of_them_piece_by_piece(alice, five):
    job = begin(five, alice)
    assert jobs._piece(job.pk)
    job.refresh_from_db()
    assert (job.done_number, job.number, muted()) == (2, 5, 2)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.done_number, muted()) == (5, 5)
    assert job.finished_at
    assert triage.undo(job.undo.token, by=alice).number == 5
    assert muted() == 0


def test_run_again_does_nothing_twice(alice, five):
    job = begin(five, alice)
    jobs.run(job.pk)
    finished = BulkJob.objects.values().get()
    jobs.run(job.pk)
    assert BulkJob.objects.values().get() == finished
    assert UndoToken.objects.count() == 1


def test_a_piece_that_fails_leaves_nothing_half_done(alice, five, monkeypatch):
    job = begin(five, alice)
    jobs._piece(job.pk)

    def die(*args, **given):
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(jobs.BulkJob.objects, "filter", die)
        with pytest.raises(RuntimeError):
            jobs.run(job.pk)
    job.refresh_from_db()
    assert job.done_number == 2
    jobs.run(job.pk)
    assert muted() == 5


def test_only_ones_own_conversations(alice, bob, five):
    other = make_thread(make_account(bob), "Bob's own")
    job = begin([*five, other], alice)
    jobs.run(job.pk)
    other.refresh_from_db()
    assert other.muted_at is None
    job.refresh_from_db()
    assert len(job.changed_ids) == 5


def test_who_was_deactivated_changes_nothing_more(alice, five):
    job = begin(five, alice)
    alice.is_active = False
    alice.save()
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.finished_at
    assert muted() == 0


def test_labels_and_moments_go_along(alice, five):
    label = Label.objects.create(name="Big")
    jobs.run(begin(five, alice, act=Act.LABEL, label=label).pk)
    assert label.thread_rows.count() == 5
    until = timezone.now() + timedelta(days=1)
    jobs.run(begin(five, alice, act=Act.SNOOZE, until=until).pk)
    assert set(Thread.objects.values_list("snoozed_until", flat=True)) == {until}


def test_a_lost_worker_is_called_again(alice, five, monkeypatch):
    rung = []
    monkeypatch.setattr("inbox.tasks.run_bulk_job.delay_on_commit", rung.append)
    job = begin(five, alice)
    jobs.sweep()
    assert rung == [job.pk]
    BulkJob.objects.update(touched_at=timezone.now() - timedelta(minutes=1))
    jobs.sweep()
    jobs.sweep()
    assert rung == [job.pk, job.pk]


def test_old_jobs_are_forgotten(alice, five):
    begin(five, alice)
    BulkJob.objects.update(created_at=timezone.now() - timedelta(days=2))
    assert jobs.forget_old() == 1


def test_a_moment_that_has_passed_while_it_waited_ends_it(alice, five):
    """Its error would come with each call for a worker, for a day."""
    job = begin(five, alice, act=Act.SNOOZE, until=timezone.now() + timedelta(hours=1))
    assert jobs._piece(job.pk)
    BulkJob.objects.update(until=timezone.now() - timedelta(seconds=1))
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.finished_at
    assert Thread.objects.exclude(snoozed_until=None).count() == 2
    assert len(job.undo.threads) == 2
