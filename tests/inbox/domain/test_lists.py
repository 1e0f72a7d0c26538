"""Lists of the sales inbox: order, pages, filters, and the number of queries."""

from datetime import UTC, datetime, timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from inbox.domain.queries.lists import Cursor, ThreadFilter, accounts_of, box_page
from inbox.enums import Box, Tab
from inbox.forms.filters import FilterForm
from inbox.models import Label, ThreadLabel
from mailsync.enums import AccountScope
from mailsync.models import AccountMember, Thread
from sharing.enums import ThreadVisibility
from tests.factories.crm import make_deal
from tests.factories.mail import link, make_account, make_thread
from tests.factories.users import make_user

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 2, 9, tzinfo=UTC)


def subjects(user, *, box=Box.INBOX, after=None, **wanted):
    page = box_page(
        user, box=box, wanted=ThreadFilter(**wanted), accounts=accounts_of(user), after=after
    )
    return [row.thread.subject for row in page.rows]


def test_newest_first_over_all_accounts(alice):
    one, two = make_account(alice), make_account(alice, "sales@northwind.example")
    make_thread(one, "old", at=START)
    make_thread(two, "middle", at=START + timedelta(hours=1))
    make_thread(one, "new", at=START + timedelta(hours=2))
    assert subjects(alice) == ["new", "middle", "old"]
    assert subjects(alice, account_id=two.pk) == ["middle"]


def test_pages_cover_every_row_once_with_equal_times(alice, account, monkeypatch):
    monkeypatch.setattr("inbox.domain.queries.lists.PAGE_SIZE", 3)
    other = make_account(alice, "sales@northwind.example")
    for number in range(8):
        make_thread(account if number % 2 else other, f"mail {number}", at=START)
    seen, after = [], None
    for _page in range(5):
        page = box_page(
            alice, box=Box.INBOX, wanted=ThreadFilter(), accounts=accounts_of(alice), after=after
        )
        seen += [row.thread.subject for row in page.rows]
        if not page.next_cursor:
            break
        after = Cursor.read(page.next_cursor)
        assert after is not None
    assert sorted(seen) == [f"mail {number}" for number in range(8)]
    assert len(seen) == 8


@pytest.mark.parametrize("text", ["", "x", "12.short", "-5." + "A" * 22, "9" * 40 + "." + "A" * 22])
def test_cursor_of_somebody_elses_making_is_none(text):
    assert Cursor.read(text) is None


@pytest.mark.parametrize(
    ("box", "state"),
    [
        (Box.SENT, {"in_inbox": False, "in_sent": True}),
        (Box.ARCHIVE, {"in_inbox": False, "in_archive": True}),
        (Box.TRASH, {"in_inbox": False, "in_trash": True}),
        (Box.JUNK, {"in_inbox": False, "in_junk": True}),
    ],
)
def test_box_holds_its_own(alice, account, box, state):
    make_thread(account, "elsewhere")
    make_thread(account, "here", **state)
    assert subjects(alice, box=box) == ["here"]


def test_snoozed_leaves_the_inbox_until_its_moment(alice, account):
    make_thread(account, "later", snoozed_until=timezone.now() + timedelta(hours=1))
    make_thread(account, "back", snoozed_until=timezone.now() - timedelta(hours=1))
    assert subjects(alice) == ["back"]
    assert subjects(alice, box=Box.SNOOZED) == ["later"]


def test_all_mail_leaves_trash_and_spam_out(alice, account):
    make_thread(account, "kept", in_inbox=False)
    make_thread(account, "binned", in_trash=True)
    make_thread(account, "spam", in_junk=True)
    assert subjects(alice, box=Box.ALL) == ["kept"]


def test_filters_narrow_the_list(alice, account):
    deal = make_deal(alice)
    label = Label.objects.create(name="Legal")
    rows = {
        "linked": make_thread(account, "linked", unread_count=0),
        "file": make_thread(account, "file", has_attachments=True, unread_count=0),
        "star": make_thread(account, "star", is_flagged=True, unread_count=0),
        "unread": make_thread(account, "unread", sender=("Eve", "eve@other.example")),
        "shared": make_thread(
            account, "shared", visibility=ThreadVisibility.SHARED, unread_count=0
        ),
        "asks": make_thread(account, "asks", possible_items=3, unread_count=0),
    }
    link(rows["linked"], deal=deal)
    ThreadLabel.objects.create(thread=rows["star"], label=label)
    assert subjects(alice, tab=Tab.LINKED) == ["linked"]
    assert set(subjects(alice, tab=Tab.UNLINKED)) == set(rows) - {"linked"}
    assert subjects(alice, linked_to="deal") == ["linked"]
    assert subjects(alice, linked_to="lead") == []
    assert subjects(alice, tab=Tab.UNREAD) == ["unread"]
    assert subjects(alice, has_file=True) == ["file"]
    assert subjects(alice, flagged=True) == ["star"]
    assert subjects(alice, label_id=label.pk) == ["star"]
    assert subjects(alice, asks=True) == ["asks"]
    assert subjects(alice, visibility="shared") == ["shared"]
    assert subjects(alice, from_address="EVE@other.example") == ["unread"]
    assert subjects(alice, from_address="@other.example") == ["unread"]


def test_link_to_a_record_out_of_sight_counts_as_none(alice, bob, account):
    hidden = make_deal(bob, visibility="owner")
    link(make_thread(account, "mine"), deal=hidden)
    assert subjects(alice, tab=Tab.LINKED) == []
    assert subjects(alice, linked_to="deal") == []
    page = box_page(alice, box=Box.INBOX, wanted=ThreadFilter(), accounts=accounts_of(alice))
    assert page.rows[0].main_link is None


def test_inbox_holds_own_and_team_mail_and_nothing_else(alice, bob, carol, dana, account):
    team = make_account(dana, "sales@northwind.example", scope=AccountScope.TEAM)
    AccountMember.objects.create(account=team, user=bob)
    make_thread(team, "team mail")
    shared = make_thread(account, "shared", visibility=ThreadVisibility.SHARED)
    link(shared, deal=make_deal(alice))
    assert subjects(bob) == ["team mail"]
    assert subjects(alice) == ["shared"]
    assert subjects(carol) == []
    assert subjects(dana) == []


def test_account_of_somebody_else_is_no_filter(alice, bob, account):
    other = make_account(bob)
    form = FilterForm(
        QueryDict(f"account={other.key}"), accounts=accounts_of(alice), labels=[], members=[]
    )
    assert form.wanted == ThreadFilter()
    assert form.query() == ""


def test_chip_leads_to_the_list_without_it(alice, account):
    form = FilterForm(
        QueryDict("tab=unread&file=1&from=ada@acme.example"),
        accounts=accounts_of(alice),
        labels=[],
        members=[],
    )
    assert [(chip.text, chip.without) for chip in form.chips()] == [
        ("With ada@acme.example", "tab=unread&file=1"),
        ("Has a file", "tab=unread&from=ada%40acme.example"),
    ]


@pytest.mark.parametrize("number", [1, 3])
def test_page_takes_four_queries(alice, account, number, django_assert_num_queries):
    accounts = [account, make_account(alice, "two@northwind.example")]
    label = Label.objects.create(name="Legal")
    for turn in range(number):
        thread = make_thread(accounts[turn % 2], f"mail {turn}")
        ThreadLabel.objects.create(thread=thread, label=label)
        link(thread, deal=make_deal(alice, f"deal {turn}"))
    with django_assert_num_queries(4):
        page = box_page(alice, box=Box.INBOX, wanted=ThreadFilter(), accounts=accounts)
        for row in page.rows:
            assert row.main_link is not None
            assert row.main_link.deal is not None
            assert row.labels == [label]
    assert len(page.rows) == number


def test_merged_conversation_is_listed_once(alice, account):
    kept = make_thread(account, "kept")
    gone = make_thread(account, "gone")
    Thread.objects.filter(pk=gone.pk).update(merged_into=kept)
    assert subjects(alice) == ["kept"]


def test_deactivated_user_has_no_accounts(eve):
    make_account(eve)
    assert accounts_of(eve) == []
    assert accounts_of(make_user("new@northwind.example")) == []
