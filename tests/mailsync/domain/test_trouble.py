"""Trouble in the middle of a sync: numbers that change under it, an account that goes, clocks that
lie. What is not here is listed in docs/sync.md with the test that shows it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from mailsync.domain import accounts, leases, polling, sync
from mailsync.enums import AccountState, MailboxState
from mailsync.models import Blob, Email, MailAccount, Mailbox, MailboxEntry, Thread
from tests.factories.mail import make_account
from tests.factories.messages import message
from tests.fakes.store import BARE, FakeServer, FakeStore
from users.models import User

pytestmark = pytest.mark.django_db


def fill(server: FakeServer, numbers: range) -> None:
    for number in numbers:
        server.deliver(message(number, to="alice@northwind.example"))


@pytest.fixture
def before_content(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Has something happen once, after messages were listed and before their content is had."""

    def register(act: Callable[[], None]) -> None:
        content, acts = FakeStore.content, [act]

        def disturbed(store: FakeStore, uids: Any) -> Any:
            wanted = list(uids)
            if wanted and acts:
                acts.pop()()
            return content(store, wanted)

        monkeypatch.setattr(FakeStore, "content", disturbed)

    return register


@pytest.mark.parametrize("times", [1, 2])
def test_numbered_anew_while_it_is_read(
    account: MailAccount, server: FakeServer, run: Any, before_content: Any, times: int
) -> None:
    fill(server, range(5))

    def renumber() -> None:
        for _ in range(times):
            server.bump_uidvalidity("INBOX")

    before_content(renumber)
    run(account)
    run(account)
    assert Email.objects.count() == 5
    inbox = Mailbox.objects.get(path="INBOX")
    live = MailboxEntry.objects.filter(mailbox=inbox, gone_at=None)
    assert live.count() == 5
    assert set(live.values_list("uidvalidity", flat=True)) == {inbox.uidvalidity}
    assert inbox.state == MailboxState.LIVE


def test_server_that_numbers_anew_every_time_is_left_alone(
    account: MailAccount, server: FakeServer, run: Any
) -> None:
    fill(server, range(3))
    run(account)
    for _ in range(polling.MAX_RESETS):
        server.bump_uidvalidity("INBOX")
        run(account)
    inbox = Mailbox.objects.get(path="INBOX")
    assert (inbox.state, inbox.error_code) == (MailboxState.PARKED, "server_misbehaves")
    assert inbox.next_poll_at
    server.deliver(message(8, to=account.address))
    server.deliver(message(9, to=account.address), mailbox="Archive")
    server.calls.clear()
    run(account)
    assert Email.objects.count() == 4
    assert "open INBOX" not in server.calls

    # Hours later it is tried again, and what is known is recognised.
    Mailbox.objects.filter(pk=inbox.pk).update(next_poll_at=timezone.now())
    run(account)
    inbox.refresh_from_db()
    assert (inbox.state, inbox.error_code) == (MailboxState.LIVE, "")
    assert Email.objects.count() == 5
    live = MailboxEntry.objects.filter(mailbox=inbox, gone_at=None)
    assert live.count() == 4


@pytest.mark.parametrize("expunged", [1, 2])
def test_expunged_between_list_and_content(
    account: MailAccount, server: FakeServer, run: Any, before_content: Any, expunged: int
) -> None:
    fill(server, range(3))

    def expunge() -> None:
        for uid in range(1, expunged + 1):
            server.expunge("INBOX", uid)

    before_content(expunge)
    run(account)
    assert Email.objects.count() == 3 - expunged
    assert MailboxEntry.objects.filter(gone_at=None).count() == 3 - expunged
    assert not MailboxEntry.objects.filter(gone_at=None, outcome="failed").exists()


def test_account_that_is_removed_in_the_middle_leaves_nothing(
    account: MailAccount, server: FakeServer, run: Any, before_content: Any, alice: User
) -> None:
    fill(server, range(4))
    before_content(
        lambda: accounts.remove_account(MailAccount.objects.get(pk=account.pk), keep_mail=False)
    )
    sync.sync_account(account.pk)
    assert not Email.objects.exists()
    assert not sync.sync_account(account.pk).was_run
    accounts.finish_removal(account.pk)
    assert not MailAccount.objects.exists()
    assert not MailboxEntry.objects.exists()
    assert not Thread.objects.exists()
    assert not Blob.objects.exists()

    # Connected again, everything comes once.
    again = make_account(alice, account.address)
    run(again)
    assert Email.objects.filter(account=again).count() == Email.objects.count() == 4


def test_mail_of_the_future_leads_no_list(
    account: MailAccount, server: FakeServer, run: Any
) -> None:
    server.now = datetime(2099, 1, 1, tzinfo=UTC)
    server.deliver(message(1, to=account.address))
    run(account)
    assert Email.objects.get().received_at <= timezone.now() + timedelta(minutes=5)
    assert Thread.objects.get().last_email_at <= timezone.now() + timedelta(minutes=5)


@pytest.mark.parametrize("days", [-1, 1])
def test_worker_whose_clock_is_a_day_off_takes_over_nothing(
    account: MailAccount, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """Leases go by the database's clock alone."""
    lease = leases.claim(account.pk)
    assert lease
    now = timezone.now
    monkeypatch.setattr("django.utils.timezone.now", lambda: now() + timedelta(days=days))
    assert leases.claim(account.pk) is None
    lease.renew()
    leases.release(lease)
    assert leases.claim(account.pk) is not None


@pytest.mark.parametrize(("capabilities", "seconds"), [(None, 60), (BARE, 30)])
def test_what_no_watcher_hears_of_is_looked_for_within_a_minute(
    account: MailAccount,
    server: FakeServer,
    run: Any,
    capabilities: frozenset[str] | None,
    seconds: int,
) -> None:
    """Mail that another program put into Sent, where the server does not tell of it."""
    server.capabilities = capabilities or server.capabilities
    run(account)
    assert account.next_poll_at
    assert account.next_poll_at - timezone.now() <= timedelta(seconds=seconds)
    server.deliver(message(7, sender=account.address, to="ada@acme.example"), mailbox="Sent")
    run(account)
    assert Thread.objects.get().in_sent
    assert account.state == AccountState.OK
