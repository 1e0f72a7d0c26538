"""Servers that count a message and do not list it when they are asked to."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from mailsync.domain.queries.diagnostics import mailbox_figures, unreadable
from mailsync.models import AccountEvent, Email, MailboxEntry
from mailsync.providers.base import Content, Indexed
from tests.factories.messages import message
from tests.fakes.store import BARE, FULL, MICROSOFT, FakeServer, FakeStore

pytestmark = pytest.mark.django_db

ME = "alice@northwind.example"


class Forgetful(FakeStore):
    """Leaves messages out of its lists, so many times each."""

    def index(self, uids: Iterable[int], *, with_headers: bool = True) -> Iterator[Indexed]:
        for row in super().index(uids, with_headers=with_headers):
            if not self._forgets(row.uid, "index"):
                yield row

    def content(self, uids: Iterable[int]) -> Iterator[Content]:
        for row in super().content(uids):
            if not self._forgets(row.uid, "content"):
                yield row

    def _forgets(self, uid: int, what: str) -> bool:
        left: dict[tuple[int, str], int] = self.server.forgets  # type: ignore[attr-defined]
        times = left.get((uid, what), 0)
        left[uid, what] = times - 1
        return times > 0


@pytest.fixture(params=[FULL, MICROSOFT, BARE], ids=["full", "microsoft", "bare"])
def server(request: Any, server: FakeServer) -> FakeServer:
    server.capabilities = request.param
    server.forgets = {}  # type: ignore[attr-defined]
    server.open_store = lambda: Forgetful(server)  # type: ignore[method-assign]
    return server


def deliver(server: FakeServer, *numbers: int) -> list[int]:
    return [server.deliver(message(number, to=ME)) for number in numbers]


def settled(account: Any, run: Any) -> None:
    for _ in range(3):
        run(account)


def test_new_mail_that_was_not_listed_comes_in_all_the_same(account, server, run):
    deliver(server, 1, 2)
    settled(account, run)
    server.forgets = {(3, "index"): 1}
    deliver(server, 3, 4)
    settled(account, run)
    assert Email.objects.count() == 4
    assert AccountEvent.objects.get(code="missed_mail_found").detail["count"] == 1


def test_older_mail_that_was_not_listed_comes_in_all_the_same(account, server, run):
    deliver(server, *range(12))
    server.forgets = {(4, "index"): 1, (9, "index"): 1}
    settled(account, run)
    assert Email.objects.count() == 12


def test_one_that_is_never_listed_is_among_what_could_not_be_had(account, server, run):
    deliver(server, 1, 2, 3)
    server.forgets = {(2, "index"): 1000, (2, "content"): 1000}
    settled(account, run)
    assert Email.objects.count() == 2
    (entry,) = unreadable([account])
    assert (entry.uid, entry.reason) == (2, "message_not_had")
    inbox = next(one for one in mailbox_figures(account) if one.mailbox.path == "INBOX")
    assert (inbox.on_server, inbox.here, inbox.failed, inbox.to_come) == (3, 2, 1, 0)


def test_quiet_rounds_do_not_look_for_it_again(account, server, run):
    deliver(server, 1, 2, 3)
    server.forgets = {(2, "index"): 1000, (2, "content"): 1000}
    settled(account, run)
    server.calls.clear()
    run(account)
    assert "uids" not in server.calls


def test_a_copy_marked_gone_by_mistake_is_there_again(account, server, run):
    deliver(server, 1, 2)
    settled(account, run)
    server_says = MailboxEntry.objects.get(uid=1)
    MailboxEntry.objects.filter(pk=server_says.pk).update(gone_at="2026-01-01T00:00Z")
    account.mailboxes.update(exists_seen=None)
    deliver(server, 3)
    settled(account, run)
    assert MailboxEntry.objects.filter(gone_at=None).count() == 3
    assert Email.objects.count() == 3
