"""UIDs that mean something else than before, said by the server or not."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mailsync.domain import mirror, removal
from mailsync.enums import MailboxState
from mailsync.models import Email, MailAccount, MailboxEntry, Thread
from mailsync.providers.base import Keyword
from tests.factories.messages import message
from tests.fakes.store import BARE, FULL, MICROSOFT, FakeServer

pytestmark = pytest.mark.django_db

ME = "alice@northwind.example"
EACH_SERVER = pytest.mark.parametrize(
    "capabilities", [FULL, MICROSOFT, BARE], ids=["full", "microsoft", "bare"]
)


def deliver(server: FakeServer, *numbers: int) -> None:
    for number in numbers:
        server.deliver(message(number, to=ME))


def here(account: MailAccount, path: str = "INBOX") -> dict[int, str]:
    """UID and Message-ID of what we believe to be in a mailbox."""
    rows = MailboxEntry.objects.filter(mailbox__account=account, mailbox__path=path, gone_at=None)
    return dict(rows.values_list("uid", "email__message_id"))


def there(server: FakeServer, path: str = "INBOX") -> dict[int, str]:
    return {
        uid: one.raw.partition(b"Message-ID: <")[2].partition(b">")[0].decode()
        for uid, one in server.mailboxes[path].messages.items()
    }


def restore(server: FakeServer, *numbers: int) -> None:
    """The server comes back from an old backup with the UIDVALIDITY it had, and goes on."""
    box = server.mailboxes["INBOX"]
    box.messages, box.vanished, box.uidnext = {}, [], 1
    # Days later: what has a known number has another time of arrival.
    server.now += timedelta(days=2)
    deliver(server, *numbers)


@EACH_SERVER
def test_numbers_given_anew_and_passed_before_we_look(
    account: MailAccount, server: FakeServer, run: Any, capabilities: frozenset[str]
) -> None:
    server.capabilities = capabilities
    deliver(server, 0, 1, 2, 3)
    run(account)
    kept = set(Email.objects.values_list("id", flat=True))
    restore(server, 10, 11, 2, 3, 12, 13)
    run(account)
    assert here(account) == there(server)
    assert set(Email.objects.values_list("id", flat=True)) >= kept
    assert account.mailboxes.get(path="INBOX").state == MailboxState.LIVE


@EACH_SERVER
@pytest.mark.parametrize("numbers", [(10, 11, 2, 3, 12, 13), (2, 3, 0, 1, 10), (10,), (3, 2)])
def test_a_wish_never_hits_the_mail_that_has_its_number_now(
    account: MailAccount,
    server: FakeServer,
    run: Any,
    alice: Any,
    capabilities: frozenset[str],
    numbers: tuple[int, ...],
) -> None:
    """Made here before the server was restored: it is carried out on the same message or not at
    all."""
    server.capabilities = capabilities | {"UIDPLUS", "MOVE"}
    account.mirror_archive = account.mirror_delete = True
    account.save()
    deliver(server, 0, 1, 2, 3)
    run(account)
    mirror.archive_threads(Thread.objects.filter(emails__message_id__startswith="mail0@"), by=alice)
    mirror.trash_threads(Thread.objects.filter(emails__message_id__startswith="mail1@"), by=alice)
    mirror.mark_read(Thread.objects.filter(emails__message_id__startswith="mail2@"), by=alice)
    restore(server, *numbers)
    run(account)
    run(account)
    moved = {*there(server, "Archive").values(), *there(server, "Trash").values()}
    assert moved <= {"mail0@acme.example", "mail1@acme.example"}
    seen = {
        there(server)[uid]
        for uid, one in server.mailboxes["INBOX"].messages.items()
        if one.keywords & Keyword.SEEN
    }
    assert seen <= {"mail2@acme.example"}
    assert here(account) == there(server)


@EACH_SERVER
def test_numbers_that_go_down(
    account: MailAccount, server: FakeServer, run: Any, capabilities: frozenset[str]
) -> None:
    server.capabilities = capabilities
    deliver(server, 0, 1, 2, 3)
    run(account)
    restore(server, 2, 10)
    run(account)
    assert here(account) == there(server)
    deliver(server, 11)
    run(account)
    assert here(account) == there(server)


def test_same_messages_are_never_taken_for_others(
    account: MailAccount, server: FakeServer, run: Any
) -> None:
    deliver(server, *range(8))
    run(account)
    deliver(server, 8)
    server.expunge("INBOX", 8)
    run(account)
    mailbox = account.mailboxes.get(path="INBOX")
    assert (mailbox.generation, mailbox.resets) == (1, 0)


@EACH_SERVER
def test_purged_mail_does_not_come_back_under_a_new_number(
    account: MailAccount, server: FakeServer, run: Any, capabilities: frozenset[str]
) -> None:
    server.capabilities = capabilities
    deliver(server, 0, 1)
    run(account)
    Thread.objects.filter(emails__message_id__startswith="mail0@").update(
        trashed_at=timezone.now() - timedelta(days=31)
    )
    assert removal.purge_trash() == 1
    for _ in range(2):
        server.bump_uidvalidity("INBOX")
        run(account)
        assert list(Email.objects.values_list("message_id", flat=True)) == ["mail1@acme.example"]
        assert Thread.objects.count() == 1
    # It is still accounted for.
    assert len(here(account)) == 2
