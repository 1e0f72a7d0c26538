"""Who sees a conversation: the rule restated in plain Python, on random companies, and every
place that tells of conversations or records agrees with it."""

from typing import Any

from django.urls import reverse
from hypothesis import HealthCheck, example, given, settings
from hypothesis.extra.django import TestCase

from inbox.domain import audience, recipients, reminders, search
from inbox.domain.queries.lists import (
    ThreadFilter,
    accounts_of,
    box_page,
    box_threads,
    unread_by_account,
)
from inbox.domain.queries.record_mail import Narrowed, RecordMail
from inbox.enums import Box
from mailsync.domain import search_index
from mailsync.domain.news import tell_threads_changed
from mailsync.enums import AccountState
from mailsync.models import Email, Thread
from notifications.models import LiveEvent
from sharing.enums import ThreadVisibility
from tests.visibility import worlds
from tests.visibility.worlds import World, make_world, own_threads, sees_record, sees_thread
from users.models import User

SEVERAL = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def random_world(test: Any) -> Any:
    """Random companies, after one in which each clause of the rule decides about somebody."""
    any_company = given(
        people=worlds.people,
        records=worlds.records,
        accounts=worlds.accounts,
        threads=worlds.threads,
    )
    return any_company(example(**worlds.EVERY_CLAUSE)(test))


PLURALS = {
    "person": "people",
    "organization": "organizations",
    "deal": "deals",
    "lead": "leads",
    "project": "projects",
}


class RandomCompanies(TestCase):
    @settings(max_examples=50, **SEVERAL)
    @random_world
    def test_visible_to_is_the_plain_rule(self, **given: Any) -> None:
        world = make_world(**given)
        for viewer in world.users:
            found = list(Thread.objects.visible_to(viewer).values_list("pk", flat=True))
            assert set(found) == seen(world, viewer)
            assert len(found) == len(set(found)), "no row comes twice"
            listed = Thread.objects.of_accounts_of(viewer).distinct()
            assert set(listed.values_list("pk", flat=True)) == own_threads(world, viewer)
            for record in world.records:
                is_found = type(record).objects.visible_to(viewer).filter(pk=record.pk).exists()
                assert is_found == (viewer.is_active and sees_record(world, viewer, record))

    @settings(max_examples=20, **SEVERAL)
    @random_world
    def test_the_audience_is_the_same_rule_from_the_other_end(self, **given: Any) -> None:
        world = make_world(**given)
        for thread in world.threads:
            if thread.account.state == AccountState.REMOVING:
                continue  # nobody is left who could ask
            told = audience.audience(Thread.objects.get(pk=thread.pk))
            named = {user.pk for user in (*told.own, *told.others)}
            wanted = {
                user.pk
                for user in world.users
                if user.is_active and worlds.may(world, user, thread)
            }
            assert named == wanted

    @settings(max_examples=15, **SEVERAL)
    @random_world
    def test_preview_of_a_change_says_who_gains_and_who_loses(self, **given: Any) -> None:
        world = make_world(**given)
        by = world.users[0]
        own = own_threads(world, by)
        for to_shared in (True, False):
            changing = [
                one
                for one in world.threads
                if one.pk in own and (one.visibility == ThreadVisibility.SHARED) != to_shared
            ]
            change = audience.change_of(
                [one.pk for one in world.threads], to_shared=to_shared, by=by
            )
            assert change.number == len(changing)
            wanted = {
                user.pk: number
                for user in world.users
                if user.is_active
                and user.pk != by.pk
                and (
                    number := sum(
                        worlds.sees_when_shared(world, user, one)
                        and one.pk not in own_threads(world, user)
                        for one in changing
                    )
                )
            }
            assert {user.pk: number for user, number in change.people} == wanted

    @settings(max_examples=10, **SEVERAL)
    @random_world
    def test_lists_counts_search_tabs_and_bells_say_the_same(self, **given: Any) -> None:
        world = make_world(**given)
        search_index.index_emails(Email.objects.values_list("pk", flat=True))
        for viewer in [user for user in world.users if user.is_active][:3]:
            check_inbox(world, viewer)
            check_search(world, viewer)
            for record in world.records:
                if sees_record(world, viewer, record):
                    check_tab(world, viewer, record)
            ids = {one.pk for one in world.threads}
            assert set(reminders.lines(viewer, ids)) == seen(world, viewer)

    @settings(max_examples=10, **SEVERAL)
    @random_world
    def test_live_events_ring_for_an_accounts_own_people(self, **given: Any) -> None:
        world = make_world(**given)
        for account in world.accounts:
            LiveEvent.objects.all().delete()
            threads = [one.pk for one in world.threads if one.account_id == account.pk]
            tell_threads_changed(account, threads)
            rung = set(LiveEvent.objects.values_list("user", flat=True))
            if account.state != AccountState.REMOVING:
                people = {u.pk for u in world.users if worlds.is_his(world, u, account)}
                assert rung == (people if threads else set())

    @settings(max_examples=4, **SEVERAL)
    @random_world
    def test_pages_and_exports_say_the_same(self, **given: Any) -> None:
        world = make_world(**given)
        search_index.index_emails(Email.objects.values_list("pk", flat=True))
        for viewer in [user for user in world.users if user.is_active][:2]:
            self.client.force_login(viewer)
            for thread in world.threads:
                status = self.client.get(f"/mail/t/{thread.key}/", follow=True).status_code
                assert (status == 200) == sees_thread(world, viewer, thread)
            palette = self.client.get(reverse("crm:search_palette"), {"q": "peregrine"}).content
            assert told_of(world, palette) == findable(world, viewer)
            self.check_records(world, viewer)

    def check_records(self, world: World, viewer: User) -> None:
        """Lists, exports and the search over records: what the viewer sees, and no word of mail."""
        for kind in {str(record.kind) for record in world.records}:
            of_kind = [one for one in enumerate(world.records) if one[1].kind == kind]
            wanted = {n for n, record in of_kind if sees_record(world, viewer, record)}
            for path in (f"crm:{PLURALS[kind]}", f"crm:{PLURALS[kind]}_export"):
                answer = self.client.get(reverse(path))
                content = answer.getvalue() if answer.streaming else answer.content
                told = {number for number, _record in of_kind if b"Rec%dx" % number in content}
                assert told == wanted, path
                assert not told_of(world, content), path


def seen(world: World, viewer: User) -> set[int]:
    return {one.pk for one in world.threads if sees_thread(world, viewer, one)}


def findable(world: World, viewer: User) -> set[int]:
    """What a search finds: neither what was merged away nor what lies in the trash."""
    return {
        one.pk
        for one in world.threads
        if sees_thread(world, viewer, one) and not one.merged_into_id and not one.in_trash
    }


def told_of(world: World, content: bytes) -> set[int]:
    """The conversations whose word stands in an answer."""
    return {
        one.pk
        for name, one in zip(worlds.NAMES, world.threads, strict=False)
        if name.encode() in content
    }


def check_inbox(world: World, viewer: User) -> None:
    """Rows, "all that match", unread figures and suggestions: of one's own accounts alone."""
    own = own_threads(world, viewer)
    accounts, wanted = accounts_of(viewer), ThreadFilter()
    for box, is_trash in ((Box.ALL, False), (Box.TRASH, True)):
        there = {one.pk for one in world.threads if one.pk in own and one.in_trash == is_trash}
        page = box_page(viewer, box=box, wanted=wanted, accounts=accounts)
        assert {row.thread.pk for row in page.rows} == there
        counted = box_threads(viewer, box=box, wanted=wanted, accounts=accounts).count()
        assert counted == len(there)
        if not is_trash:
            assert sum(unread_by_account(accounts).values()) == len(there)
    mine = {
        one.account_id
        for one in world.threads
        if one.account_id in {account.pk for account in accounts}
    }
    suggested = {one.name for one in recipients.suggest(viewer, "acme.example")["recent"]}
    assert suggested == {
        name
        for name, one in zip(worlds.NAMES, world.threads, strict=False)
        if one.account_id in mine
    }


def check_search(world: World, viewer: User) -> None:
    wanted = findable(world, viewer)
    assert {row.thread.pk for row in search.find(viewer, "peregrine ").rows} == wanted
    for name, one in zip(worlds.NAMES, world.threads, strict=False):
        assert len(search.find(viewer, f"from:{name}").rows) == (one.pk in wanted)
    own = {pk for pk in wanted if pk in own_threads(world, viewer)}
    assert set(search.own_that_match(viewer, "peregrine")) == own
    # Whether a colleague has read his mail is his to know.
    assert {row.thread.pk for row in search.find(viewer, "is:unread").rows} == own


def check_tab(world: World, viewer: User, record: Any) -> None:
    """The conversations of a record's page, and the accounts that its filter names."""
    wanted = {
        one.pk
        for one in world.threads
        if one.pk in findable(world, viewer)
        and any(
            stands and world.records[number] is record
            for number, stands, _opens in world.links[one.pk]
        )
    }
    mail = RecordMail(record, user=viewer)
    page = mail.page(Narrowed())
    assert {entry.row.thread.pk for entry in page.entries} == wanted
    assert {account.pk for account in mail.accounts} == {
        one.account_id for one in world.threads if one.pk in wanted
    }


class Vacuity(TestCase):
    def test_the_random_companies_have_what_is_asked_about(self) -> None:
        """Somebody sees a shared conversation, somebody else does not: else all of the above
        would be true of empty sets."""
        world = make_world(
            people=[("member", True, None, None)] * 5,
            records=[("deal", 1, "owner", False, False)],
            accounts=[(0, False, set(), False, AccountState.OK)],
            threads=[(0, ThreadVisibility.SHARED, False, False, [(0, False, False)])],
        )
        assert [len(seen(world, viewer)) for viewer in world.users] == [1, 1, 0, 0, 0]
