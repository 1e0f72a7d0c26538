"""Exactly one copy in Sent, whatever the provider does."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from mailsync.domain import outbox, sent_copies
from mailsync.enums import MailboxRole, SentCopy, SubmissionState
from mailsync.models import MailAccount, Mailbox, Submission
from mailsync.providers.base import ProviderError, Reaction
from tests.fakes.outgoing import MESSAGE_ID, SentMailbox, Sink, queue

S = SubmissionState


@pytest.fixture
def account(account: MailAccount) -> MailAccount:
    Mailbox.objects.create(account=account, path="Sent", role=MailboxRole.SENT)
    Mailbox.objects.create(account=account, path="Trash", role=MailboxRole.TRASH)
    return account


@pytest.fixture
def store() -> SentMailbox:
    return SentMailbox()


def send(
    account: MailAccount, message_id: str = MESSAGE_ID, sink: Sink | None = None
) -> Submission:
    row = queue(account, message_id=message_id)
    outbox.send(row.pk, submitter=sink or Sink())
    row.refresh_from_db()
    assert row.state == S.SENT
    return row


def pass_time(store: SentMailbox, start: Any, *, hours: int = 48) -> None:
    """Every look that becomes due in that time, each at its moment."""
    end = start + timedelta(hours=hours)
    for _look in range(20):
        row = Submission.objects.filter(look_at__lte=end).order_by("look_at").first()
        if row is None:
            return
        with time_machine.travel(row.look_at + timedelta(seconds=1), tick=False):
            for submission_id in sent_copies.due_looks():
                sent_copies.look(submission_id, store=store)
    raise AssertionError("it looks for ever")


def test_a_provider_that_keeps_none_gets_ours_once(account, store):
    row = send(account)
    pass_time(store, timezone.now())
    row.refresh_from_db()
    assert row.sent_copy == SentCopy.STORED
    assert len(store.appended) == len(store.copies) == 1


def test_a_provider_known_to_keep_its_own_gets_none(account, store):
    sink = Sink()
    sink.saves_sent_copy = True
    row = send(account, sink=sink)
    pass_time(store, timezone.now())
    assert (row.sent_copy, row.look_at, store.appended) == (SentCopy.FOUND, None, [])


def test_a_provider_that_keeps_its_own_at_once_gets_none(account, store):
    row = send(account)
    store.arrive()
    pass_time(store, timezone.now())
    row.refresh_from_db()
    assert row.sent_copy == SentCopy.FOUND
    assert (len(store.copies), store.appended) == (1, [])


@pytest.mark.parametrize("minutes", [5, 30])
def test_a_provider_whose_copy_comes_late_ends_with_its_own(account, store, minutes):
    """Ours was stored meanwhile: it goes into Trash, and the next mail waits longer."""
    now = timezone.now()
    row = send(account)
    with time_machine.travel(now + timedelta(minutes=3), tick=False):
        sent_copies.look(row.pk, store=store)
    assert len(store.appended) == 1
    own = store.arrive()
    with time_machine.travel(now + timedelta(minutes=minutes), tick=False):
        pass_time(store, timezone.now())
    row.refresh_from_db()
    assert (row.sent_copy, row.look_at) == (SentCopy.FOUND, None)
    assert (list(store.copies), len(store.trashed)) == ([own], 1)

    # The same provider, learnt: its copy comes after five minutes, and ours is not stored at all.
    later = send(account, "m2@northwind.example")
    assert later.look_at - timezone.now() > timedelta(minutes=6)
    store.arrive("m2@northwind.example")
    pass_time(store, timezone.now())
    assert len(store.appended) == 1
    assert len(store.copies) == 2


def test_a_server_that_was_watched_is_not_watched_again(account, store):
    send(account)
    pass_time(store, timezone.now())
    store.copies.clear()
    row = send(account, "m2@northwind.example")
    with time_machine.travel(timezone.now() + timedelta(minutes=3), tick=False):
        sent_copies.look(row.pk, store=store)
    row.refresh_from_db()
    assert (row.sent_copy, row.look_at) == (SentCopy.STORED, None)


def test_two_workers_store_one(account, store):
    row = send(account)

    class Meanwhile(SentMailbox):
        def find(self, message_id: str) -> list[int]:
            sent_copies.look(row.pk, store=store)  # the other one, at the worst moment
            return super().find(message_id)

    slow = Meanwhile()
    with time_machine.travel(timezone.now() + timedelta(minutes=3), tick=False):
        sent_copies.look(row.pk, store=slow)
    assert len(slow.appended) + len(store.appended) == 1


def test_a_store_that_fails_sends_nothing_again_and_says_so_in_the_end(account, store):
    sink = Sink()
    row = send(account, sink=sink)
    store.trouble = ProviderError("not_reached", Reaction.LATER)
    pass_time(store, timezone.now(), hours=72)
    row.refresh_from_db()
    assert (row.state, row.sent_copy, row.look_at) == (S.SENT, SentCopy.FAILED, None)
    assert len(sink.delivered) == 1


def test_a_worker_dead_while_storing_leaves_no_second_copy(account, store):
    """It stored the copy and died before it could say so."""
    now = timezone.now()
    row = send(account)
    with time_machine.travel(now + timedelta(minutes=3), tick=False):
        assert sent_copies._claim_look(row.pk)
        store.arrive()
    pass_time(store, now)
    assert (len(store.copies), store.appended) == (1, [])
