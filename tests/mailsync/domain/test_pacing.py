"""Limits of an account: what is over them waits in plain words and leaves by itself."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from mailsync.domain import outbox, pacing
from mailsync.enums import Direction, SubmissionState
from mailsync.models import MailAccount, OutboxClock, ServerSettings, Submission, ThreadAddress
from notifications.domain import bell
from tests.factories.mail import make_account, make_thread
from tests.fakes.outgoing import ADA, Sink, queue

S = SubmissionState


@pytest.fixture
def sink() -> Sink:
    return Sink()


def send_to(account: MailAccount, sink: Sink, *to: str) -> Submission:
    row = queue(account, to=list(to))
    outbox.send(row.pk, submitter=sink)
    row.refresh_from_db()
    return row


def known(account: MailAccount, *addresses: str) -> None:
    thread = make_thread(account)
    for address in addresses:
        ThreadAddress.objects.get_or_create(thread=thread, address=address)


def go_on(sink: Sink, moment: Any) -> None:
    """What is due at that moment, in a product that was at work all the time."""
    with time_machine.travel(moment, tick=False):
        OutboxClock.objects.update(seen_at=timezone.now())
        for submission_id in outbox.due():
            outbox.send(submission_id, submitter=sink)


def test_the_mail_over_a_days_number_waits_and_leaves_when_there_is_room(account, sink, settings):
    settings.RECIPIENTS_A_DAY = 3
    known(account, ADA)
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        first = send_to(account, sink, ADA)
    with time_machine.travel(start + timedelta(hours=1), tick=False):
        OutboxClock.objects.update(seen_at=timezone.now())
        second = send_to(account, sink, ADA)
        third = send_to(account, sink, ADA)
        over = [send_to(account, sink, ADA) for _number in range(2)]
    assert [row.state for row in (first, second, third)] == [S.SENT] * 3
    for row in over:
        assert (row.state, row.error_code, row.attempts) == (S.QUEUED, pacing.LIMIT_DAY, 0)
        assert row.send_at == first.counted_at + timedelta(days=1)
    assert len(sink.delivered) == 3

    # A day after the first there is room for one; the other waits for the next ones' day.
    go_on(sink, start + timedelta(days=1, seconds=1))
    assert len(sink.delivered) == 4
    waiting = Submission.objects.get(state=S.QUEUED)
    assert waiting.send_at == second.counted_at + timedelta(days=1)
    go_on(sink, start + timedelta(days=1, hours=1, seconds=1))
    assert len(sink.delivered) == 5
    assert not Submission.objects.exclude(state=S.SENT).exists()


def test_recipients_count_and_not_mails(account, sink, settings):
    settings.RECIPIENTS_A_DAY = 4
    known(account, *(f"p{number}@acme.example" for number in range(3)))
    assert send_to(account, sink, *(f"p{n}@acme.example" for n in range(3))).state == S.SENT
    assert send_to(account, sink, "p0@acme.example", "p1@acme.example").state == S.QUEUED
    assert send_to(account, sink, "p0@acme.example").state == S.SENT


def test_a_mail_to_more_people_than_the_number_leaves_when_nothing_else_has(
    account, sink, settings
):
    settings.RECIPIENTS_A_DAY = 2
    many = [f"p{number}@acme.example" for number in range(5)]
    known(account, *many)
    assert send_to(account, sink, *many).state == S.SENT
    assert send_to(account, sink, many[0]).state == S.QUEUED


def test_new_people_an_hour(account, sink, settings):
    settings.NEW_RECIPIENTS_AN_HOUR = 2
    known(account, ADA)
    for number in range(2):
        assert send_to(account, sink, f"new{number}@acme.example").state == S.SENT
    over = send_to(account, sink, "new2@acme.example")
    assert (over.state, over.error_code) == (S.QUEUED, pacing.LIMIT_HOUR)
    # Whom the account knows is not held back.
    assert send_to(account, sink, ADA).state == S.SENT
    go_on(sink, timezone.now() + timedelta(hours=1, minutes=1))
    over.refresh_from_db()
    assert over.state == S.SENT


def test_the_number_is_each_accounts_own(account, bob, sink, settings):
    settings.RECIPIENTS_A_DAY = 1
    other = make_account(bob)
    assert send_to(account, sink, ADA).state == S.SENT
    assert send_to(account, sink, ADA).state == S.QUEUED
    assert send_to(other, sink, ADA).state == S.SENT


def test_a_provider_may_take_fewer_and_never_more(account, settings):
    assert pacing.recipients_a_day(account) == settings.RECIPIENTS_A_DAY
    ServerSettings.objects.create(
        account=account,
        direction=Direction.OUTGOING,
        host="smtp.mail.yahoo.com",
        port=465,
        security="tls",
        user_name=account.address,
    )
    settings.RECIPIENTS_A_DAY = 2000
    assert pacing.recipients_a_day(account) == 500
    settings.RECIPIENTS_A_DAY = 100
    assert pacing.recipients_a_day(account) == 100


def test_send_now_does_not_get_around_the_number(account, sink, settings):
    settings.RECIPIENTS_A_DAY = 1
    send_to(account, sink, ADA)
    over = send_to(account, sink, ADA)
    outbox.send_now(over)
    outbox.send(over.pk, submitter=sink)
    over.refresh_from_db()
    assert (over.state, over.error_code) == (S.QUEUED, pacing.LIMIT_DAY)
    assert len(sink.delivered) == 1


def test_what_waits_can_be_taken_back(account, sink, settings):
    settings.RECIPIENTS_A_DAY = 1
    send_to(account, sink, ADA)
    over = send_to(account, sink, ADA)
    outbox.cancel(over)
    go_on(sink, timezone.now() + timedelta(days=2))
    assert len(sink.delivered) == 1


def bounced(number: int, **report: Any) -> dict[str, Any]:
    """What is known of a mail to so many people, each of whom is said not to exist."""
    told = {"accepted": True, "report": {"permanent": True, "delayed": False, **report}}
    return {f"p{one}@gone.example": told for one in range(number)}


def sent_today(account: MailAccount, number: int, results: dict[str, Any]) -> None:
    """So many mails of an hour ago, each with these results."""
    for _number in range(number):
        row = queue(account)
        Submission.objects.filter(pk=row.pk).update(
            state=S.SENT,
            recipient_count=max(1, len(results)),
            counted_at=timezone.now() - timedelta(hours=1),
            results=results,
        )


def test_mail_to_new_people_waits_while_many_came_back(account, alice, sink):
    known(account, ADA)
    sent_today(account, 20, {})
    sent_today(account, 5, bounced(1))
    row = send_to(account, sink, "new@acme.example")
    assert (row.state, row.error_code) == (S.QUEUED, pacing.LIMIT_BOUNCES)
    assert row.send_at > timezone.now() + timedelta(hours=22)
    assert "came back" in str(bell.page_for(alice).notifications[0].line.text)
    # Whom the account knows is written to as ever; and nobody is told twice.
    assert send_to(account, sink, ADA).state == S.SENT
    outbox.send_now(row)
    outbox.send(row.pk, submitter=sink)
    assert bell.unread_count(alice) == 1
    go_on(sink, timezone.now() + timedelta(days=1))
    row.refresh_from_db()
    assert row.state == S.SENT
    assert bell.unread_count(alice) == 0


@pytest.mark.parametrize(
    ("mails", "results"),
    [
        (4, bounced(1)),  # a few wrong addresses are everybody's
        (9, bounced(1, permanent=False)),
        (9, {"p@gone.example": {"accepted": False, "code": 450}}),
        # Whoever got one mail to many can make up as many reports as he likes.
        (1, bounced(40)),
    ],
)
def test_what_is_no_sign_of_a_list_holds_nothing_back(account, sink, mails, results):
    sent_today(account, mails, results)
    assert send_to(account, sink, "new@acme.example").state == S.SENT


def test_addresses_that_a_server_refused_count_each(account, sink):
    refused = {f"p{one}@gone.example": {"accepted": False, "code": 550} for one in range(6)}
    sent_today(account, 1, refused)
    assert send_to(account, sink, "new@acme.example").error_code == pacing.LIMIT_BOUNCES


def test_of_many_mails_a_few_may_come_back(account, sink):
    sent_today(account, 114, {})
    sent_today(account, 6, bounced(1))
    assert send_to(account, sink, "new@acme.example").state == S.SENT
