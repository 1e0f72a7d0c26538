"""Another mail program beside us, on the same mailbox of a real Dovecot: imapclient, which shares
nothing with our own wire but the names of mailboxes. What it does arrives here, and what we do it
sees."""

from collections.abc import Iterator
from typing import Any

import pytest
from imapclient import DELETED, SEEN, IMAPClient

from mailsync.domain import mirror
from mailsync.domain.accounts import Server, connect_account
from mailsync.domain.sync import sync_account
from mailsync.enums import Security
from mailsync.models import Email, MailAccount, Mailbox, MailboxEntry, Thread
from mailsync.providers.base import Keyword
from tests.factories.messages import message
from tests.servers.dovecot import PASSWORD, Dovecot, is_installed
from users.models import User

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not is_installed(), reason="Dovecot is not installed"),
]
UMLAUTS = "Kunden & Übriges/日本"


@pytest.fixture
def account(
    dovecot: Dovecot, alice: User, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> MailAccount:
    settings.BLOB_DIR = tmp_path / "blobs"
    for name in ("sync_account", "replay_changes"):
        monkeypatch.setattr(f"mailsync.tasks.{name}.delay_on_commit", lambda *_: None)
    user = dovecot.new_user()
    for number in range(4):
        dovecot.deliver(user, message(number, to=user))
    incoming = Server("127.0.0.1", dovecot.port, Security.PLAIN, user, PASSWORD)
    return connect_account(alice, address=user, incoming=incoming, mirror_archive=True)


@pytest.fixture
def other(dovecot: Dovecot, account: MailAccount) -> Iterator[IMAPClient]:
    client = IMAPClient("127.0.0.1", dovecot.port, ssl=False, use_uid=True)
    client.login(account.address, PASSWORD)
    yield client
    client.logout()


def run(account: MailAccount) -> None:
    while sync_account(account.pk).has_more:
        pass
    # The list of folders is read again by the next.
    account.refresh_from_db()
    assert account.error_code == ""
    account.quirks["listed_at"] = 0
    account.save(update_fields=["quirks"])


def test_what_another_program_does_arrives_here(account: MailAccount, other: IMAPClient) -> None:
    run(account)
    other.create_folder(UMLAUTS)
    other.select_folder("INBOX")
    first, second, third, _fourth = other.search()
    other.add_flags([first], [SEEN])
    other.move([second], UMLAUTS)
    other.add_flags([third], [DELETED])
    other.expunge()
    sent = message(9, sender=account.address, to="ada@acme.example", answers=0)
    other.append("Sent", sent, flags=[SEEN])
    run(account)

    assert Mailbox.objects.get(path=UMLAUTS).account == account
    live = MailboxEntry.objects.filter(gone_at=None)
    places = sorted(live.values_list("mailbox__path", flat=True))
    assert places == ["INBOX", "INBOX", UMLAUTS, "Sent"]
    assert live.get(mailbox__path="INBOX", uid=first).keywords == Keyword.SEEN
    assert live.get(mailbox__path=UMLAUTS).email.message_id == "mail1@acme.example"
    answer = Email.objects.get(message_id="mail9@acme.example")
    assert answer.is_outgoing
    assert answer.thread.emails.count() == 2

    # A renamed folder keeps its mail, whether or not the server has ids for mailboxes.
    other.rename_folder(UMLAUTS, "Kunden")
    run(account)
    assert live.get(mailbox__path="Kunden").email.message_id == "mail1@acme.example"
    assert Email.objects.filter(message_id="mail1@acme.example").count() == 1


def test_another_program_sees_what_we_do(
    account: MailAccount, other: IMAPClient, alice: User
) -> None:
    run(account)
    read = Thread.objects.get(emails__message_id="mail0@acme.example")
    filed = Thread.objects.get(emails__message_id="mail1@acme.example")
    mirror.mark_read([read], by=alice)
    mirror.flag_threads([read], by=alice)
    mirror.archive_threads([filed], by=alice)
    run(account)

    other.select_folder("INBOX", readonly=True)
    assert len(other.search()) == 3
    (uid,) = other.search(["HEADER", "Message-ID", "<mail0@acme.example>"])
    assert {b"\\Seen", b"\\Flagged"} <= set(other.get_flags([uid])[uid])
    other.select_folder("Archive", readonly=True)
    (uid,) = other.search()
    raw = other.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"]
    assert raw == message(1, to=account.address).replace(b"\n", b"\r\n")
    assert MailboxEntry.objects.filter(gone_at=None, mailbox__path="Archive").count() == 1
