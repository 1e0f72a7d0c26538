"""Administrators' acts on users: invitations, roles, addresses, coming and going."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone

from common.opaque import seal
from users.domain import invitations, people
from users.enums import Role
from users.errors import LastAdministratorError, UserDeletionError
from users.models import AddressNotice, Invitation, ResetRequest, Team, User, UserChange
from users.signals import login_address_changed, user_deactivated

NEW = {"name": "Frida", "password": "eight words or so", "time_zone": "UTC"}


@pytest.fixture
def heard() -> Any:
    """Signals that arrived, by name."""
    names: list[str] = []

    def deactivated(**given: Any) -> None:
        names.append(f"deactivated {given['user'].name}")

    def moved(**given: Any) -> None:
        names.append(f"moved {given['user'].name}")

    user_deactivated.connect(deactivated)
    login_address_changed.connect(moved)
    yield names
    user_deactivated.disconnect(deactivated)
    login_address_changed.disconnect(moved)


def link_in(letter: mail.EmailMessage) -> str:
    found = re.search(r"http://127\.0\.0\.1:8000(/\S+)", letter.body)
    assert found
    return found[1]


@pytest.fixture
def invited(dana: User, signed_in: Any, django_capture_on_commit_callbacks: Any) -> str:
    """The link that frida got."""
    with django_capture_on_commit_callbacks(execute=True):
        response = signed_in.as_(dana).post(
            "/settings/users/invite/", {"email": "Frida@northwind.example", "role": "administrator"}
        )
    assert response.status_code == 303
    assert mail.outbox[-1].to == ["frida@northwind.example"]
    return link_in(mail.outbox[-1])


def test_invitation_is_used_once(invited: str, dana: User) -> None:
    assert Client().get(invited).status_code == 200
    assert Client().get(invited).status_code == 200, "opening it does not use it up"
    response = Client().post(invited, NEW)
    assert (response.status_code, response["Location"]) == (303, "/welcome/")
    frida = User.objects.get(email="frida@northwind.example")
    assert (frida.role, frida.is_staff) == (Role.ADMINISTRATOR, False)
    assert Client().get(invited).status_code == 410
    assert Client().post(invited, NEW).status_code == 410
    token = invited.split("/")[2]
    assert not Invitation.objects.filter(token_digest__contains=token).exists()


def test_invitation_ends_after_72_hours(invited: str) -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=72, seconds=5)):
        assert Client().get(invited).status_code == 410
        assert Client().post(invited, NEW).status_code == 410


def test_new_link_stops_the_old_one(
    invited: str, dana: User, signed_in: Any, django_capture_on_commit_callbacks: Any
) -> None:
    number = Invitation.objects.get().pk
    with django_capture_on_commit_callbacks(execute=True):
        signed_in.as_(dana).post(f"/settings/users/invitations/{number}/resend/")
    assert Client().get(invited).status_code == 410
    assert Client().get(link_in(mail.outbox[-1])).status_code == 200


def test_withdrawn_invitation_is_dead_and_address_free_again(
    invited: str, dana: User, signed_in: Any
) -> None:
    client = signed_in.as_(dana)
    again = {"email": "frida@northwind.example", "role": "member"}
    assert client.post("/settings/users/invite/", again).status_code == 422
    client.post(f"/settings/users/invitations/{Invitation.objects.get().pk}/withdraw/")
    assert Client().post(invited, NEW).status_code == 410
    assert client.post("/settings/users/invite/", again).status_code == 303


def test_accepting_twice_at_once_makes_one_user(invited: str) -> None:
    invitation = invitations.find(invited.split("/")[2])
    assert invitation
    invitations.accept(invitation, **NEW)
    with pytest.raises(invitations.InvitationError):
        invitations.accept(invitation, **NEW)


def test_address_of_a_user_is_not_invited(dana: User, alice: User, signed_in: Any) -> None:
    data = {"email": "ALICE@northwind.example", "role": "member"}
    assert signed_in.as_(dana).post("/settings/users/invite/", data).status_code == 422
    assert not Invitation.objects.exists()


def test_last_administrator_stays(dana: User, alice: User, signed_in: Any) -> None:
    with pytest.raises(LastAdministratorError):
        people.deactivate(dana, by=dana)
    with pytest.raises(LastAdministratorError):
        people.change_role(dana, role=Role.MEMBER, by=dana)
    client = signed_in.as_(dana)
    page = client.post(f"/settings/users/{dana.pk}/role/", {"role": "member"})
    assert page.status_code == 422
    assert b"last administrator" in page.content
    client.post(f"/settings/users/{dana.pk}/deactivate/")
    dana.refresh_from_db()
    assert dana.is_administrator
    people.change_role(alice, role=Role.ADMINISTRATOR, by=dana)
    people.change_role(dana, role=Role.MEMBER, by=dana)
    assert not User.objects.get(pk=dana.pk).is_administrator


def test_deactivation_ends_everything_and_can_be_undone(
    alice: User, dana: User, signed_in: Any, heard: list[str]
) -> None:
    hers, client = signed_in.as_(alice), signed_in.as_(dana)
    assert hers.get("/settings/").status_code == 200
    client.post(f"/settings/users/{alice.pk}/deactivate/")
    assert hers.get("/settings/").status_code == 302
    assert heard == ["deactivated Alice"]
    client.post(f"/settings/users/{alice.pk}/deactivate/")
    assert heard == ["deactivated Alice"], "a repeat changes nothing"
    client.post(f"/settings/users/{alice.pk}/reactivate/")
    alice.refresh_from_db()
    assert (alice.is_active, alice.deactivated_at) == (True, None)
    kinds = list(UserChange.objects.filter(user=alice).values_list("kind", flat=True))
    assert kinds == ["reactivated", "deactivated"]


def test_users_are_never_deleted(alice: User) -> None:
    with pytest.raises(UserDeletionError):
        alice.delete()
    with pytest.raises(UserDeletionError):
        User.objects.filter(pk=alice.pk).delete()
    assert User.objects.filter(pk=alice.pk).exists()


def test_address_changed_by_an_administrator_locks_and_tells(
    alice: User,
    dana: User,
    signed_in: Any,
    heard: list[str],
    django_capture_on_commit_callbacks: Any,
) -> None:
    hers = signed_in.as_(alice)
    assert hers.get("/settings/").status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        signed_in.as_(dana).post(
            f"/settings/users/{alice.pk}/address/", {"email": "new@northwind.example"}
        )
    assert hers.get("/settings/").status_code == 302
    assert heard == ["moved Alice"]
    told = sorted(letter.to[0] for letter in mail.outbox)
    assert told == ["alice@northwind.example", "new@northwind.example"]
    assert not AddressNotice.objects.exists()


def test_own_address_locks_nothing(dana: User, heard: list[str]) -> None:
    people.change_login_address(dana, email="d@northwind.example", by=dana)
    assert heard == []


def test_taken_address_is_refused(alice: User, bob: User, dana: User, signed_in: Any) -> None:
    url = f"/settings/users/{alice.pk}/address/"
    assert signed_in.as_(dana).post(url, {"email": bob.email.upper()}).status_code == 422
    alice.refresh_from_db()
    assert alice.email == "alice@northwind.example"


def test_reset_by_an_administrator_goes_to_the_user_alone(
    alice: User, dana: User, signed_in: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        page = signed_in.as_(dana).post(f"/settings/users/{alice.pk}/reset/", follow=True)
    assert [letter.to for letter in mail.outbox] == [[alice.email]]
    assert link_in(mail.outbox[0]).encode() not in page.content
    assert seal("user", alice.pk).encode() not in page.content
    assert not ResetRequest.objects.exists()


def test_team_keeps_exactly_the_ticked_people(
    alice: User, bob: User, dana: User, eve: User, signed_in: Any
) -> None:
    client = signed_in.as_(dana)
    data = {"name": "North", "members": [alice.pk], "managers": [bob.pk]}
    assert client.post("/settings/teams/new/", data).status_code == 303
    team = Team.objects.get()
    team.memberships.create(user=eve)
    assert set(team.memberships.values_list("user__name", "is_manager")) == {
        ("Alice", False), ("Bob", True), ("Eve", False),
    }  # fmt: skip
    assert client.get("/settings/users/").content.count(b"Manager of North") == 1
    assert b"(manager)" in client.get(f"/settings/users/{bob.pk}/").content
    assert b"(manager)" not in client.get(f"/settings/users/{alice.pk}/").content
    client.post(f"/settings/teams/{team.pk}/", {"name": "North", "managers": [alice.pk]})
    assert set(team.memberships.values_list("user__name", "is_manager")) == {
        ("Alice", True), ("Eve", False),
    }  # fmt: skip
    assert client.post(f"/settings/teams/{team.pk}/", {"name": ""}).status_code == 422
    client.post(f"/settings/teams/{team.pk}/delete/")
    assert not Team.objects.exists()
    assert User.objects.filter(pk=alice.pk).exists()


@pytest.mark.parametrize("count", [1, 3])
def test_user_list_asks_a_constant_number_of_queries(
    count: int, dana: User, signed_in: Any, django_assert_num_queries: Any
) -> None:
    team = Team.objects.create(name="North")
    for number in range(count):
        user = User.objects.create_user(f"u{number}@northwind.example", None, name=f"U{number}")
        team.memberships.create(user=user)
        Invitation.objects.create(
            email=f"i{number}@x.example",
            token_digest=str(number),
            invited_by=dana,
            expires_at=timezone.now(),
        )
    client = signed_in.as_(dana)
    with django_assert_num_queries(6):
        client.get("/settings/users/")
