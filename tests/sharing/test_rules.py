"""Who sees a record: the rule restated plainly, and compared on random companies."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from crm.models import Person
from sharing.enums import ItemVisibility
from sharing.models import GroupMembership, VisibilityGroup
from sharing.rules import in_charge
from tests.factories.crm import make_person
from tests.factories.users import make_user
from users.enums import Role
from users.models import Team, User

ROLES = (Role.ADMINISTRATOR, Role.MEMBER, Role.MEMBER)
# Teams in which somebody is, and whether he manages them.
places = st.dictionaries(st.integers(0, 1), st.booleans())
member = st.tuples(st.sampled_from(ROLES), st.booleans(), st.sampled_from([None, 0, 1]), places)
record = st.tuples(st.integers(0, 4), st.sampled_from(list(ItemVisibility)), st.booleans())


def manages(viewer: User, owner_id: int, places_of: dict[int, dict[int, bool]]) -> bool:
    mine, theirs = places_of[viewer.pk], places_of[owner_id]
    return any(is_manager and team in theirs for team, is_manager in mine.items())


def sees(
    viewer: User,
    person: Person,
    group_of: dict[int, int | None],
    places_of: dict[int, dict[int, bool]],
) -> bool:
    """The rule in words: the bin is nobody's; a deactivated user sees nothing; administrators
    see all; otherwise the owner, the managers of his teams, the company, or those of the owner's
    group."""
    if person.deleted_at or not viewer.is_active:
        return False
    if viewer.role == Role.ADMINISTRATOR or person.owner_id == viewer.pk:
        return True
    if manages(viewer, person.owner_id, places_of):
        return True
    if person.visibility == ItemVisibility.COMPANY:
        return True
    together = group_of[viewer.pk] is not None and group_of[viewer.pk] == group_of[person.owner_id]
    return person.visibility == ItemVisibility.GROUP and together


class RandomCompanies(TestCase):
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(people=st.lists(member, min_size=5, max_size=5), records=st.lists(record, max_size=8))
    def test_visible_to_equals_the_plain_rule(
        self,
        people: list[tuple[str, bool, int | None, dict[int, bool]]],
        records: list[tuple[int, str, bool]],
    ) -> None:
        groups = [VisibilityGroup.objects.create(name=f"G{number}") for number in range(2)]
        teams = [Team.objects.create(name=f"T{number}") for number in range(2)]
        users, group_of, places_of = [], {}, {}
        for number, (role, active, group, places) in enumerate(people):
            user = make_user(f"u{number}@x.example", role=role, is_active=active)
            if group is not None:
                GroupMembership.objects.create(user=user, group=groups[group])
            users.append(user)
            for team, is_manager in places.items():
                teams[team].memberships.create(user=user, is_manager=is_manager)
            group_of[user.pk] = group
            places_of[user.pk] = places
        made = []
        for number, (owner, visibility, deleted) in enumerate(records):
            person = make_person(users[owner], name=f"P{number}", address="", visibility=visibility)
            if deleted:
                person.deleted_at = person.created_at
                person.save(update_fields=["deleted_at"])
            made.append(person)
        for viewer in users:
            found = list(Person.objects.visible_to(viewer).values_list("pk", flat=True))
            wanted = {p.pk for p in made if sees(viewer, p, group_of, places_of)}
            assert set(found) == wanted
            own = set(Person.objects.filter(in_charge(viewer)).values_list("pk", flat=True))
            assert (
                own
                == {
                    person.pk
                    for person in made
                    if person.owner_id == viewer.pk
                    or viewer.is_administrator
                    or manages(viewer, person.owner_id, places_of)
                }
                or not viewer.is_active
            )
            assert len(found) == len(wanted), "no row comes twice"
        assert not Person.objects.visible_to(AnonymousUser()).exists()


def test_rule_needs_no_join(alice: User) -> None:
    sql = str(Person.objects.visible_to(alice).values("pk").query)
    assert "JOIN" not in sql.split("WHERE", maxsplit=1)[0]
    assert "DISTINCT" not in sql


@pytest.fixture
def group(alice: User, bob: User, carol: User) -> VisibilityGroup:
    group = VisibilityGroup.objects.create(name="North")
    for user in (alice, bob):
        GroupMembership.objects.create(user=user, group=group)
    return group


def test_right_ends_with_each_change(
    group: VisibilityGroup, alice: User, bob: User, carol: User
) -> None:
    person = make_person(alice, visibility=ItemVisibility.GROUP)

    def seen_by_bob() -> bool:
        return Person.objects.visible_to(User.objects.get(pk=bob.pk)).exists()

    assert seen_by_bob()
    assert not Person.objects.visible_to(carol).exists()
    GroupMembership.objects.filter(user=bob).delete()
    assert not seen_by_bob()
    GroupMembership.objects.create(user=bob, group=group)
    assert seen_by_bob()
    Person.objects.update(visibility=ItemVisibility.OWNER)
    assert not seen_by_bob()
    Person.objects.update(visibility=ItemVisibility.COMPANY)
    assert seen_by_bob()
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert not seen_by_bob()
    User.objects.filter(pk=bob.pk).update(is_active=True)
    Person.objects.update(visibility=ItemVisibility.GROUP, owner=carol)
    assert not seen_by_bob()
    assert Person.objects.get() == person


def test_group_pages_make_move_and_remove(
    group: VisibilityGroup, alice: User, carol: User, dana: User, signed_in: Any
) -> None:
    client = signed_in.as_(dana)
    assert b"Alice (now in North)" in client.get("/settings/groups/new/").content
    data = {"name": "South", "members": [alice.pk, carol.pk]}
    assert client.post("/settings/groups/new/", data).status_code == 303
    south = VisibilityGroup.objects.get(name="South")
    members = GroupMembership.objects.order_by("user__name")
    assert list(members.values_list("user__name", "group__name")) == [
        ("Alice", "South"),
        ("Bob", "North"),
        ("Carol", "South"),
    ]
    client.post(f"/settings/groups/{south.pk}/", {"name": "South", "members": [carol.pk]})
    assert list(south.memberships.values_list("user__name", flat=True)) == ["Carol"]
    assert client.post("/settings/groups/new/", {"name": "South"}).status_code == 422
    client.post(f"/settings/groups/{south.pk}/delete/")
    assert not VisibilityGroup.objects.filter(pk=south.pk).exists()
    assert b"North" in client.get("/settings/groups/").content
