"""Drafts in a real Dovecot, written on by a second mail program."""

import email as stdlib_email
import imaplib
from collections.abc import Iterator
from datetime import timedelta
from email import policy
from typing import Any

import pytest

from inbox.domain import compose, draft_copies, draft_exchange, drafts
from inbox.models import Draft
from mailsync.domain.accounts import Server, connect_account
from mailsync.domain.sync import sync_account
from mailsync.enums import Security
from mailsync.models import Email, MailAccount
from tests.servers.dovecot import PASSWORD, Dovecot, is_installed
from users.models import User

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not is_installed(), reason="Dovecot is not installed"),
]


@pytest.fixture(autouse=True)
def quiet(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test makes the rounds itself, and nobody waits for a pause in writing."""
    settings.BLOB_DIR = tmp_path / "blobs"
    settings.MEDIA_ROOT = tmp_path / "media"
    monkeypatch.setattr(draft_copies, "PAUSE", timedelta(0))
    for name in ("inbox.tasks.keep_drafts", "mailsync.tasks.send_submission"):
        monkeypatch.setattr(f"{name}.apply_async", lambda *_, **__: None)
    for name in ("sync_account", "replay_changes"):
        monkeypatch.setattr(f"mailsync.tasks.{name}.delay_on_commit", lambda *_: None)


@pytest.fixture
def account(dovecot: Dovecot, alice: User) -> MailAccount:
    user = dovecot.new_user()
    found = connect_account(
        alice,
        address=user,
        incoming=Server(
            host="127.0.0.1",
            port=dovecot.port,
            security=Security.PLAIN,
            user_name=user,
            secret=PASSWORD,
        ),
    )
    sync_all(found)
    return found


def sync_all(account: MailAccount) -> None:
    while sync_account(account.pk).has_more:
        pass


@pytest.fixture
def program(dovecot: Dovecot, account: MailAccount) -> Iterator[imaplib.IMAP4]:
    """Another mail program, by the standard library's client."""
    client = imaplib.IMAP4("127.0.0.1", dovecot.port)
    client.login(account.address, PASSWORD)
    yield client
    client.logout()


def shown(program: imaplib.IMAP4) -> list[tuple[bytes, Any, bytes]]:
    """Number, message and marks of everything in Drafts."""
    program.select("Drafts")
    _ok, (numbers,) = program.uid("SEARCH", "UNDELETED")
    found = []
    for uid in numbers.split():
        _ok, rows = program.uid("FETCH", uid.decode(), "(FLAGS BODY.PEEK[])")
        message = stdlib_email.message_from_bytes(rows[0][1], policy=policy.default)
        found.append((uid, message, rows[0][0]))
    return found


def test_a_draft_goes_there_is_written_on_and_comes_back(
    account: MailAccount, alice: User, program: imaplib.IMAP4
) -> None:
    draft = drafts.start_new(by=alice, start=drafts.Start(to=(("Ada", "ada@acme.example"),)))
    draft = drafts.save(draft, version=1, subject="Grüße", html="<p>Hi {{person.name|you}}</p>")
    draft_exchange.exchange_now(account.pk)
    ((uid, message, marks),) = shown(program)
    assert message["Subject"] == "Grüße"
    assert b"\\Draft" in marks

    drafts.save(draft, version=draft.version, subject="Second")
    draft_exchange.exchange_now(account.pk)
    ((uid, message, _marks),) = shown(program)
    assert message["Subject"] == "Second"

    # What mail programs do on saving: the new version first, then the old one goes.
    message.replace_header("Subject", "Third, from elsewhere")
    del message["X-Dealpost-Draft"]
    program.append("Drafts", r"(\Draft \Seen)", "", message.as_bytes(policy=policy.SMTP))
    program.uid("STORE", uid.decode(), "+FLAGS", r"(\Deleted)")
    program.expunge()
    sync_all(account)
    draft.refresh_from_db()
    assert draft.subject == "Third, from elsewhere"
    assert "{{person.name|you}}" in draft.html
    assert not Email.objects.exists()

    drafts.save(draft, version=draft.version, subject="Fourth")
    draft_exchange.exchange_now(account.pk)
    ((_uid, message, _marks),) = shown(program)
    assert message["Subject"] == "Fourth"

    draft.refresh_from_db()
    compose.send(draft, by=alice, version=draft.version, force=True)
    draft_exchange.exchange_now(account.pk)
    assert shown(program) == []


def test_a_draft_begun_there_is_here_and_thrown_away_here_is_gone_there(
    account: MailAccount, alice: User, program: imaplib.IMAP4
) -> None:
    raw = b"To: grace@navy.example\r\nSubject: Begun there\r\nMessage-ID: <x@p>\r\n\r\nHello\r\n"
    program.append("Drafts", r"(\Draft)", "", raw)
    sync_all(account)
    draft = Draft.objects.usable_by(alice).get()
    assert (draft.subject, draft.to) == ("Begun there", [["", "grace@navy.example"]])
    drafts.discard(draft)
    draft_exchange.exchange_now(account.pk)
    assert shown(program) == []
