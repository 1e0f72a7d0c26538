"""Who sees a conversation: the rule restated in plain Python, on random companies."""

from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from crm.models import Board, Lead, PersonEmail, Phase, Project
from inbox.domain import audience
from mailsync.enums import AccountScope, AccountState, LinkOrigin
from mailsync.models import MailAccount, Thread, ThreadLink
from sharing.enums import ItemVisibility, ThreadVisibility
from sharing.models import GroupMembership, VisibilityGroup
from tests.factories.crm import make_deal, make_organization, make_person
from tests.factories.mail import make_account, make_thread
from tests.factories.users import make_user
from users.enums import Role
from users.models import User

KINDS = ("person", "organization", "deal", "lead", "project")
people = st.lists(
    st.tuples(
        st.sampled_from([Role.ADMINISTRATOR, Role.MANAGER, Role.MEMBER]),
        st.sampled_from([True, True, True, False]),
        st.sampled_from([None, 0, 1]),
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
        st.lists(st.tuples(st.integers(0, 5), st.sampled_from([False, False, True])), max_size=3),
    ),
    min_size=1,
    max_size=5,
)


@dataclass
class World:
    """The company in plain rows, beside the database."""

    users: list[User] = field(default_factory=list)
    group_of: dict[int, int | None] = field(default_factory=dict)
    records: list[Any] = field(default_factory=list)
    internal: set[int] = field(default_factory=set)  # numbers of persons with our addresses
    accounts: list[MailAccount] = field(default_factory=list)
    members: dict[int, set[int]] = field(default_factory=dict)
    threads: list[Thread] = field(default_factory=list)
    links: dict[int, list[tuple[int, bool]]] = field(default_factory=dict)


def sees_record(world: World, viewer: User, record: Any) -> bool:
    if record.deleted_at:
        return False
    if viewer.role == Role.ADMINISTRATOR or record.owner_id == viewer.pk:
        return True
    if record.visibility == ItemVisibility.COMPANY:
        return True
    mine = world.group_of[viewer.pk]
    is_together = mine is not None and mine == world.group_of[record.owner_id]
    return bool(record.visibility == ItemVisibility.GROUP and is_together)


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
    that they see. A link to a person who is one of us opens nothing."""
    if not viewer.is_active:
        return False
    account = next(one for one in world.accounts if one.pk == thread.account_id)
    if is_his(world, viewer, account):
        return account.locked_at is None
    if thread.visibility != ThreadVisibility.SHARED or thread.trashed_at or thread.merged_into_id:
        return False
    return any(
        not removed
        and number not in world.internal
        and sees_record(world, viewer, world.records[number])
        for number, removed in world.links[thread.pk]
    )


def make_world(people: Any, records: Any, accounts: Any, threads: Any) -> World:
    world = World()
    groups = [VisibilityGroup.objects.create(name=f"G{number}") for number in range(2)]
    for number, (role, is_active, group) in enumerate(people):
        user = make_user(f"u{number}@x.example", role=role, is_active=is_active)
        if group is not None:
            GroupMembership.objects.create(user=user, group=groups[group])
        world.users.append(user)
        world.group_of[user.pk] = group
    for number, (kind, owner, visibility, in_bin, is_ours) in enumerate(records):
        record = make_record(kind, world.users[owner], visibility)
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
        thread = make_thread(
            account,
            visibility=own if visibility == "own" else visibility,
            trashed_at=timezone.now() if in_trash else None,
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
        world.links[thread.pk] = make_links(thread, links, world.records)
    return world


def make_record(kind: str, owner: User, visibility: str) -> Any:
    if kind == "person":
        return make_person(owner, address="", visibility=visibility)
    if kind == "organization":
        return make_organization(owner, visibility=visibility)
    if kind == "deal":
        return make_deal(owner, visibility=visibility)
    if kind == "lead":
        return Lead.objects.create(owner=owner, title="Lead", visibility=visibility)
    board, _ = Board.objects.get_or_create(name="Delivery")
    phase, _ = Phase.objects.get_or_create(board=board, name="Plan")
    return Project.objects.create(
        owner=owner, title="Project", board=board, phase=phase, visibility=visibility
    )


def make_links(thread: Thread, links: Any, records: list[Any]) -> list[tuple[int, bool]]:
    made = {}
    for number, is_removed in links:
        at = number % len(records)
        if at in made:
            continue
        made[at] = is_removed
        ThreadLink.objects.create(
            thread=thread,
            origin=LinkOrigin.HAND,
            removed_at=timezone.now() if is_removed else None,
            **{records[at]._meta.model_name: records[at]},
        )
    return list(made.items())


class RandomCompanies(TestCase):
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(people=people, records=records, accounts=accounts, threads=threads)
    def test_visible_to_is_the_plain_rule(
        self, people: Any, records: Any, accounts: Any, threads: Any
    ) -> None:
        world = make_world(people, records, accounts, threads)
        for viewer in world.users:
            found = list(Thread.objects.visible_to(viewer).values_list("pk", flat=True))
            wanted = {one.pk for one in world.threads if sees_thread(world, viewer, one)}
            assert set(found) == wanted
            assert len(found) == len(wanted), "no row comes twice"
            own = {
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
            listed = Thread.objects.of_accounts_of(viewer).distinct()
            assert set(listed.values_list("pk", flat=True)) == own

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(people=people, records=records, accounts=accounts, threads=threads)
    def test_the_audience_is_the_same_rule_from_the_other_end(
        self, people: Any, records: Any, accounts: Any, threads: Any
    ) -> None:
        world = make_world(people, records, accounts, threads)
        for thread in world.threads:
            if thread.account.state == AccountState.REMOVING:
                continue  # nobody is left who could ask
            told = audience.audience(Thread.objects.get(pk=thread.pk))
            named = {user.pk for user in (*told.own, *told.others)}
            wanted = {
                user.pk for user in world.users if user.is_active and may(world, user, thread)
            }
            assert named == wanted

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(people=people, records=records, accounts=accounts, threads=threads)
    def test_pages_say_the_same(
        self, people: Any, records: Any, accounts: Any, threads: Any
    ) -> None:
        world = make_world(people, records, accounts, threads)
        for viewer in [user for user in world.users if user.is_active][:3]:
            self.client.force_login(viewer)
            for thread in world.threads:
                status = self.client.get(f"/mail/t/{thread.key}/", follow=True).status_code
                assert (status == 200) == sees_thread(world, viewer, thread)


def may(world: World, user: User, thread: Thread) -> bool:
    """Whether the user sees the thread, or would as soon as his account is connected again."""
    account = next(one for one in world.accounts if one.pk == thread.account_id)
    return is_his(world, user, account) or sees_thread(world, user, thread)
