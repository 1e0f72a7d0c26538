"""The accounts of the settings: who may open and change them, and what they say."""

import pytest
from django.urls import reverse

from mailsync.enums import AccountScope, AccountState
from mailsync.models import AccountMember, MailAccount
from tests.factories.mail import make_account

pytestmark = pytest.mark.django_db


OWN_PAGES = ["account", "account_card", "diagnostics", "changes", "account_remove"]
OWN_ACTS = [
    "account",
    "account_folders",
    "account_roles",
    "account_pause",
    "account_resume",
    "account_reconnect",
]


@pytest.mark.parametrize("name", OWN_PAGES)
def test_account_page_is_its_owners_alone(alice, bob, dana, account, signed_in, name):
    url = reverse(f"mailsync:{name}", args=[account.key])
    assert signed_in.as_(alice).get(url).status_code == 200
    assert signed_in.as_(bob).get(url).status_code == 404
    assert signed_in.as_(dana).get(url).status_code == 404


@pytest.mark.parametrize("name", [*OWN_ACTS, "account_remove"])
def test_account_is_its_owners_to_change(bob, dana, account, signed_in, name):
    before = MailAccount.objects.filter(pk=account.pk).values().get()
    url = reverse(f"mailsync:{name}", args=[account.key])
    for other in (bob, dana):
        response = signed_in.as_(other).post(url, {"address": account.address, "mail": "delete"})
        assert response.status_code == 404
    assert MailAccount.objects.filter(pk=account.pk).values().get() == before


@pytest.mark.parametrize("path", ["accounts", "account_add", "blocked", "where", "unreadable"])
def test_page_opens_with_and_without_an_account(alice, bob, account, signed_in, path):
    for user in (alice, bob):
        assert signed_in.as_(user).get(reverse(f"mailsync:{path}")).status_code == 200


def test_list_names_ones_own_accounts_alone(alice, bob, account, signed_in):
    url = reverse("mailsync:accounts")
    assert account.address in signed_in.as_(alice).get(url).content.decode()
    assert account.address not in signed_in.as_(bob).get(url).content.decode()


def test_trouble_is_said_in_a_sentence(alice, account, signed_in):
    account.state, account.error_code = AccountState.AUTH_FAILED, "sign_in_refused"
    account.save()
    text = signed_in.as_(alice).get(reverse("mailsync:accounts")).content.decode()
    assert "refused this user name and password" in text
    assert "Reconnect" in text


def test_member_of_a_team_account_sees_but_does_not_change_it(bob, dana, signed_in):
    team = make_account(dana, "sales@northwind.example", scope=AccountScope.TEAM)
    AccountMember.objects.create(account=team, user=bob)
    client = signed_in.as_(bob)
    assert client.get(reverse("mailsync:diagnostics", args=[team.key])).status_code == 200
    assert client.post(reverse("mailsync:account_pause", args=[team.key])).status_code == 404
    team.refresh_from_db()
    assert team.state == AccountState.OK


def test_pause_and_resume(alice, account, signed_in):
    client = signed_in.as_(alice)
    client.post(reverse("mailsync:account_pause", args=[account.key]))
    account.refresh_from_db()
    assert account.state == AccountState.PAUSED
    client.post(reverse("mailsync:account_resume", args=[account.key]))
    account.refresh_from_db()
    assert account.state == AccountState.OK


def test_settings_are_saved(alice, account, signed_in):
    client = signed_in.as_(alice)
    url = reverse("mailsync:account", args=[account.key])
    response = client.post(
        url, {"sender_name": "Alice", "default_visibility": "private", "mirror_archive": "on"}
    )
    assert response.status_code == 303
    account.refresh_from_db()
    assert (account.sender_name, account.default_visibility) == ("Alice", "private")
    assert account.mirror_archive
    assert account.sync_since is None


def test_removal_wants_the_address_typed(alice, account, signed_in):
    client = signed_in.as_(alice)
    url = reverse("mailsync:account_remove", args=[account.key])
    assert client.post(url, {"address": "other@x.example", "mail": "keep"}).status_code == 422
    account.refresh_from_db()
    assert account.state == AccountState.OK
    assert client.post(url, {"address": account.address, "mail": "keep"}).status_code == 303
    account.refresh_from_db()
    assert account.state == AccountState.DISABLED
