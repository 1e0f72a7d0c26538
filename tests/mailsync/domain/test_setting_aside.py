"""One bad account, folder or message delays no other by more than a minute.

The clock is virtual: a stalled command costs its whole deadline, a failed slice the longest pause
that may follow it. What a test counts is when everything else has come in.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from mailsync.domain import schedule, setting_aside, sync
from mailsync.domain.accounts import Server, connect_account
from mailsync.domain.failures import LATER_FIRST
from mailsync.enums import AccountState, MailboxState, Outcome, Security
from mailsync.models import Email, MailAccount, Mailbox, MailboxEntry
from mailsync.providers import stream
from mailsync.providers.base import ProviderError, Reaction
from tests.factories.mail import make_account
from tests.factories.messages import message
from tests.fakes.scripted import PASSWORD, USER, ScriptedServer, Talk, imap_script
from tests.fakes.store import FakeServer, FakeStore
from users.models import User

pytestmark = pytest.mark.django_db
A_MINUTE = 60.0


class Stalls:
    """Makes the server in memory hang: in a folder, in a message, in the figures of a folder."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folders: set[str] = set()
        self.messages: set[int] = set()
        self.figures: set[str] = set()
        self.seconds = 0.0
        open_, content, status = FakeStore.open, FakeStore.content, FakeStore.status

        def stalling_open(store: FakeStore, path: str, **options: Any) -> Any:
            if path in self.folders:
                self.stall()
            return open_(store, path, **options)

        def stalling_content(store: FakeStore, uids: Any) -> Any:
            wanted = list(uids)
            for one in content(store, wanted):
                if one.uid in self.messages:
                    self.stall()
                yield one

        def stalling_status(store: FakeStore, paths: Any) -> Any:
            wanted = list(paths)
            if self.figures & set(wanted):
                self.stall()
            return status(store, wanted)

        monkeypatch.setattr(FakeStore, "open", stalling_open)
        monkeypatch.setattr(FakeStore, "content", stalling_content)
        monkeypatch.setattr(FakeStore, "status", stalling_status)

    def stall(self) -> None:
        self.seconds += stream.COMMAND_SECONDS
        raise ProviderError("connection_lost", Reaction.LATER)


@pytest.fixture
def stalls(monkeypatch: pytest.MonkeyPatch) -> Stalls:
    return Stalls(monkeypatch)


def slices(account: MailAccount, stalls: Stalls, count: int = 1) -> None:
    """So many slices, each after the pause that the account was given."""
    for _ in range(count):
        while sync.sync_account(account.pk).has_more:
            pass
        account.refresh_from_db()
        assert account.next_poll_at
        if account.failures:
            longest = LATER_FIRST * 1.2 * 2 ** (account.failures - 1)
            assert account.next_poll_at - timezone.now() <= longest
            stalls.seconds += longest.total_seconds()


def rest_is_over(account: MailAccount) -> None:
    account.mailboxes.exclude(next_poll_at=None).update(next_poll_at=Now() - timedelta(seconds=1))


def fill(server: FakeServer, mailbox: str, numbers: range) -> None:
    for number in numbers:
        server.deliver(message(number, to="alice@northwind.example"), mailbox=mailbox)


def test_stalled_folder_delays_no_other(
    account: MailAccount, server: FakeServer, stalls: Stalls
) -> None:
    fill(server, "INBOX", range(3))
    fill(server, "Sent", range(10, 13))
    fill(server, "Archive", range(20, 23))
    stalls.folders.add("INBOX")
    slices(account, stalls, 2)
    others = Email.objects.filter(entries__mailbox__path__in=("Sent", "Archive"))
    assert others.count() == 6
    assert stalls.seconds - stream.COMMAND_SECONDS - LATER_FIRST.total_seconds() * 2.4 < A_MINUTE

    # From then on it comes last, then rests, and the account is in good order.
    slices(account, stalls)
    assert (account.state, account.failures) == (AccountState.OK, 0)
    inbox = Mailbox.objects.get(path="INBOX")
    assert (inbox.error_code, inbox.state) == (setting_aside.STALLED, MailboxState.BACKFILL)
    before = stalls.seconds
    fill(server, "Sent", range(13, 14))
    slices(account, stalls)
    assert others.count() == 7
    assert stalls.seconds == before


def test_folder_that_answers_again_is_one_like_any_other(
    account: MailAccount, server: FakeServer, stalls: Stalls
) -> None:
    fill(server, "INBOX", range(3))
    stalls.folders.add("INBOX")
    slices(account, stalls, 3)
    stalls.folders.clear()
    rest_is_over(account)
    slices(account, stalls)
    inbox = Mailbox.objects.get(path="INBOX")
    assert (inbox.error_code, inbox.state) == ("", MailboxState.LIVE)
    assert Email.objects.count() == 3


def test_message_that_stalls_delays_none_of_its_neighbours(
    account: MailAccount, server: FakeServer, stalls: Stalls
) -> None:
    fill(server, "INBOX", range(6))
    stalls.messages.add(4)
    for _ in range(4):
        slices(account, stalls)
        rest_is_over(account)
    assert set(MailboxEntry.objects.filter(outcome=Outcome.STORED).values_list("uid", flat=True)) == {
        1, 2, 3, 5, 6,
    }  # fmt: skip
    bad = MailboxEntry.objects.get(uid=4)
    assert (bad.outcome, bad.reason, bad.attempts) == (Outcome.FAILED, "message_not_had", 1)
    assert bad.next_try_at
    stalls.messages.clear()
    MailboxEntry.objects.filter(uid=4).update(next_try_at=timezone.now() - timedelta(seconds=1))
    slices(account, stalls)
    assert Email.objects.count() == 6


def test_folder_whose_figures_stall_is_found(
    account: MailAccount, server: FakeServer, stalls: Stalls
) -> None:
    fill(server, "INBOX", range(2))
    slices(account, stalls)
    stalls.figures.add("Archive")
    fill(server, "INBOX", range(2, 4))
    fill(server, "Junk", range(10, 12))
    slices(account, stalls, 3)
    assert Email.objects.count() == 2
    slices(account, stalls)
    assert Email.objects.count() == 6
    assert (account.state, account.failures) == (AccountState.OK, 0)
    assert Mailbox.objects.get(path="Archive").error_code == setting_aside.STALLED


def test_accounts_in_trouble_never_take_every_worker(alice: User, monkeypatch: Any) -> None:
    queued: list[int] = []
    monkeypatch.setattr("mailsync.tasks.sync_account.delay", queued.append)
    past = timezone.now() - timedelta(minutes=5)
    bad = [
        make_account(alice, f"bad{n}@x.example", failures=2, next_poll_at=past).pk for n in range(9)
    ]
    late = timezone.now() - timedelta(seconds=1)
    good = {make_account(alice, f"good{n}@x.example", next_poll_at=late).pk for n in range(3)}
    schedule.sweep_due_accounts()
    assert good <= set(queued)
    assert len(set(queued) & set(bad)) == schedule.TROUBLED_AT_ONCE

    # While those are being worked on, no more of them.
    running = set(queued) & set(bad)
    MailAccount.objects.filter(pk__in=running).update(
        lease_until=Now() + timedelta(minutes=5), lease_owner="elsewhere:1:2:3"
    )
    queued.clear()
    schedule.sweep_due_accounts()
    assert queued == []
    MailAccount.objects.filter(pk__in=running).update(lease_until=None)
    schedule.sweep_due_accounts()
    assert len(queued) == schedule.TROUBLED_AT_ONCE


def test_slice_of_a_server_that_falls_silent_ends_with_the_deadline(
    alice: User, monkeypatch: Any, settings: Any, tmp_path: Any
) -> None:
    """On a socket: signed in, then not a word."""
    settings.ALLOWED_PRIVATE_NETWORKS, settings.MAIL_PORTS = ["127.0.0.0/8"], range(1, 65536)
    settings.BLOB_DIR = tmp_path / "blobs"
    monkeypatch.setattr("mailsync.tasks.sync_account.delay_on_commit", lambda *_: None)
    begin = stream.Stream.begin
    monkeypatch.setattr(stream.Stream, "begin", lambda self, _seconds=0.0: begin(self, 0.3))

    def silent(talk: Talk, tag: bytes) -> None:
        del tag
        while talk.hear():
            pass

    with ScriptedServer(imap_script({"LIST": silent, "STATUS": silent})) as server:
        account = connect_account(
            alice,
            address="silent@northwind.example",
            incoming=Server("127.0.0.1", server.port, Security.PLAIN, USER, PASSWORD),
        )
        assert sync.sync_account(account.pk).was_run
    account.refresh_from_db()
    assert (account.error_code, account.failures) == ("connection_lost", 1)
    assert account.lease_until is None
    assert stream.COMMAND_SECONDS + LATER_FIRST.total_seconds() * 1.2 < A_MINUTE
