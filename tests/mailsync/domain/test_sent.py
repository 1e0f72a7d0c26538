from datetime import UTC, datetime

import pytest

from mailsync.domain import outbox
from mailsync.domain.leases import held
from mailsync.domain.sent import keep_sent, store_sent
from mailsync.enums import SubmissionState
from mailsync.mime.build import build
from mailsync.mime.types import OutgoingEmail, Party
from mailsync.models import Email, Submission, Thread
from mailsync.signals import email_sent
from tests.factories.mail import make_thread


@pytest.fixture
def sent(account, alice):
    return send(account, alice, message_id="first@northwind.example")


def send(account, user, *, message_id, references=()):
    raw = build(
        OutgoingEmail(
            message_id=message_id,
            sender=Party("Alice", account.address),
            sent_at=datetime(2026, 11, 2, 9, tzinfo=UTC),
            to=(Party("Ada Byron", "ada@acme.example"),),
            subject="Order form",
            text="Attached you find it.",
            references=references,
            in_reply_to=references[-1] if references else "",
        )
    )
    outgoing = outbox.Outgoing(raw, message_id, "Order form", account.address, ["ada@acme.example"])
    submission = outbox.queue(outgoing, account=account, by=user)
    Submission.objects.filter(pk=submission.pk).update(
        state=SubmissionState.SENT, sent_at=submission.send_at
    )
    return submission


def test_a_sent_mail_stands_in_its_own_conversation(sent, account):
    keep_sent(account.pk)
    keep_sent(account.pk)

    thread = Thread.objects.get()
    email = Email.objects.get()
    sent.refresh_from_db()
    assert (sent.email, sent.thread) == (email, thread)
    assert (
        thread.subject,
        thread.in_sent,
        thread.in_inbox,
        thread.people,
        thread.unread_count,
    ) == (
        "Order form",
        True,
        False,
        ["Ada Byron"],
        0,
    )
    assert email.is_outgoing


def test_an_answer_joins_the_conversation_that_it_answers(account, alice):
    send(account, alice, message_id="first@northwind.example")
    keep_sent(account.pk)
    send(
        account,
        alice,
        message_id="second@northwind.example",
        references=("first@northwind.example",),
    )
    keep_sent(account.pk)
    assert Thread.objects.get().email_count == 2


def test_the_copy_from_the_mailbox_is_the_same_mail(sent, account):
    """The Sent mailbox was read before we came to it."""
    thread = make_thread(account)
    email = thread.emails.get()
    from mailsync.domain.subjects import key_of

    email.message_id, email.message_id_hash, email.is_outgoing = (
        sent.message_id,
        key_of(sent.message_id),
        True,
    )
    email.save()

    keep_sent(account.pk)

    sent.refresh_from_db()
    assert (sent.email, Email.objects.count()) == (email, 1)


def test_listeners_hear_of_it_inside_the_transaction(
    sent, account, django_capture_on_commit_callbacks
):
    heard = []

    def hear(sender, *, submission_id, thread_id, **kwargs):
        heard.append((submission_id, thread_id))

    email_sent.connect(hear)
    try:
        keep_sent(account.pk)
    finally:
        email_sent.disconnect(hear)
    assert heard == [(sent.pk, Thread.objects.get().pk)]


def test_a_busy_account_is_left_to_its_worker(sent, account):
    with held(account.pk) as lease:
        keep_sent(account.pk)
        assert not Email.objects.exists()
        store_sent(account, lease=lease)
    assert Email.objects.exists()
