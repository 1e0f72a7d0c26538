"""Scheduled mail while the product was away, or after a backup was put back: not twice, and not
late without a word."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from mailsync.domain import outages, outbox
from mailsync.enums import AccountScope, AccountState, MailboxRole, SubmissionState
from mailsync.models import AccountMember, MailAccount, Mailbox, OutboxClock, Submission
from mailsync.providers.base import ProviderError, Reaction
from notifications.domain import bell
from tests.factories.mail import make_account
from tests.fakes.outgoing import ADA, SentMailbox, Sink, queue

S = SubmissionState
HOUR = timedelta(hours=1)


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def account(account: MailAccount) -> MailAccount:
    Mailbox.objects.create(account=account, path="Sent", role=MailboxRole.SENT)
    return account


def start(moment: Any, sink: Sink, store: SentMailbox | None = None) -> None:
    """The product comes up at this moment and does what it does every few seconds."""
    with time_machine.travel(moment, tick=False):
        outages.look_at_clock()
        outbox.recover()
        for submission_id in outbox.due():
            outbox.send(submission_id, submitter=sink, store=store or SentMailbox())


def schedule(account: MailAccount, number: int, at: Any, **fields: Any) -> Submission:
    return queue(account, message_id=f"m{number}@northwind.example", send_at=at, **fields)


def test_fifty_mails_over_three_days(account, alice, bob, sink):
    """All is stopped at hour 1 and started at hour 30; one account was stopped, and one author
    left his team meanwhile."""
    now = timezone.now()
    stopped = make_account(alice, "old@northwind.example")
    team = make_account(alice, "sales@northwind.example", scope=AccountScope.TEAM)
    AccountMember.objects.create(account=team, user=bob)
    outages.look_at_clock()
    rows = [schedule(account, n, now + n * timedelta(minutes=87)) for n in range(46)]
    of_stopped = [schedule(stopped, 50 + n, now + (20 + 40 * n) * HOUR) for n in range(2)]
    of_bob = [schedule(team, 60 + n, now + (20 + 40 * n) * HOUR, by=bob) for n in range(2)]
    start(now + timedelta(minutes=1), sink)
    start(now + timedelta(hours=1), sink)
    assert len(sink.delivered) == 1

    MailAccount.objects.filter(pk=stopped.pk).update(state=AccountState.DISABLED)
    AccountMember.objects.filter(user=bob).delete()
    start(now + 30 * HOUR, sink)
    due = [row for row in rows if row.send_at <= now + 30 * HOUR]
    assert len(sink.delivered) == 1, "nothing leaves late without a word"
    held = Submission.objects.filter(state=S.FAILED, error_code="was_away")
    assert set(held) == {*due[1:], of_stopped[0], of_bob[0]}
    assert bell.unread_count(alice) == len(due)
    assert bell.unread_count(bob) == 0, "who left the team reads nothing of it any more"

    # From here on everything leaves at its time, and what may not says why.
    for hours in range(31, 73):
        start(now + hours * HOUR, sink)
    assert len(sink.delivered) == len(rows) - len(due) + 1
    for row, code in ((of_stopped[1], "account_stopped"), (of_bob[1], "not_allowed_any_more")):
        row.refresh_from_db()
        assert (row.state, row.error_code) == (S.FAILED, code)
    # A word releases one of those that waited for it.
    with time_machine.travel(now + 73 * HOUR, tick=False):
        OutboxClock.objects.update(seen_at=timezone.now())
        outbox.send_again(due[1])
        outbox.send(due[1].pk, submitter=sink)
    due[1].refresh_from_db()
    assert due[1].state == S.SENT


def test_a_short_time_away_is_made_up_for(account, sink):
    now = timezone.now()
    outages.look_at_clock()
    row = schedule(account, 1, now + timedelta(minutes=10))
    start(now + HOUR, sink)
    row.refresh_from_db()
    assert row.state == S.SENT
    assert len(sink.delivered) == 1


def test_a_backup_of_an_hour_ago_does_not_send_what_has_left(account, sink):
    """The mail left after the backup was made; the database that was put back does not know."""
    now = timezone.now()
    outages.look_at_clock()
    row = schedule(account, 1, now + timedelta(minutes=10))
    start(now + HOUR, sink, SentMailbox("m1@northwind.example"))
    row.refresh_from_db()
    assert (row.state, row.error_code) == (S.SENT, "")
    assert not sink.delivered


def test_while_sent_cannot_be_looked_at_nothing_leaves_late(account, sink):
    now = timezone.now()
    outages.look_at_clock()
    row = schedule(account, 1, now + timedelta(minutes=10))
    store = SentMailbox()
    store.trouble = ProviderError("not_reached", Reaction.LATER)
    start(now + HOUR, sink, store)
    row.refresh_from_db()
    assert (row.state, row.error_code) == (S.QUEUED, "not_reached")
    assert not sink.delivered


def in_hand(account: MailAccount) -> Submission:
    """As a backup has it that was made while a worker had the mail in hand."""
    row = queue(account)
    lease = timezone.now() + outbox.LEASE
    Submission.objects.filter(pk=row.pk).update(state=S.CLAIMED, attempts=1, lease_until=lease)
    return row


def handed_over(account: MailAccount) -> Submission:
    row = in_hand(account)
    Submission.objects.update(state=S.HANDED_OVER, handed_over_at=timezone.now())
    return row


def put_off(account: MailAccount) -> Submission:
    """Refused for now once, to be tried again in ten minutes."""
    row = queue(account)
    again = timezone.now() + timedelta(minutes=10)
    Submission.objects.filter(pk=row.pk).update(attempts=1, send_at=again, error_code="throttled")
    return row


@pytest.mark.parametrize(
    ("made", "state", "code"),
    [
        (queue, S.FAILED, "was_away"),
        (in_hand, S.FAILED, "was_away"),
        (put_off, S.FAILED, "was_away"),
        (handed_over, S.UNKNOWN, "outcome_unknown"),
    ],
)
def test_yesterdays_backup_sends_nothing_by_itself(account, sink, made, state, code):
    outages.look_at_clock()
    row = made(account)
    moment = timezone.now() + timedelta(days=1)
    for minutes in (0, 1, 30, 600, 3000):
        start(moment + timedelta(minutes=minutes), sink)
    row.refresh_from_db()
    assert (row.state, row.error_code) == (state, code)
    assert not sink.delivered


def test_a_clock_that_was_set_back_sends_nothing_early(account, sink):
    now = timezone.now()
    with time_machine.travel(now + timedelta(days=3), tick=False):
        outages.look_at_clock()
    row = schedule(account, 1, now + HOUR)
    start(now, sink)
    assert not sink.delivered
    start(now + timedelta(minutes=61), sink)
    row.refresh_from_db()
    assert row.state == S.SENT


def test_of_two_that_come_up_at_once_one_holds(account, sink):
    outages.look_at_clock()
    row = queue(account, to=[ADA])
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
        outages.look_at_clock()
        outages.look_at_clock()
    assert bell.unread_count(account.owner) == 1
    row.refresh_from_db()
    assert row.error_code == "was_away"
