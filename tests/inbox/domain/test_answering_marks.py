"""What was answered says so, in its own mailbox too."""

from typing import Any

import pytest
from model_bakery import baker

from inbox.domain import answering
from inbox.enums import DraftKind
from inbox.models import Draft
from mailsync.domain.made_changes import undo_change
from mailsync.enums import ChangeState, Keyword
from mailsync.models import Email, MailAccount, Mailbox, MailboxEntry, RemoteChange, Submission
from tests.factories.mail import make_thread
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsync.tasks.replay_changes.delay_on_commit", lambda *_: None)


@pytest.fixture
def email(account: MailAccount) -> Email:
    found = make_thread(account).emails.get()
    box = Mailbox.objects.create(account=account, path="INBOX", role="inbox")
    MailboxEntry.objects.create(
        mailbox=box, uidvalidity=1, uid=1, email=found, outcome="stored", places=1, keywords=1
    )
    return found


def sent(email: Email, *, kind: DraftKind, by: User) -> int:
    submission = baker.make(Submission, account=email.account, created_by=by, message_id="a@x")
    Draft.objects.create(
        author=by, account=email.account, kind=kind, parent=email, submission=submission
    )
    answering.mark_answered(submission.pk)
    return submission.pk


@pytest.mark.parametrize(
    ("kind", "mark"),
    [
        (DraftKind.REPLY, Keyword.ANSWERED),
        (DraftKind.REPLY_ALL, Keyword.ANSWERED),
        (DraftKind.FORWARD, Keyword.FORWARDED),
    ],
)
def test_answered_and_forwarded_mail_is_marked_here_and_there(
    alice: User, email: Email, kind: DraftKind, mark: Keyword
) -> None:
    number = sent(email, kind=kind, by=alice)
    email.refresh_from_db()
    assert email.keywords & mark
    assert MailboxEntry.objects.get().keywords == Keyword.SEEN | mark
    change = RemoteChange.objects.get()
    assert (change.wanted, change.state) == ({"add": int(mark)}, ChangeState.PENDING)

    # Told twice, it waits once; and it can be taken back like every change in the mailbox.
    answering.mark_answered(number)
    change = RemoteChange.objects.get(state=ChangeState.PENDING)
    undo_change(change, by=alice)
    assert MailboxEntry.objects.get().keywords == Keyword.SEEN


def test_new_mail_marks_nothing(alice: User, email: Email) -> None:
    sent(email, kind=DraftKind.NEW, by=alice)
    assert not RemoteChange.objects.exists()


def test_colleagues_answer_changes_nobodys_mailbox(bob: User, email: Email) -> None:
    sent(email, kind=DraftKind.REPLY, by=bob)
    email.refresh_from_db()
    assert not email.keywords & Keyword.ANSWERED
    assert not RemoteChange.objects.exists()


def test_what_was_not_written_here_is_none_of_ours(email: Any) -> None:
    answering.mark_answered(0)
    assert not RemoteChange.objects.exists()
