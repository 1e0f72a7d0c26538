"""A mail too big to be stored whole: its text is here, its files come when somebody asks."""

from email.message import EmailMessage
from typing import Any

import pytest
from django.urls import reverse

from mailsync.domain import blobs, fetching, journal, sync, whole
from mailsync.enums import Outcome, ParseState
from mailsync.models import Attachment, Blob, Email, MailAccount, MailboxEntry
from tests.factories.mail import make_account
from tests.fakes.store import FakeServer, FakeStore
from users.models import User

pytestmark = pytest.mark.django_db
PLAN = b"%PDF-1.7 " + b"x" * 3000


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def account(alice: User, server: FakeServer, settings: Any, tmp_path: Any, monkeypatch: Any) -> Any:
    settings.BLOB_DIR = tmp_path / "blobs"
    monkeypatch.setattr("mailsync.domain.connections.open_store", lambda _: server.open_store())
    monkeypatch.setattr(fetching, "WHOLE_UP_TO", 1000)
    monkeypatch.setattr(FakeStore, "text_only", without_files)
    return make_account(alice)


def without_files(store: FakeStore, uid: int) -> Any:
    """As a server gives it whose parts are asked for without the attachments'."""
    raw = store._one(uid).raw
    return store._content(store._one(uid), raw.replace(encoded(raw), b""))


def encoded(raw: bytes) -> bytes:
    return raw.split(b'plan.pdf"', 1)[1].split(b"\r\n\r\n", 1)[1].split(b"\r\n--", 1)[0]


@pytest.fixture
def file(account: MailAccount, server: FakeServer) -> Attachment:
    mail = EmailMessage()
    mail["From"], mail["To"] = "ada@acme.example", account.address
    mail["Subject"], mail["Message-ID"] = "Drawings", "<big@acme.example>"
    mail.set_content("The drawings are attached.\n")
    mail.add_attachment(PLAN, maintype="application", subtype="pdf", filename="plan.pdf")
    server.deliver(mail.as_bytes())
    sync.sync_account(account.pk)
    return Attachment.objects.get()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []
    monkeypatch.setattr("mailsync.tasks.fetch_whole_message.delay_on_commit", found.append)
    return found


def test_file_is_offered_fetched_and_downloaded(
    alice: User, account: MailAccount, file: Attachment, asked: list[int], signed_in: Any
) -> None:
    client = signed_in.as_(alice)
    assert MailboxEntry.objects.get().outcome == Outcome.TOO_BIG
    page = client.get(reverse("inbox:thread", args=[file.email.thread.key])).content.decode()
    assert "in the mailbox" in page
    assert "The drawings are attached." in page
    download = reverse("inbox:attachment", args=[file.key])
    fetch = reverse("inbox:attachment_fetch", args=[file.key])
    assert client.get(download).headers["Location"] == fetch
    assert "Fetch it" in client.get(fetch).content.decode()
    assert asked == []
    assert client.post(fetch).headers["Location"] == f"{fetch}?wait"
    assert asked == [file.email_id]
    assert client.get(f"{fetch}?wait").headers["Refresh"] == "3"

    assert whole.fetch_whole(file.email_id)
    fresh = Attachment.objects.get()
    assert (fresh.size, fresh.name) == (len(PLAN), "plan.pdf")
    assert client.get(reverse("inbox:attachment", args=[fresh.key])).content == PLAN
    email = Email.objects.get()
    assert (email.parse_state, email.parse_note) == (ParseState.COMPLETE, "")
    assert (MailboxEntry.objects.get().outcome, Blob.objects.count()) == (Outcome.STORED, 1)
    assert list(journal.check(account, sample=None)) == []
    assert not whole.fetch_whole(file.email_id)


def test_waiting_page_finds_the_file_again(
    alice: User, file: Attachment, asked: list[int], signed_in: Any
) -> None:
    """Reading a message anew must not change the address of its file that somebody waits at."""
    fetch = reverse("inbox:attachment_fetch", args=[file.key])
    whole.fetch_whole(file.email_id)
    response = signed_in.as_(alice).get(f"{fetch}?wait")
    assert response.headers["Location"] == reverse("inbox:attachment", args=[file.key])


def test_another_copy_of_it_is_still_the_same_mail(
    account: MailAccount, server: FakeServer, file: Attachment
) -> None:
    whole.fetch_whole(file.email_id)
    server.relocate("INBOX", 1, "Archive")
    sync.sync_account(account.pk)
    assert Email.objects.count() == 1
    assert MailboxEntry.objects.get(gone_at=None).email_id == file.email_id
    assert len(blobs.read(Blob.objects.get())) > len(PLAN)
    assert list(journal.check(account, sample=None)) == []


def test_what_is_gone_or_too_large_cannot_be_had(
    alice: User,
    account: MailAccount,
    server: FakeServer,
    file: Attachment,
    asked: list[int],
    signed_in: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, fetch = signed_in.as_(alice), reverse("inbox:attachment_fetch", args=[file.key])
    monkeypatch.setattr(whole, "LARGEST", 10)
    assert client.post(fetch).status_code == 302
    assert client.get(reverse("inbox:attachment", args=[file.key])).status_code == 404
    assert asked == []
    monkeypatch.undo()


def test_server_that_has_it_no_more_changes_nothing(
    account: MailAccount, server: FakeServer, file: Attachment
) -> None:
    server.expunge("INBOX", 1)
    assert not whole.fetch_whole(file.email_id)
    assert Email.objects.get().parse_note == "too_big"
