"""What is planned for a record: mail that waits shows to those whose account sends it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.models import Activity, Board, Lead, Project
from inbox.domain.queries.record_plans import scheduled_for
from inbox.models import Draft
from mailsync.enums import AccountScope, SubmissionState
from mailsync.models import AccountMember, MailAccount, Submission
from tests.factories.crm import make_deal, make_organization, make_person
from tests.factories.mail import link, make_thread
from tests.fakes.outgoing import ADA, BEN, queue

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
LATER = timedelta(hours=30)


@pytest.fixture(autouse=True)
def no_broker(monkeypatch):
    monkeypatch.setattr("mailsync.tasks.send_submission.apply_async", lambda *_, **__: None)


@pytest.fixture
def plan(alice, account):
    """A mail of Alice's that leaves tomorrow, written with these records in its draft."""

    def make(to=ADA, *, after=LATER, **records):
        row = queue(account, to=[to], send_at=timezone.now() + after)
        Draft.objects.create(author=alice, account=account, submission=row, **records)
        return row

    return make


def make_project(owner):
    board = Board.objects.create(name="Delivery")
    phase = board.phases.create(name="Plan", position=0)
    return Project.objects.create(owner=owner, title="Project", board=board, phase=phase)


def found(record, user):
    return [one.submission.pk for one in scheduled_for(record, user=user)]


def test_each_kind_of_record_has_the_mail_written_from_it(alice, plan):
    firm = make_organization(alice)
    person = make_person(alice, organization=firm, address="")
    records = {
        "person": person,
        "deal": make_deal(alice),
        "lead": Lead.objects.create(owner=alice, title="Lead"),
        "project": make_project(alice),
    }
    for kind, record in records.items():
        assert found(record, alice) == []
        row = plan(BEN, **{kind: record})
        assert found(record, alice) == [row.pk]
        if kind == "person":
            assert found(firm, alice) == [row.pk]


def test_mail_to_its_people_is_a_persons_and_an_organizations(alice, plan):
    firm = make_organization(alice)
    person = make_person(alice, organization=firm)
    other = make_person(alice, "Ben", BEN)
    row = plan(ADA.upper())
    assert found(person, alice) == found(firm, alice) == [row.pk]
    assert found(other, alice) == []


def test_an_answer_in_a_linked_conversation_is_found(alice, account, plan):
    deal, thread = make_deal(alice), make_thread(account)
    row = plan(BEN, parent=thread.emails.get())
    assert found(deal, alice) == []
    link(thread, deal=deal)
    assert found(deal, alice) == [row.pk]


def test_the_next_comes_first(alice, plan):
    deal = make_deal(alice)
    second, first = plan(deal=deal), plan(deal=deal, after=timedelta(hours=2))
    assert found(deal, alice) == [first.pk, second.pk]


@pytest.mark.parametrize(
    "fields",
    [
        {"state": SubmissionState.SENT},
        {"state": SubmissionState.CANCELLED},
        {"state": SubmissionState.FAILED},
        {"undo_until": timezone.now()},
        {"attempts": 1},
        {"error_code": "limit_day"},
    ],
)
def test_only_what_waits_for_a_chosen_time_is_planned(alice, plan, fields):
    deal = make_deal(alice)
    row = plan(deal=deal)
    assert found(deal, alice) == [row.pk]
    Submission.objects.filter(pk=row.pk).update(**fields)
    assert found(deal, alice) == []


def test_nobody_else_learns_of_it(alice, bob, dana, account, plan, signed_in):
    deal = make_deal(alice)
    row = plan(deal=deal, visibility="shared")
    urls = [
        reverse("inbox:record_plans", args=["deal", deal.pk]),
        reverse("inbox:record_plans", args=["deal", deal.pk]) + "?tab=email",
    ]

    def pages(user):
        client = signed_in.as_(user)
        return [client.get(url, headers=HTMX).content.decode() for url in urls]

    assert all(row.key in page for page in pages(alice))
    for user in (bob, dana):
        assert found(deal, user) == []
        assert [page.strip() for page in pages(user)] == ["", ""]
    MailAccount.objects.update(scope=AccountScope.TEAM)
    AccountMember.objects.create(account=account, user=bob)
    assert found(deal, bob) == [row.pk]


def test_a_person_who_is_hidden_tells_nothing_of_an_organization(alice, bob, plan):
    """Bob's own person at Alice's firm, for himself alone."""
    firm = make_organization(alice)
    person = make_person(bob, organization=firm)
    row = plan()
    assert found(firm, alice) == [row.pk]
    type(person).objects.update(visibility="owner")
    assert found(firm, alice) == []


def test_mail_and_activities_stand_in_one_list_by_day(alice, plan, signed_in):
    deal, today = make_deal(alice), timezone.localdate()
    plan(deal=deal)
    for title, due in (("today", today), ("next week", today + timedelta(days=7)), ("ever", None)):
        Activity.objects.create(
            deal=deal, created_by=alice, assigned_to=alice, title=f"{title}!", due_date=due
        )
    url = reverse("inbox:record_plans", args=["deal", deal.pk])
    client = signed_in.as_(alice)
    text = client.get(url, headers=HTMX).content.decode()
    order = [text.index(word) for word in ("today!", "planned-mail-", "next week!", "ever!")]
    assert order == sorted(order)
    text = client.get(f"{url}?tab=email", headers=HTMX).content.decode()
    assert "planned-mail-" in text
    assert "today!" not in text


@pytest.mark.parametrize("tab", ["all", "email"])
def test_the_page_of_the_record_asks_for_it(alice, signed_in, tab):
    deal = make_deal(alice)
    url = reverse("inbox:record_plans", args=["deal", deal.pk])
    client = signed_in.as_(alice)
    page = client.get(f"{deal.get_absolute_url()}?tab={tab}").content.decode()
    assert f'hx-get="{url}?tab={tab}"' in page
    assert client.get(f"{url}?tab={tab}")["Location"] == f"{deal.get_absolute_url()}?tab={tab}"


def test_what_can_be_done_is_there(alice, plan, signed_in):
    deal = make_deal(alice)
    row = plan(deal=deal)
    url = reverse("inbox:record_plans", args=["deal", deal.pk])
    text = signed_in.as_(alice).get(url, headers=HTMX).content.decode()
    for act in ("undo", "now", "cancel"):
        assert reverse(f"inbox:submission_{act}", args=[row.key]) in text
    assert f"{reverse('inbox:outbox')}#waiting-{row.key}" in text


def test_takes_as_many_queries_for_three_as_for_one(alice, plan, django_assert_max_num_queries):
    firm = make_organization(alice)
    make_person(alice, organization=firm)
    plan()
    with django_assert_max_num_queries(6) as first:
        assert len(scheduled_for(firm, user=alice)) == 1
    plan()
    plan()
    with django_assert_max_num_queries(len(first)):
        assert len(scheduled_for(firm, user=alice)) == 3
