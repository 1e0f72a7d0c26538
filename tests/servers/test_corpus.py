"""Odd, broken and hostile mail through a real IMAP server: each is here or listed with its reason,
and none holds up another."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.corpus_sync import account_for, mails_in
from mailsync.domain import blobs
from mailsync.domain.accounts import Server, connect_account
from mailsync.domain.queries.diagnostics import unreadable
from mailsync.domain.sync import sync_account
from mailsync.enums import AccountState, Outcome, Security
from mailsync.mime.types import ParsedEmail, Readability
from mailsync.models import Email, MailAccount, MailboxEntry
from tests.factories.messages import message
from tests.servers.dovecot import PASSWORD, Dovecot, is_installed
from users.models import User

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not is_installed(), reason="Dovecot is not installed"),
]

SAMPLES = Path(__file__).parents[1] / "mailsync" / "mime" / "data"
HEAD = b"From: a@acme.example\r\nTo: b@northwind.example\r\nSubject: %s\r\n"
LINE = b"QUJD" * 19 + b"\r\n"


def named(name: str, rest: bytes) -> bytes:
    return HEAD % name.encode() + rest


BOMBS = {
    "no byte": b"",
    "one line feed": b"\n",
    "no header": b"only text, and no field at all",
    "no line end": b"Subject: hello",
    "bare CR": b"From: a@acme.example\rSubject: old Mac\r\rhello\r",
    "NUL": named("a\0b", b"\r\nhel\0lo\r\n"),
    "bytes of no charset": named(
        "\udcff\udcfe".encode("utf-8", "surrogateescape").decode("latin-1"), b"\r\n\xff\xfe\x80"
    ),
    "200,000 fields": named("fields", b"X-A: b\r\n" * 200_000 + b"\r\nhi"),
    "a field of 2 MB": named("long", b"X-A: " + b"a" * 2_000_000 + b"\r\n\r\nhi"),
    "30,000 recipients": named(
        "all",
        b"Cc: " + b",\r\n ".join(b"p%d@acme.example" % n for n in range(30_000)) + b"\r\n\r\nhi",
    ),
    "10,000 references": named(
        "old",
        b"References: "
        + b"\r\n ".join(b"<%d@acme.example>" % n for n in range(10_000))
        + b"\r\n\r\nhi",
    ),
    "50,000 parts": named(
        "parts", b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 50_000
    ),
    "1,000 messages in messages": named("deep", b"Content-Type: message/rfc822\r\n\r\n" * 1_000),
    "open brackets": b"From: a@acme.example\r\nTo: " + b"(" * 20_000 + b"@\r\n\r\nhi",
    "a date of no year": named("when", b"Date: Mon, 99 Zzz 99999 99:99:99 +9999\r\n\r\nhi"),
    "twice the same id": named("id", b"Message-ID: <mail1@acme.example>\r\n\r\nnot that one"),
    "30 MB": named(
        "big",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsmall text\r\n--b\r\n"
        b"Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + LINE * 400_000
        + b"--b--\r\n",
    ),
    "55 MB of text": named("huge", b"\r\n" + b"all work and no play\r\n" * 2_500_000),
}


@pytest.fixture
def mailbox(
    dovecot: Dovecot, alice: User, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> MailAccount:
    settings.BLOB_DIR = tmp_path / "blobs"
    monkeypatch.setattr("mailsync.tasks.sync_account.delay_on_commit", lambda *_: None)
    user = dovecot.new_user()
    server = Server("127.0.0.1", dovecot.port, Security.PLAIN, user, PASSWORD)
    return connect_account(alice, address=user, incoming=server)


def sync(account: MailAccount) -> None:
    while sync_account(account.pk).has_more:
        pass
    account.refresh_from_db()
    assert (account.state, account.error_code) == (AccountState.OK, "")


def test_each_odd_mail_is_here_or_listed_and_its_neighbours_too(
    dovecot: Dovecot, mailbox: MailAccount
) -> None:
    samples = [raw for _path, mails in mails_in(SAMPLES) for raw in mails]
    odd = [*samples, *BOMBS.values()]
    for number, raw in enumerate(odd):
        dovecot.deliver(mailbox.address, message(number, to=mailbox.address))
        dovecot.deliver(mailbox.address, raw)

    sync(mailbox)

    result = account_for(mailbox)
    assert len(samples) >= 7
    assert result.on_server == 2 * len(odd)
    assert result.adds_up, result
    neighbours = Email.objects.filter(subject__startswith="Question ")
    assert neighbours.count() == len(odd)
    # Above 25 MB the text is here, the files are on the server.
    assert set(
        MailboxEntry.objects.filter(outcome=Outcome.TOO_BIG).values_list(
            "email__subject", flat=True
        )
    ) == {"big", "huge"}
    assert not [line for line in result.unreadable if line.endswith("no reason")]


def test_what_the_parser_cannot_read_is_listed_with_its_bytes(
    dovecot: Dovecot, mailbox: MailAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A parser that fails on one mail: its bytes are kept, the others come."""
    from mailsync.mime import parse

    whole = parse._parse

    def fails(raw: bytes, digest: bytes) -> ParsedEmail:
        if b"number 2." in raw:
            raise RecursionError
        return whole(raw, digest)

    monkeypatch.setattr(parse, "_parse", fails)
    for number in range(5):
        dovecot.deliver(mailbox.address, message(number, to=mailbox.address))

    sync(mailbox)

    (entry,) = unreadable([mailbox])
    assert entry.email.parse_state == Readability.UNREADABLE
    assert entry.email.parse_note == "message_unreadable"
    assert b"number 2." in blobs.read(entry.email.blob)
    result = account_for(mailbox)
    assert (result.on_server, result.here, result.emails) == (5, 5, 5)
    assert result.adds_up


def test_files_that_are_no_mail_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(b"anything")
    (tmp_path / "b").write_bytes(b"Received: from x\nSubject: y\n\ntext")
    (tmp_path / "c.txt").write_bytes(b"Dear Ada: hello\n\nSubject: not a field")
    (tmp_path / "d.mbox").write_bytes(b"From a Mon\nTo: x\n\none\nFrom b Tue\nTo: y\n\ntwo\n")
    (tmp_path / "e.json").write_bytes(b"Subject: y\n\n")

    found = {path.name: len(mails) for path, mails in mails_in(tmp_path)}

    assert found == {"a.eml": 1, "b": 1, "c.txt": 0, "d.mbox": 2, "e.json": 0}
