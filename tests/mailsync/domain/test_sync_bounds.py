"""What a sync takes does not grow with the mailbox: statements a batch, memory, a quiet round."""

import tracemalloc
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mailsync.domain import leases, sync
from mailsync.domain.ingest import ingest
from mailsync.domain.ingest_rows import Incoming
from mailsync.enums import Outcome, Place
from mailsync.models import Email, MailAccount, Mailbox, MailboxEntry
from mailsync.providers.base import (
    Content,
    Indexed,
    Keyword,
    KeywordChange,
    MailboxStatus,
    ProviderError,
    Reaction,
)
from tests.factories.messages import START, message
from tests.fakes.store import MICROSOFT, FakeServer

pytestmark = pytest.mark.django_db

ME = "alice@northwind.example"


def deliver(server: FakeServer, count: int) -> None:
    for number in range(count):
        answers = number - 1 if number % 3 else None
        server.deliver(message(number, to=ME, answers=answers))


def statements(account: MailAccount, run: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        run(account)
    return len(captured)


def test_a_batch_takes_the_same_statements_whatever_its_size(account, server, run):
    run(account)  # makes the mailboxes
    counts = []
    for first, count in ((0, 100), (1000, 300)):
        items = arrivals(account, range(first, first + count))
        with leases.held(account.pk) as lease, CaptureQueriesContext(connection) as captured:
            ingest(account, items, lease=lease)
        counts.append(len(captured))
    assert Email.objects.count() == 400
    assert counts[0] == counts[1] <= 36


def arrivals(account: MailAccount, numbers: range) -> list[Incoming]:
    inbox = account.mailboxes.get(path="INBOX")
    return [
        Incoming(
            entry_id=MailboxEntry.objects.create(mailbox=inbox, uidvalidity=1, uid=number + 1).pk,
            raw=message(number, to=ME, answers=number - 1 if number % 3 == 1 else None),
            keywords=1,
            places=Place.INBOX,
            received_at=START + timedelta(minutes=number),
        )
        for number in numbers
    ]


def test_a_hundred_more_messages_take_the_same_statements_again(account, server, run):
    """Of a whole first sync: a batch of 250 is one transaction, and two of them take one more."""
    counts = []
    for more in (250, 500):
        other = FakeServer()
        server.mailboxes, server.now = other.mailboxes, other.now
        Mailbox.objects.filter(account=account).delete()
        Email.objects.filter(account=account).delete()
        deliver(server, more)
        account.quirks = {}
        account.save()
        counts.append(statements(account, run))
        assert Email.objects.count() == more
    assert counts[1] - counts[0] < 70


def test_a_quiet_round_asks_the_same_of_one_mail_and_of_many(account, server, run):
    deliver(server, 1)
    run(account)
    run(account)
    few = statements(account, run)
    deliver(server, 120)
    run(account)
    run(account)
    assert statements(account, run) == few <= 12


def test_mail_that_was_moved_long_ago_leaves_rounds_quiet(account, server, run, alice):
    """What was gone and judged is not judged in each round anew."""
    deliver(server, 20)
    run(account)
    run(account)
    quiet = statements(account, run)
    for uid in list(server.mailboxes["INBOX"].messages):
        server.relocate("INBOX", uid, "Archive")
    run(account)
    MailboxEntry.objects.filter(gone_at__isnull=False).update(
        gone_at=timezone.now() - timedelta(minutes=30)
    )
    run(account)
    assert statements(account, run) == quiet
    assert Email.objects.count() == 20


class Endless:
    """The INBOX of a server with so many messages, made when asked for. The rest is the fake's."""

    def __init__(self, store: Any, count: int) -> None:
        self._store = store
        self._count = count

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def _status(self) -> MailboxStatus:
        return MailboxStatus(uidvalidity=7, uidnext=self._count + 1, exists=self._count)

    def status(self, paths: Iterable[str]) -> dict[str, MailboxStatus]:
        return self._store.status(paths) | {"INBOX": self._status()}

    def open(self, path: str, *, writable: bool = False) -> MailboxStatus:
        return self._status() if path == "INBOX" else self._store.open(path, writable=writable)

    def uids(self, *, since: Any = None) -> list[int]:
        return list(range(1, self._count + 1))

    def keywords(self, first: int, last: int | None = None) -> Iterator[KeywordChange]:
        for uid in range(first, self._count + 1):
            yield KeywordChange(uid, Keyword.SEEN)

    def index(self, uids: Iterable[int], *, with_headers: bool = True) -> Iterator[Indexed]:
        for uid in uids:
            yield Indexed(uid, Keyword.SEEN, START + timedelta(seconds=uid), 4000, b"")

    def content(self, uids: Iterable[int]) -> Iterator[Content]:
        # Written once: to write each would be most of the work, and is none of the sync's.
        one = message(0, to=ME, subject="Question #", text="word " * 700)
        for uid in uids:
            raw = one.replace(b"<mail0@", b"<mail%d@" % uid).replace(b"#", b"%d" % uid)
            yield Content(uid, raw, Keyword.SEEN, START + timedelta(seconds=uid))


class Breaking:
    """A connection that breaks after so many messages."""

    def __init__(self, store: Any, messages: int) -> None:
        self._store = store
        self._messages = messages

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def content(self, uids: Iterable[int]) -> Iterator[Content]:
        for number, one in enumerate(self._store.content(uids)):
            if number == self._messages:
                raise ProviderError("connection_lost", Reaction.LATER)
            yield one


@pytest.mark.parametrize("messages", [30, 70, 290])
def test_what_came_before_the_line_broke_stays(account, server, run, monkeypatch, messages):
    deliver(server, 300)
    with monkeypatch.context() as patch:
        patch.setattr(
            "mailsync.domain.connections.open_store",
            lambda _: Breaking(server.open_store(), messages),
        )
        sync.sync_account(account.pk)
    account.refresh_from_db()
    assert account.error_code == "connection_lost"
    assert Email.objects.count() == messages
    run(account)
    assert Email.objects.count() == 300


def peak_of(action: Any) -> int:
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture
def endless(account, server, run, monkeypatch) -> Any:
    """Makes the account's INBOX so large; the other mailboxes are empty."""

    def endless(count: int) -> None:
        server.capabilities = MICROSOFT
        run(account)
        monkeypatch.setattr(
            "mailsync.domain.connections.open_store", lambda _: Endless(server.open_store(), count)
        )

    return endless


def test_first_sync_of_200_000_mails_takes_little_memory(account, endless):
    """The first thousands of them; each further step is the same again."""
    endless(200_000)
    monotonic = iter(range(10_000))

    def some_steps() -> None:
        # A slice ends after so many looks at the clock, not after so many seconds.
        assert sync.sync_account(account.pk, seconds=5.0).has_more

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mailsync.domain.sync._now", lambda: float(next(monotonic)))
        peak = peak_of(some_steps)
    assert MailboxEntry.objects.count() >= 500
    assert Email.objects.count() >= 250
    assert peak < 60 << 20


def test_comparing_all_marks_of_200_000_mails_takes_little_memory(account, endless):
    endless(200_000)
    inbox = account.mailboxes.get(path="INBOX")
    Mailbox.objects.filter(pk=inbox.pk).update(
        state="live", uidvalidity=7, uidnext=200_001, high_uid=200_000, low_uid=1,
        exists_seen=200_000, last_full_at=timezone.now() - timedelta(days=1),
    )  # fmt: skip
    MailboxEntry.objects.create(
        mailbox=inbox, uidvalidity=7, uid=77, outcome=Outcome.STORED, keywords=0
    )
    peak = peak_of(lambda: sync.sync_account(account.pk))
    assert MailboxEntry.objects.get(uid=77).keywords == Keyword.SEEN
    assert peak < 60 << 20
