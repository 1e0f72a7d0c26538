"""Connecting, stopping and removing accounts."""

from typing import Any

import pytest
from django.utils import timezone

from common.vault import reveal
from mailsync.domain import accounts
from mailsync.domain.accounts import AccountError, Server
from mailsync.enums import AccountScope, AccountState, Direction
from mailsync.models import Blob, Email, MailAccount, Thread
from tests.factories.mail import make_thread
from tests.factories.messages import message
from users.models import Company

pytestmark = pytest.mark.django_db

SERVER = Server("imap.northwind.example", 993, "tls", "alice", "s3cret")


@pytest.fixture(autouse=True)
def nothing_queued(monkeypatch: Any) -> None:
    for name in ("sync_account", "remove_account", "reconsider_mail"):
        monkeypatch.setattr(f"mailsync.tasks.{name}.delay_on_commit", lambda *_: None)


def connect(user, address="alice@northwind.example", **options):
    return accounts.connect_account(user, address=address, incoming=SERVER, **options)


def test_secret_is_sealed_and_the_first_account_is_the_default(alice):
    account = connect(alice, outgoing=SERVER)
    row = account.servers.get(direction=Direction.INCOMING)
    assert "s3cret" not in row.secret
    assert reveal(row, "secret") == "s3cret"
    assert account.is_default
    assert account.next_poll_at <= timezone.now()


def test_an_address_is_connected_once(alice, bob, dana):
    connect(alice)
    with pytest.raises(AccountError):
        connect(bob)
    with pytest.raises(AccountError):
        connect(dana, scope=AccountScope.TEAM, members=[bob])


def test_limits_of_the_company_hold(alice):
    Company.objects.update(accounts_per_user=1)
    connect(alice)
    with pytest.raises(AccountError):
        connect(alice, address="second@northwind.example")


def test_team_accounts_are_for_administrators(alice, bob, dana, eve):
    with pytest.raises(AccountError):
        connect(alice, scope=AccountScope.TEAM)
    account = connect(dana, scope=AccountScope.TEAM, members=[alice, bob, eve])
    assert set(account.members.all()) == {alice, bob}


@pytest.mark.parametrize(
    "changed",
    [
        Server("evil.example", 993, "tls", "alice", ""),
        Server("imap.northwind.example", 143, "tls", "alice", ""),
        Server("imap.northwind.example", 993, "plain", "alice", ""),
        Server("imap.northwind.example", 993, "tls", "bob", ""),
    ],
)
def test_changed_server_forgets_the_secret(alice, changed):
    account = connect(alice)
    accounts.change_server(account, Direction.INCOMING, server=changed)
    assert account.servers.get(direction=Direction.INCOMING).secret == ""


def test_reconnect_keeps_everything_and_starts_again(alice):
    account = connect(alice)
    MailAccount.objects.update(state=AccountState.AUTH_FAILED, failures=3, next_poll_at=None)
    accounts.reconnect(account, secrets={Direction.INCOMING: "new"})
    account.refresh_from_db()
    assert (account.state, account.failures) == (AccountState.OK, 0)
    assert reveal(account.servers.get(), "secret") == "new"


def test_paused_account_is_not_synced_until_it_is_resumed(alice):
    from mailsync.domain import leases

    account = connect(alice)
    accounts.pause(account)
    assert leases.claim(account.pk) is None
    accounts.resume(account)
    assert leases.claim(account.pk) is not None


def test_pausing_stops_a_running_slice(alice):
    from mailsync.domain import leases

    account = connect(alice)
    lease = leases.claim(account.pk)
    accounts.pause(account)
    with pytest.raises(leases.LeaseLostError):
        lease.renew()


def test_removal_deletes_rows_and_bytes(account, server, run, settings):
    server.deliver(message(1, to=account.address))
    run(account)
    accounts.remove_account(account, keep_mail=False)
    accounts.finish_removal(account.pk)
    assert not MailAccount.objects.exists()
    assert not Email.objects.exists()
    assert not Thread.objects.exists()
    assert not Blob.objects.exists()
    assert not (settings.BLOB_DIR / str(account.pk)).exists()


def test_kept_mail_comes_back_with_its_address(alice):
    account = connect(alice)
    make_thread(account)
    accounts.remove_account(account, keep_mail=True)
    account.refresh_from_db()
    assert account.state == AccountState.DISABLED
    assert account.servers.get().secret == ""
    assert connect(alice) == account
    account.refresh_from_db()
    assert account.state == AccountState.OK
    assert Thread.objects.count() == 1
