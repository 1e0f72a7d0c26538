"""Random companies, and the rule of who sees what restated in plain Python."""

from copy import copy
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from hypothesis import strategies as st

from crm.models import Board, Lead, PersonEmail, Phase, Project
from mailsync.enums import AccountScope, AccountState, LinkOrigin
from mailsync.models import MailAccount, Thread, ThreadLink
from sharing.enums import ItemVisibility, ThreadVisibility
from sharing.models import GroupMembership, VisibilityGroup
from tests.factories.crm import make_deal, make_organization, make_person
from tests.factories.mail import make_account, make_thread
from tests.factories.users import make_user
from users.enums import Role
from users.models import Team, User

# Of conversations, by their number: words that occur nowhere else.
NAMES = ("quokka", "narwhal", "axolotl", "okapi", "tapir")
KINDS = ("person", "organization", "deal", "lead", "project")
people = st.lists(
    st.tuples(
        st.sampled_from([Role.ADMINISTRATOR, Role.MEMBER, Role.MEMBER]),
        st.sampled_from([True, True, True, False]),
        st.sampled_from([None, 0, 1]),
        # The number of a team, and whether he manages it.
        st.sampled_from([None, (0, False), (0, True), (1, False), (1, True)]),
    ),
    min_size=5,
    max_size=5,
)
somebody = st.integers(0, 4)
records = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        somebody,
        st.sampled_from(list(ItemVisibility)),
        st.sampled_from([False, False, True]),  # in the bin
        st.sampled_from([False, False, True]),  # a person with an address of one of our users
    ),
    min_size=1,
    max_size=6,
)
accounts = st.lists(
    st.tuples(
        somebody,
        st.booleans(),  # of a team
        st.sets(somebody, max_size=3),
        st.sampled_from([False, False, True]),  # locked
        st.sampled_from([AccountState.OK, AccountState.PAUSED, AccountState.REMOVING]),
    ),
    min_size=1,
    max_size=3,
)
threads = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from([ThreadVisibility.SHARED, ThreadVisibility.SHARED, "own"]),
        st.sampled_from([False, False, True]),  # in the trash
        st.sampled_from([False, False, True]),  # merged into another one
        st.lists(
            st.tuples(
                st.integers(0, 5),
                st.sampled_from([False, False, True]),  # removed
                st.sampled_from([False, False, True]),  # made by an address that is ours now
            ),
            max_size=3,
        ),
    ),
    min_size=1,
    max_size=5,
)


# A company in which each clause of the rule decides about somebody: tried before the random ones.
_DEAL, _PERSON = (0, False, False), (1, False, False)
EVERY_CLAUSE: dict[str, Any] = {
    "people": [
        (Role.MEMBER, True, 0, None),
        (Role.MEMBER, True, 0, (0, False)),
        (Role.MEMBER, True, None, (0, True)),
        (Role.ADMINISTRATOR, True, None, None),
        (Role.MEMBER, False, 0, (0, True)),
    ],
    "records": [
        ("deal", 0, ItemVisibility.GROUP, False, False),
        ("person", 0, ItemVisibility.COMPANY, False, True),
        ("lead", 0, ItemVisibility.COMPANY, True, False),
        ("project", 1, ItemVisibility.OWNER, False, False),
        ("organization", 0, ItemVisibility.COMPANY, False, False),
    ],
    "accounts": [
        (0, False, set(), False, AccountState.OK),
        (1, False, set(), True, AccountState.OK),
        (0, True, {2}, False, AccountState.OK),
    ],
    "threads": [
        (0, ThreadVisibility.SHARED, False, False, [_DEAL]),
        (0, ThreadVisibility.SHARED, True, False, [_DEAL, _PERSON]),
        (0, ThreadVisibility.SHARED, False, False, [_PERSON, (2, False, False), (4, False, True)]),
        (1, ThreadVisibility.SHARED, False, False, [(3, False, False), (4, True, False)]),
        (2, ThreadVisibility.SHARED, False, False, [(4, False, False)]),
    ],
}


@dataclass
class World:
    """The company in plain rows, beside the database."""

    users: list[User] = field(default_factory=list)
    group_of: dict[int, int | None] = field(default_factory=dict)
    place_of: dict[int, tuple[int, bool] | None] = field(default_factory=dict)
    records: list[Any] = field(default_factory=list)
    internal: set[int] = field(default_factory=set)  # numbers of persons with our addresses
    accounts: list[MailAccount] = field(default_factory=list)
    members: dict[int, set[int]] = field(default_factory=dict)
    threads: list[Thread] = field(default_factory=list)
    # thread -> number of the record, whether it stands, whether it opens the thread
    links: dict[int, list[tuple[int, bool, bool]]] = field(default_factory=dict)


def sees_record(world: World, viewer: User, record: Any) -> bool:
    if record.deleted_at:
        return False
    if viewer.role == Role.ADMINISTRATOR or record.owner_id == viewer.pk:
        return True
    if record.visibility == ItemVisibility.COMPANY:
        return True
    mine = world.group_of[viewer.pk]
    is_together = mine is not None and mine == world.group_of[record.owner_id]
    if record.visibility == ItemVisibility.GROUP and is_together:
        return True
    return manages(world.place_of[viewer.pk], world.place_of[record.owner_id])


def manages(manager: tuple[int, bool] | None, person: tuple[int, bool] | None) -> bool:
    """Whether the one in the first place manages the one in the second."""
    return bool(manager and person and manager[1] and manager[0] == person[0])


def is_his(world: World, viewer: User, account: MailAccount) -> bool:
    """His own account or his team's, whether or not it is locked."""
    if account.state == AccountState.REMOVING:
        return False
    if account.scope == AccountScope.TEAM:
        return viewer.pk in world.members[account.pk]
    return account.owner_id == viewer.pk


def sees_thread(world: World, viewer: User, thread: Thread) -> bool:
    """The rule in words: the owner and the members always, unless the account is locked; others
    when it is shared, neither deleted nor merged away, and linked by a standing link to a record
    that they see. A link to a person who is one of us opens nothing, nor does one that an address
    of ours has made."""
    if not viewer.is_active:
        return False
    account = next(one for one in world.accounts if one.pk == thread.account_id)
    if is_his(world, viewer, account):
        return account.locked_at is None
    if thread.visibility != ThreadVisibility.SHARED or thread.trashed_at or thread.merged_into_id:
        return False
    return any(
        stands
        and opens
        and number not in world.internal
        and sees_record(world, viewer, world.records[number])
        for number, stands, opens in world.links[thread.pk]
    )


def make_world(people: Any, records: Any, accounts: Any, threads: Any) -> World:
    world = World()
    groups = [VisibilityGroup.objects.create(name=f"G{number}") for number in range(2)]
    teams = [Team.objects.create(name=f"T{number}") for number in range(2)]
    for number, (role, is_active, group, place) in enumerate(people):
        user = make_user(f"u{number}@x.example", role=role, is_active=is_active)
        if group is not None:
            GroupMembership.objects.create(user=user, group=groups[group])
        world.users.append(user)
        if place is not None:
            teams[place[0]].memberships.create(user=user, is_manager=place[1])
        world.group_of[user.pk] = group
        world.place_of[user.pk] = place
    for number, (kind, owner, visibility, in_bin, is_ours) in enumerate(records):
        record = make_record(kind, world.users[owner], visibility, name=f"Rec{number}x")
        if in_bin:
            record.deleted_at = timezone.now()
            record.save(update_fields=["deleted_at"])
        if kind == "person" and is_ours:
            PersonEmail.objects.create(person=record, address=world.users[number % 5].email)
            world.internal.add(number)
        world.records.append(record)
    for number, (owner, is_team, members, is_locked, state) in enumerate(accounts):
        account = make_account(
            world.users[owner],
            f"box{number}@x.example",
            scope=AccountScope.TEAM if is_team else AccountScope.PERSONAL,
            state=state,
            locked_at=timezone.now() if is_locked else None,
        )
        world.members[account.pk] = {world.users[one].pk for one in members} if is_team else set()
        for pk in world.members[account.pk]:
            account.member_rows.create(user_id=pk)
        world.accounts.append(account)
    for where, visibility, in_trash, is_merged, links in threads:
        account = world.accounts[where % len(world.accounts)]
        is_team = account.scope == AccountScope.TEAM
        own = ThreadVisibility.TEAM if is_team else ThreadVisibility.PRIVATE
        number = len(world.threads)
        thread = make_thread(
            account,
            f"Peregrine {NAMES[number]}",
            sender=(NAMES[number], f"{NAMES[number]}@acme.example"),
            visibility=own if visibility == "own" else visibility,
            trashed_at=timezone.now() if in_trash else None,
            in_trash=in_trash,
            in_inbox=not in_trash,
            merged_into=next(
                (
                    one
                    for one in world.threads
                    if is_merged and one.account_id == account.pk and not one.merged_into_id
                ),
                None,
            ),
        )
        world.threads.append(thread)
        world.links[thread.pk] = make_links(thread, links, world)
    return world


def make_record(kind: str, owner: User, visibility: str, *, name: str) -> Any:
    if kind == "person":
        return make_person(owner, name, address="", visibility=visibility)
    if kind == "organization":
        return make_organization(owner, name, visibility=visibility)
    if kind == "deal":
        return make_deal(owner, name, visibility=visibility)
    if kind == "lead":
        return Lead.objects.create(owner=owner, title=name, visibility=visibility)
    board, _ = Board.objects.get_or_create(name="Delivery")
    phase, _ = Phase.objects.get_or_create(board=board, name="Plan")
    return Project.objects.create(
        owner=owner, title=name, board=board, phase=phase, visibility=visibility
    )


def make_links(thread: Thread, links: Any, world: World) -> list[tuple[int, bool, bool]]:
    made = {}
    for number, is_removed, is_by_us in links:
        at = number % len(world.records)
        if at in made:
            continue
        made[at] = (at, not is_removed, not is_by_us)
        record = world.records[at]
        ThreadLink.objects.create(
            thread=thread,
            origin=LinkOrigin.ADDRESS if is_by_us else LinkOrigin.HAND,
            address=world.users[0].email if is_by_us else "",
            removed_at=timezone.now() if is_removed else None,
            **{record._meta.model_name: record},
        )
    return list(made.values())


def may(world: World, user: User, thread: Thread) -> bool:
    """Whether the user sees the thread, or would as soon as his account is connected again."""
    account = next(one for one in world.accounts if one.pk == thread.account_id)
    return is_his(world, user, account) or sees_thread(world, user, thread)


def sees_when_shared(world: World, viewer: User, thread: Thread) -> bool:
    """Whether a colleague, whose mail it is not, would see it if it were shared."""
    shared = copy(thread)
    shared.visibility = ThreadVisibility.SHARED
    return sees_thread(world, viewer, shared)


def own_threads(world: World, viewer: User) -> set[int]:
    """What the viewer's inbox lists in all its boxes."""
    return {
        one.pk
        for one in world.threads
        if viewer.is_active
        and not one.merged_into_id
        and any(
            account.pk == one.account_id
            and account.locked_at is None
            and is_his(world, viewer, account)
            for account in world.accounts
        )
    }
