from datetime import timedelta

import pytest
from django.utils import timezone

from mailsync.domain import accounts, leavers
from mailsync.domain.accounts import Server
from mailsync.enums import AccountScope, AccountState
from mailsync.models import AccountMember, AccountSetup, Thread
from sharing.enums import ThreadVisibility
from tests.factories.crm import make_person
from tests.factories.mail import link, make_account, make_thread
from users.signals import login_address_changed, user_deactivated, user_reactivated

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_queued(monkeypatch):
    monkeypatch.setattr("mailsync.tasks.sync_account.delay_on_commit", lambda *_: None)


def connect(user):
    server = Server("imap.northwind.example", 993, "tls", user.name, "s3cret")
    return accounts.connect_account(user, address=user.email, incoming=server)


def test_deactivated_user_stops_syncing_and_loses_unshared_mail_later(alice):
    account = make_account(alice)
    person = make_person(alice)
    kept = make_thread(account, visibility=ThreadVisibility.SHARED)
    link(kept, person=person)
    private = make_thread(account, visibility=ThreadVisibility.PRIVATE)
    link(private, person=person)
    make_thread(account, visibility=ThreadVisibility.SHARED)
    user_deactivated.send(sender=None, user=alice)
    account.refresh_from_db()
    assert account.state == AccountState.DISABLED
    assert Thread.objects.count() == 3
    assert leavers.erase_unshared_mail_of(alice) == 2
    assert list(Thread.objects.all()) == [kept]


def test_passwords_of_who_left_go_with_the_mail(alice, bob):
    left, stayed = connect(alice), connect(bob)
    AccountSetup.objects.create(user=alice, address="second@northwind.example")
    user_deactivated.send(sender=None, user=alice)
    assert left.servers.get().secret
    leavers.erase_unshared_mail_of(alice)
    assert left.servers.get().secret == ""
    assert stayed.servers.get().secret
    assert not AccountSetup.objects.exists()


def test_changed_login_address_locks_personal_accounts(alice, dana):
    account = connect(alice)
    login_address_changed.send(sender=None, user=alice, by=dana)
    account.refresh_from_db()
    assert account.state == AccountState.AUTH_FAILED
    assert account.servers.get().secret == ""


def test_mail_of_leavers_goes_after_thirty_days(alice, bob, carol):
    for user, days in ((alice, 31), (bob, 29)):
        make_thread(make_account(user))
        type(user).objects.filter(pk=user.pk).update(
            is_active=False, deactivated_at=timezone.now() - timedelta(days=days)
        )
    make_thread(make_account(carol))
    assert leavers.erase_mail_of_leavers() == 1
    assert set(Thread.objects.values_list("account__owner", flat=True)) == {bob.pk, carol.pk}
    assert leavers.erase_mail_of_leavers() == 0


def test_what_he_had_paused_himself_comes_back_paused(alice):
    paused, running = make_account(alice), make_account(alice, "second@northwind.example")
    accounts.pause(paused)
    user_deactivated.send(sender=None, user=alice)
    user_reactivated.send(sender=None, user=alice)
    paused.refresh_from_db()
    running.refresh_from_db()
    assert (paused.state, running.state) == (AccountState.PAUSED, AccountState.OK)


def test_a_team_account_goes_on_without_him(alice, bob):
    team = make_account(alice, "sales@northwind.example", scope=AccountScope.TEAM)
    for user in (alice, bob):
        AccountMember.objects.create(account=team, user=user)
    user_deactivated.send(sender=None, user=alice)
    team.refresh_from_db()
    assert team.state == AccountState.OK
    assert [row.user for row in team.member_rows.all()] == [bob]
