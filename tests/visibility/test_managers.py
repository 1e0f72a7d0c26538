"""What the manager of a team may: all with the records of its people, nothing with their mail.

carol manages North, where alice is; bob manages another team, and has no part in North.
"""

import pytest
from django.test import Client
from django.urls import reverse

from crm.domain import bulk
from crm.enums import BulkAct, RecordKind
from crm.models import Deal
from inbox.domain.audience import audience
from mailsync.models import MailAccount, Thread
from sharing.enums import ItemVisibility, ThreadVisibility
from tests.factories.crm import make_deal
from tests.factories.mail import link, make_thread
from users.domain import people
from users.domain.teams import save_team
from users.models import Team, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(alice: User, bob: User, carol: User) -> Team:
    save_team(Team(name="South"), members=[], managers=[bob])
    return save_team(Team(name="North"), members=[alice], managers=[carol])


@pytest.fixture
def deal(alice: User) -> Deal:
    return make_deal(alice, "Quiet deal", visibility=ItemVisibility.OWNER)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_manager_works_with_what_the_team_owns(
    team: Team, deal: Deal, bob: User, carol: User
) -> None:
    page = reverse("crm:deal", args=[deal.pk])
    edit = reverse("crm:deal_edit", args=[deal.pk]) + "?only=visibility"
    assert client_of(bob).get(page).status_code == 404
    assert client_of(bob).post(edit, {"visibility": "company"}).status_code == 404
    client = client_of(carol)
    assert b"Change who sees this" in client.get(page).content
    assert b"Quiet deal" in client.get(reverse("crm:deals")).content
    assert client.post(edit, {"visibility": "group", "version": deal.version}).status_code == 303
    deal.refresh_from_db()
    assert deal.visibility == ItemVisibility.GROUP


def test_manager_hands_over_what_a_leaver_owns(
    team: Team, deal: Deal, alice: User, carol: User, dana: User
) -> None:
    people.deactivate(alice, by=dana)
    assert bulk.apply(RecordKind.DEAL, BulkAct.OWNER, [deal.pk], value=str(carol.pk), by=carol) == 1
    deal.refresh_from_db()
    assert deal.owner == carol


def test_only_the_teams_records_are_the_managers_to_hide(
    team: Team, deal: Deal, bob: User, carol: User
) -> None:
    others = make_deal(bob, "Bob's deal")
    ids = [deal.pk, others.pk]
    assert bulk.apply(RecordKind.DEAL, BulkAct.VISIBILITY, ids, value="owner", by=carol) == 1
    others.refresh_from_db()
    assert others.visibility == ItemVisibility.COMPANY


def test_manager_sees_shared_mail_of_the_teams_records_and_no_other(
    team: Team, deal: Deal, account: MailAccount, alice: User, bob: User, carol: User
) -> None:
    thread = make_thread(account, visibility=ThreadVisibility.SHARED)
    hidden = make_thread(account, visibility=ThreadVisibility.PRIVATE)
    for one in (thread, hidden):
        link(one, deal=deal)
    assert list(Thread.objects.visible_to(carol)) == [thread]
    assert not Thread.objects.visible_to(bob).exists()
    (viewer,) = audience(thread, asked_by=alice).viewers
    assert (viewer.user, viewer.record) == (carol, deal)
    assert viewer.why == "sees, as a manager of the owner's team,"
    assert b"as a manager of the owner&#x27;s team" in (
        client_of(alice).get(reverse("inbox:thread_who", args=[thread.key])).content
    )


def test_right_ends_with_each_change(
    team: Team, deal: Deal, alice: User, bob: User, carol: User
) -> None:
    def is_seen() -> bool:
        return Deal.objects.visible_to(User.objects.get(pk=carol.pk)).exists()

    assert is_seen()
    save_team(team, members=[alice, carol], managers=[])
    assert not is_seen()
    save_team(team, members=[alice], managers=[carol])
    assert is_seen()
    save_team(team, members=[bob], managers=[carol])
    assert not is_seen()
    save_team(team, members=[alice], managers=[carol])
    team.delete()
    assert not is_seen()


def test_member_of_the_team_sees_no_more_than_others(
    team: Team, deal: Deal, alice: User, bob: User, carol: User
) -> None:
    save_team(team, members=[alice, bob], managers=[carol])
    make_deal(carol, "The manager's", visibility=ItemVisibility.OWNER)
    assert not Deal.objects.visible_to(bob).exists()
    assert Deal.objects.visible_to(alice).get() == deal
