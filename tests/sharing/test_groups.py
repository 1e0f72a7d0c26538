from sharing.domain.groups import save_group
from sharing.models import VisibilityGroup
from users.models import User


def members(group: VisibilityGroup) -> set[User]:
    return {row.user for row in group.memberships.all()}


def test_membership_is_exactly_what_was_chosen_and_one_at_most(
    alice: User, bob: User, carol: User
) -> None:
    sales = save_group(VisibilityGroup(name="Sales"), members=[alice, bob])
    assert members(sales) == {alice, bob}
    service = save_group(VisibilityGroup(name="Service"), members=[bob, carol])
    assert (members(sales), members(service)) == ({alice}, {bob, carol})
    save_group(service, members=[carol])
    assert members(service) == {carol}
    sales.name = "Selling"
    save_group(sales, members=[])
    sales.refresh_from_db()
    assert (sales.name, members(sales)) == ("Selling", set())


def test_who_was_deactivated_keeps_his_place(alice: User, eve: User) -> None:
    group = save_group(VisibilityGroup(name="Sales"), members=[alice, eve])
    save_group(group, members=[])
    assert members(group) == {eve}
