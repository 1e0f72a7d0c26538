"""An administrator changed a user's login address, or let a leaver back in: what opens to whom."""

from typing import Any

import pytest
from django.urls import reverse

from inbox.domain import search
from inbox.models import Draft, SavedView
from mailsync.domain import accounts, blocking, search_index
from mailsync.domain import setup as connecting
from mailsync.domain.accounts import AccountError, Server
from mailsync.enums import AccountScope, AccountState, Direction
from mailsync.models import AccountSetup, Email, MailAccount, Thread
from sharing.enums import ItemVisibility, ThreadVisibility
from tests.factories.crm import make_deal
from tests.factories.mail import link, make_account, make_thread
from users.domain import people

pytestmark = pytest.mark.django_db

SERVER = Server("imap.northwind.example", 993, "tls", "alice", "s3cret")
NEW_ADDRESS = "dana.second@northwind.example"


@pytest.fixture(autouse=True)
def nothing_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sync_account", "remove_account", "reconsider_mail", "try_setup"):
        monkeypatch.setattr(f"mailsync.tasks.{name}.delay_on_commit", lambda *_: None)


@pytest.fixture
def mailbox(alice: Any) -> MailAccount:
    return accounts.connect_account(alice, address=alice.email, incoming=SERVER)


@pytest.fixture
def private(mailbox: MailAccount) -> Thread:
    thread = make_thread(mailbox, "Private canary-4711")
    search_index.index_emails(Email.objects.values_list("pk", flat=True))
    return thread


def take_over(alice: Any, dana: Any) -> None:
    people.change_login_address(alice, email=NEW_ADDRESS, by=dana)
    alice.refresh_from_db()


def test_mail_is_there_before_it_is_locked(alice, mailbox, private, signed_in):
    """The positive control of the tests below."""
    Draft.objects.create(author=alice, account=mailbox, subject="Draft canary-4712")
    Draft.objects.create(author=alice, subject="Draft canary-4713")
    client = signed_in.as_(alice)
    assert b"canary-4711" in client.get("/mail/inbox/").content
    assert Draft.objects.usable_by(alice).count() == 2
    assert search.find(alice, "canary-4711").rows
    assert Thread.objects.visible_to(alice).get() == private


def test_new_address_opens_no_old_mail(alice, dana, mailbox, private, signed_in):
    Draft.objects.create(author=alice, account=mailbox, subject="Draft canary-4712")
    Draft.objects.create(author=alice, subject="Draft canary-4713")
    take_over(alice, dana)
    assert not Thread.objects.visible_to(alice).exists()
    assert not Thread.objects.of_accounts_of(alice).exists()
    assert not Draft.objects.usable_by(alice).exists()
    client = signed_in.as_(alice)
    for path in ("/mail/inbox/", "/mail/all/", "/mail/counts/"):
        assert b"canary" not in client.get(path).content
    assert not search.find(alice, "canary-4711").rows
    assert client.get(reverse("inbox:thread", args=[private.key])).status_code == 404
    email = private.emails.get()
    for name in ("body", "raw", "message"):
        assert client.get(reverse(f"inbox:{name}", args=[email.key])).status_code == 404


def test_views_and_blocked_addresses_wait_too(alice, dana, mailbox, signed_in):
    view = SavedView.objects.create(user=alice, name="View canary-4714", query="q=canary-4715")
    blocked, _ = blocking.block("canary-4716@rival.example", by=alice)
    pages = ("/", reverse("inbox:saved_views"), reverse("mailsync:blocked"))
    doors = [
        reverse("inbox:saved_view", args=[view.pk]),
        reverse("inbox:saved_view_remove", args=[view.pk]),
        reverse("mailsync:unblock", args=[blocked.pk]),
    ]
    client = signed_in.as_(alice)
    shown = [client.get(path, follow=True).content for path in pages]
    assert b"4714" in shown[0]
    assert b"4714" in shown[1]
    assert b"4716" in shown[2]
    take_over(alice, dana)
    client = signed_in.as_(alice)
    assert all(b"canary" not in client.get(path, follow=True).content for path in pages)
    assert [client.post(path).status_code for path in doors] == [404, 404, 404]
    MailAccount.objects.update(locked_at=None)
    assert b"4714" in client.get(pages[1]).content
    assert b"4716" in client.get(pages[2]).content


def test_inbox_and_settings_ask_to_reconnect(alice, dana, mailbox, private, signed_in):
    take_over(alice, dana)
    client = signed_in.as_(alice)
    assert "Connect your account again" in client.get("/mail/inbox/").content.decode()
    settings = client.get("/settings/email/").content.decode()
    assert reverse("mailsync:account_reconnect", args=[mailbox.key]) in settings
    for name in ("account", "diagnostics", "changes"):
        assert client.get(reverse(f"mailsync:{name}", args=[mailbox.key])).status_code == 404
    for name in ("pause", "resume", "folders"):
        url = reverse(f"mailsync:account_{name}", args=[mailbox.key])
        assert client.post(url).status_code == 404
    client.post(reverse("mailsync:account_reconnect", args=[mailbox.key]))
    assert AccountSetup.objects.get().account == mailbox


def test_colleagues_keep_what_was_shared_and_its_owner_does_not(alice, bob, dana, mailbox):
    deal = make_deal(alice)
    own_deal = make_deal(alice, visibility=ItemVisibility.OWNER)
    shared = make_thread(mailbox, visibility=ThreadVisibility.SHARED)
    link(shared, deal=deal)
    for_her_alone = make_thread(mailbox, visibility=ThreadVisibility.SHARED)
    link(for_her_alone, deal=own_deal)
    take_over(alice, dana)
    assert list(Thread.objects.visible_to(bob)) == [shared]
    assert not Thread.objects.visible_to(alice).exists()


def test_team_mail_closes_too(alice, bob, dana, mailbox):
    """dana works in no team and would read its mail by alice's login. Its others keep it."""
    team = make_account(dana, "sales@northwind.example", scope=AccountScope.TEAM)
    for user in (alice, bob):
        team.member_rows.create(user=user)
    thread = make_thread(team, visibility=ThreadVisibility.TEAM)
    assert list(Thread.objects.visible_to(alice)) == [thread]
    take_over(alice, dana)
    assert not Thread.objects.visible_to(alice).exists()
    assert list(Thread.objects.visible_to(bob)) == [thread]


@pytest.mark.parametrize("state", [AccountState.PAUSED, AccountState.DISABLED, AccountState.OK])
def test_lock_holds_whatever_the_account_was_doing(alice, dana, mailbox, private, state):
    MailAccount.objects.filter(pk=mailbox.pk).update(state=state)
    take_over(alice, dana)
    mailbox.refresh_from_db()
    accounts.resume(mailbox)
    people.deactivate(alice, by=dana)
    people.reactivate(alice, by=dana)
    alice.refresh_from_db()
    assert not Thread.objects.visible_to(alice).exists()
    mailbox.refresh_from_db()
    assert mailbox.locked_at
    assert mailbox.servers.get().secret == ""


def test_own_change_of_address_locks_nothing(alice, private):
    people.change_login_address(alice, email=NEW_ADDRESS, by=alice)
    assert Thread.objects.visible_to(alice).exists()


def test_connecting_again_opens_the_mail(alice, dana, mailbox, private):
    take_over(alice, dana)
    accounts.reconnect(mailbox, secrets={Direction.INCOMING: "s3cret"})
    mailbox.refresh_from_db()
    assert (mailbox.state, mailbox.locked_at) == (AccountState.OK, None)
    assert list(Thread.objects.visible_to(alice)) == [private]


def test_another_server_does_not_prove_the_password(alice, dana, mailbox, private):
    take_over(alice, dana)
    mailbox.refresh_from_db()
    setup = connecting.begin_again(mailbox, by=alice)
    for changed in ({"host": "imap.of-dana.example"}, {"user_name": "dana"}):
        servers = {**setup.servers, "incoming": {**setup.servers["incoming"], **changed}}
        with pytest.raises(AccountError):
            connecting.start_trial(setup, servers=servers, secret="any")
    connecting.start_trial(setup, servers=setup.servers, secret="s3cret")


def test_mail_of_a_removed_account_needs_its_own_server(alice, dana, mailbox, private):
    accounts.remove_account(mailbox, keep_mail=True)
    take_over(alice, dana)
    assert not Thread.objects.visible_to(alice).exists()
    elsewhere = Server("imap.of-dana.example", 993, "tls", "alice", "any")
    with pytest.raises(AccountError):
        accounts.connect_account(alice, address="alice@northwind.example", incoming=elsewhere)
    accounts.connect_account(alice, address="alice@northwind.example", incoming=SERVER)
    assert list(Thread.objects.visible_to(alice)) == [private]


def test_begun_setups_are_forgotten(alice, dana, mailbox):
    connecting.begin_again(mailbox, by=alice)
    take_over(alice, dana)
    assert not AccountSetup.objects.exists()


def test_who_comes_back_syncs_again(alice, dana, mailbox):
    paused = make_account(alice, "second@northwind.example", state=AccountState.PAUSED)
    removed = make_account(alice, "third@northwind.example")
    accounts.remove_account(removed, keep_mail=True)
    people.deactivate(alice, by=dana)
    mailbox.refresh_from_db()
    assert mailbox.state == AccountState.DISABLED
    people.reactivate(alice, by=dana)
    states = MailAccount.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [AccountState.OK, AccountState.PAUSED, AccountState.DISABLED]
    mailbox.refresh_from_db()
    assert mailbox.servers.get().secret
    assert mailbox.next_poll_at
    paused.refresh_from_db()
    assert paused.state == AccountState.PAUSED
