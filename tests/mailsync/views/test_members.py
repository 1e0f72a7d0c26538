"""Who works in a team account: chosen by administrators who work there themselves."""

from typing import Any

import pytest
from django.urls import reverse

from mailsync.enums import AccountScope
from mailsync.models import MailAccount, Thread
from notifications.models import LiveEvent
from sharing.enums import ThreadVisibility
from tests.factories.mail import make_account, make_thread
from users.domain import people

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(dana: Any, bob: Any) -> MailAccount:
    found = make_account(dana, "sales@northwind.example", scope=AccountScope.TEAM)
    for user in (dana, bob):
        found.member_rows.create(user=user)
    return found


@pytest.fixture
def own(team: MailAccount) -> Thread:
    return make_thread(team, "Team canary", visibility=ThreadVisibility.TEAM)


def path_of(team: MailAccount) -> str:
    return reverse("mailsync:account_members", args=[team.key])


def members_of(team: MailAccount) -> set[int]:
    return set(team.member_rows.values_list("user", flat=True))


def test_one_comes_and_one_goes_at_once(
    team: MailAccount, own: Thread, bob: Any, carol: Any, dana: Any, signed_in: Any
) -> None:
    client = signed_in.as_(dana)
    page = client.get(reverse("mailsync:account", args=[team.key])).content.decode()
    assert "Who works in this account" in page
    seen = {user: Thread.objects.visible_to(user).exists() for user in (bob, carol)}
    assert seen == {bob: True, carol: False}
    answer = client.post(path_of(team), {"members": [dana.pk, carol.pk]})
    assert answer.status_code == 303
    assert members_of(team) == {dana.pk, carol.pk}
    seen = {user: Thread.objects.visible_to(user).exists() for user in (bob, carol)}
    assert seen == {bob: False, carol: True}
    rung = set(LiveEvent.objects.values_list("user", flat=True))
    assert rung == {bob.pk, carol.pk}
    assert team.events.get().detail == {"number": 2}


def test_twice_is_once(team: MailAccount, bob: Any, dana: Any, signed_in: Any) -> None:
    client = signed_in.as_(dana)
    for _ in range(2):
        assert client.post(path_of(team), {"members": [dana.pk, bob.pk]}).status_code == 303
    assert members_of(team) == {dana.pk, bob.pk}
    assert not team.events.exists()


def test_somebody_stays_and_who_left_the_company_is_no_choice(
    team: MailAccount, bob: Any, dana: Any, eve: Any, signed_in: Any
) -> None:
    client = signed_in.as_(dana)
    for given in ({}, {"members": [eve.pk]}, {"members": [999_999]}):
        answer = client.post(path_of(team), given)
        assert answer.status_code == 422
        assert members_of(team) == {dana.pk, bob.pk}
    assert client.get(path_of(team)).status_code == 405


def test_not_by_members_nor_by_administrators_outside(
    team: MailAccount, bob: Any, carol: Any, dana: Any, signed_in: Any
) -> None:
    """Else an administrator would let himself in to read a team's mail."""
    team.member_rows.filter(user=dana).delete()
    for user in (bob, carol, dana):
        assert signed_in.as_(user).post(path_of(team), {"members": [user.pk]}).status_code == 404
    assert members_of(team) == {bob.pk}


def test_who_takes_himself_out_lands_where_he_may_be(
    team: MailAccount, bob: Any, dana: Any, signed_in: Any
) -> None:
    answer = signed_in.as_(dana).post(path_of(team), {"members": [bob.pk]})
    assert answer["Location"] == reverse("mailsync:accounts")


def test_personal_accounts_have_no_members(alice: Any, bob: Any, signed_in: Any) -> None:
    account = make_account(alice)
    client = signed_in.as_(alice)
    page = client.get(reverse("mailsync:account", args=[account.key])).content.decode()
    assert "Who works in this account" not in page
    assert client.post(path_of(account), {"members": [bob.pk]}).status_code == 404


def test_login_that_an_administrator_takes_over_opens_no_teams_mail(
    team: MailAccount, own: Thread, bob: Any, dana: Any, signed_in: Any
) -> None:
    """dana works in no team; with bob's login she would read one's mail."""
    team.member_rows.filter(user=dana).delete()
    client = signed_in.as_(bob)
    assert b"Team canary" in client.get("/mail/inbox/").content
    people.change_login_address(bob, email="dana.second@northwind.example", by=dana)
    bob.refresh_from_db()
    client = signed_in.as_(bob)
    for path in ("/mail/inbox/", "/mail/all/", reverse("inbox:thread", args=[own.key])):
        answer = client.get(path)
        assert b"Team canary" not in answer.content, path
    assert answer.status_code == 404
    assert team.events.get().code == "member_address_changed"


def test_own_change_of_address_ends_no_membership(team: MailAccount, bob: Any) -> None:
    people.change_login_address(bob, email="bob.second@northwind.example", by=bob)
    assert bob.pk in members_of(team)
