"""The outbox against a server that fails at every step: never two copies, never silence."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from mailsync.domain import outbox, sent_copies
from mailsync.enums import AccountScope, MailboxRole, SentCopy, SubmissionState
from mailsync.models import MailAccount, Mailbox, OutboxClock, Submission
from mailsync.providers.base import (
    ProviderError,
    Reaction,
    RecipientResult,
    SubmitResult,
)
from tests.factories.mail import make_account
from tests.fakes.outgoing import ADA, BEN, RAW, SentMailbox, Sink, queue

S = SubmissionState


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def queued(account: MailAccount) -> Submission:
    Mailbox.objects.create(account=account, path="Sent", role=MailboxRole.SENT)
    return queue(account)


def test_a_due_mail_is_sent_once(queued, sink):
    assert outbox.due() == [queued.pk]
    outbox.send(queued.pk, submitter=sink)
    outbox.send(queued.pk, submitter=sink)

    queued.refresh_from_db()
    assert (queued.state, len(sink.delivered)) == (S.SENT, 1)
    assert sink.delivered == [RAW]
    assert outbox.due() == []
    assert queued.results[ADA] == {"accepted": True, "code": 250, "status": ""}


def test_a_mail_waits_for_its_undo_time(account, sink):
    waiting = queue(account, undo=timedelta(seconds=10))
    outbox.send(waiting.pk, submitter=sink)
    assert not sink.delivered
    with time_machine.travel(timezone.now() + timedelta(seconds=11)):
        assert outbox.due() == [waiting.pk]
        outbox.send(waiting.pk, submitter=sink)
    assert sink.delivered


def test_cancelled_in_time_is_never_sent(queued, sink):
    outbox.cancel(queued)
    outbox.send(queued.pk, submitter=sink)
    assert not sink.delivered


def test_cancel_loses_against_a_mail_on_its_way(queued, sink):
    outbox.send(queued.pk, submitter=sink)
    with pytest.raises(outbox.OutboxError):
        outbox.cancel(queued)
    with pytest.raises(outbox.OutboxError):
        outbox.reschedule(queued, send_at=timezone.now())


@pytest.mark.parametrize(
    ("reaction", "code"),
    [
        (Reaction.LATER, "not_reached"),
        (Reaction.THROTTLED, "throttled"),
        (Reaction.SIGN_IN, "sign_in_refused"),
        (Reaction.PROTOCOL, "server_misbehaves"),
    ],
)
def test_trouble_before_the_dot_is_tried_again(queued, sink, reaction, code):
    sink.before_dot = ProviderError(code, reaction)
    outbox.send(queued.pk, submitter=sink)

    queued.refresh_from_db()
    assert (queued.state, queued.error_code, queued.lease_until) == (S.QUEUED, code, None)
    assert queued.send_at > timezone.now() + timedelta(minutes=4)
    sink.before_dot = None
    with time_machine.travel(queued.send_at + timedelta(seconds=1)):
        outbox.send(queued.pk, submitter=sink)
    assert len(sink.delivered) == 1


def test_the_server_says_when(queued, sink):
    sink.before_dot = ProviderError("throttled", Reaction.THROTTLED, retry_after=7200)
    outbox.send(queued.pk, submitter=sink)
    queued.refresh_from_db()
    assert queued.send_at > timezone.now() + timedelta(minutes=119)


def test_after_a_day_of_not_now_it_fails(queued, sink):
    sink.before_dot = ProviderError("throttled", Reaction.THROTTLED)
    start = timezone.now()
    for _attempt in range(40):
        queued.refresh_from_db()
        if queued.state != S.QUEUED:
            break
        with time_machine.travel(queued.send_at + timedelta(seconds=1)):
            OutboxClock.objects.update(seen_at=timezone.now())  # it was at work all the time
            outbox.send(queued.pk, submitter=sink)
    assert (queued.state, queued.error_code) == (S.FAILED, "gave_up")
    assert queued.send_at - start > timedelta(hours=22)


def test_a_refusal_is_final_and_says_why(queued, sink):
    sink.before_dot = ProviderError("message_refused", Reaction.REFUSED)
    outbox.send(queued.pk, submitter=sink)
    queued.refresh_from_db()
    assert (queued.state, queued.error_code) == (S.FAILED, "message_refused")


def test_cut_after_the_dot_is_unknown_and_not_repeated(queued, sink):
    sink.after_dot = ProviderError("outcome_unknown", Reaction.LATER)
    outbox.send(queued.pk, submitter=sink)

    queued.refresh_from_db()
    assert (queued.state, queued.error_code) == (S.UNKNOWN, "outcome_unknown")
    for hours in (1, 10, 100):
        with time_machine.travel(timezone.now() + timedelta(hours=hours)):
            outbox.recover()
            assert outbox.due() == []
            outbox.send(queued.pk, submitter=sink)
    assert len(sink.delivered) == 1


def test_our_own_fault_after_the_dot_is_unknown(queued, sink):
    sink.after_dot = RuntimeError("a bug")
    outbox.send(queued.pk, submitter=sink)
    queued.refresh_from_db()
    assert queued.state == S.UNKNOWN


def test_a_refusal_after_the_dot_is_final(queued, sink):
    sink.after_dot = ProviderError("message_refused", Reaction.REFUSED)
    outbox.send(queued.pk, submitter=sink)
    queued.refresh_from_db()
    assert queued.state == S.FAILED


def test_a_worker_dead_before_the_dot_is_followed_by_another(queued, sink):
    outbox._claim(queued.pk)
    outbox.recover()
    assert outbox.due() == []  # the lease still holds
    with time_machine.travel(timezone.now() + outbox.LEASE + timedelta(seconds=1)):
        outbox.recover()
        assert outbox.due() == [queued.pk]
        outbox.send(queued.pk, submitter=sink, store=SentMailbox())
    assert len(sink.delivered) == 1


def test_a_worker_that_was_taken_for_dead_submits_nothing(queued, sink):
    """It wakes up right before the dot, while another has the mail in hand."""
    first = outbox._claim(queued.pk)
    with time_machine.travel(timezone.now() + outbox.LEASE + timedelta(seconds=1)):
        outbox.recover()
        second = outbox._claim(queued.pk)
        with pytest.raises(outbox.OutboxError):
            outbox._hand_over(first)
        outbox._hand_over(second)


def test_an_answer_that_comes_after_all_is_believed(queued, sink):
    """The server took its time with the dot; the row was given up as perhaps sent meanwhile."""
    submission = outbox._claim(queued.pk)
    outbox._hand_over(submission)
    with time_machine.travel(timezone.now() + outbox.LEASE + timedelta(seconds=1)):
        outbox.recover()
        accepted = tuple(RecipientResult(one, accepted=True, code=250) for one in (ADA, BEN))
        outbox._after_answer(submission, SubmitResult(accepted, accepted=True), sink)
    queued.refresh_from_db()
    assert queued.state == S.SENT


def test_an_answer_to_an_attempt_that_was_repeated_by_hand_is_not(queued, sink):
    submission = outbox._claim(queued.pk)
    outbox._hand_over(submission)
    with time_machine.travel(timezone.now() + outbox.LEASE + timedelta(seconds=1)):
        outbox.recover()
        outbox.send_again(queued)
        with pytest.raises(outbox.OutboxError):
            outbox._after_answer(submission, SubmitResult((), accepted=False), sink)
    queued.refresh_from_db()
    assert queued.state == S.QUEUED


def test_a_worker_dead_after_the_dot_is_not_followed(queued, sink):
    outbox._hand_over(outbox._claim(queued.pk))
    with time_machine.travel(timezone.now() + outbox.LEASE + timedelta(seconds=1)):
        outbox.recover()
        assert outbox.due() == []
        assert sent_copies.due_looks() == [queued.pk]
    queued.refresh_from_db()
    assert queued.state == S.UNKNOWN


def test_unknown_is_settled_by_the_sent_mailbox(queued, sink):
    sink.after_dot = ProviderError("outcome_unknown", Reaction.LATER)
    outbox.send(queued.pk, submitter=sink)

    for hours, store in ((1, SentMailbox()), (2, SentMailbox("m1@northwind.example"))):
        queued.refresh_from_db()
        assert (queued.state, queued.looks) == (S.UNKNOWN, hours - 1)
        with time_machine.travel(timezone.now() + timedelta(hours=hours)):
            sent_copies.look(queued.pk, store=store)
    queued.refresh_from_db()
    assert (queued.state, queued.sent_copy, queued.error_code) == (S.SENT, SentCopy.FOUND, "")


def test_unknown_that_is_nowhere_stays_with_the_user(queued, sink):
    sink.after_dot = ProviderError("outcome_unknown", Reaction.LATER)
    outbox.send(queued.pk, submitter=sink)
    for days in range(1, len(sent_copies.LOOK_AFTER) + 1):
        with time_machine.travel(timezone.now() + timedelta(days=2 * days)):
            sent_copies.look(queued.pk, store=SentMailbox())
    queued.refresh_from_db()
    assert (queued.state, queued.look_at) == (S.UNKNOWN, None)

    sink.after_dot = None
    outbox.send_again(queued)
    outbox.send(queued.pk, submitter=sink)
    queued.refresh_from_db()
    assert queued.state == S.SENT


def test_the_copy_in_sent_is_stored_once_with_bcc(account, sink):
    Mailbox.objects.create(account=account, path="Sent", role=MailboxRole.SENT)
    row = queue(account, bcc=["boss@northwind.example"])
    outbox.send(row.pk, submitter=sink)
    assert sent_copies.due_looks() == []
    store = SentMailbox()
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        assert sent_copies.due_looks() == [row.pk]
        sent_copies.look(row.pk, store=store)
        sent_copies.look(row.pk, store=store)
        assert sent_copies.due_looks() == []
    assert store.appended == [b"Bcc: boss@northwind.example\r\n" + RAW]
    assert b"Bcc" not in sink.delivered[0]


def test_a_copy_that_the_provider_keeps_is_not_stored_again(queued, sink):
    outbox.send(queued.pk, submitter=sink)
    store = SentMailbox("m1@northwind.example")
    sent_copies.look(queued.pk, store=store)
    assert store.appended == []


def test_put_off_recipients_get_it_later_and_the_others_not_again(queued, sink):
    sink.refused[BEN] = RecipientResult(BEN, accepted=False, code=451, temporary=True)
    outbox.send(queued.pk, submitter=sink)

    queued.refresh_from_db()
    assert queued.state == S.SENT
    remainder = Submission.objects.get(remainder_of=queued)
    assert (remainder.envelope_to, remainder.message_id) == ([BEN], queued.message_id)
    sink.refused.clear()
    with time_machine.travel(remainder.send_at + timedelta(seconds=1)):
        outbox.send(remainder.pk, submitter=sink)
    remainder.refresh_from_db()
    assert (remainder.state, remainder.sent_copy) == (S.SENT, SentCopy.NONE)


def test_all_recipients_refused_fails_with_each_answer(queued, sink):
    for address in (ADA, BEN):
        sink.refused[address] = RecipientResult(address, accepted=False, code=550, enhanced="5.1.1")
    outbox.send(queued.pk, submitter=sink)
    queued.refresh_from_db()
    assert (queued.state, queued.error_code) == (S.FAILED, "recipients_refused")
    assert queued.results[BEN] == {"accepted": False, "code": 550, "status": "5.1.1"}


def test_rights_are_looked_at_when_it_leaves(alice, bob, sink):
    team = make_account(alice, "sales@northwind.example", scope=AccountScope.TEAM)
    team.members.add(bob)
    row = queue(team, by=bob)
    team.members.remove(bob)
    outbox.send(row.pk, submitter=sink)
    row.refresh_from_db()
    assert (row.state, row.error_code) == (S.FAILED, "not_allowed_any_more")
    assert not sink.delivered


def test_a_late_mail_waits_for_a_word(queued, sink):
    with time_machine.travel(timezone.now() + timedelta(hours=3)):
        outbox.send(queued.pk, submitter=sink)
        queued.refresh_from_db()
        assert (queued.state, queued.error_code) == (S.FAILED, "too_late")
        outbox.send_again(queued)
        outbox.send(queued.pk, submitter=sink)
    assert len(sink.delivered) == 1
