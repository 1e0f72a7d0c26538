"""The places of the inbox in the sidebar: every box, each account, and one of them marked."""

import re

import pytest
from django.urls import reverse

from inbox.enums import Box
from mailsync.enums import AccountScope
from mailsync.models import AccountMember
from tests.factories.mail import make_account, make_thread

pytestmark = pytest.mark.django_db


def places(page: str) -> list[str]:
    sidebar = page[page.index('id="sidebar"') : page.index("</nav>")]
    return re.findall(r'href="([^"]+)"', sidebar)


def marked(page: str) -> list[str]:
    return re.findall(r'href="([^"]+)" aria-current="page"', page[: page.index("</nav>")])


@pytest.mark.parametrize("box", Box.values)
def test_every_box_has_a_way_to_it_and_is_marked(alice, account, signed_in, box):
    page = signed_in.as_(alice).get(reverse("inbox:box", args=[box])).content.decode()
    assert {reverse("inbox:box", args=[name]) for name in Box.values} <= set(places(page))
    assert marked(page) == [f"/mail/{box}/"]


def test_what_is_folded_is_open_where_one_is(alice, account, signed_in):
    client = signed_in.as_(alice)
    assert '<details class="nav__more" open>' in client.get("/mail/trash/").content.decode()
    assert '<details class="nav__more">' in client.get("/mail/inbox/").content.decode()


def test_each_account_is_a_place_once_there_are_two(alice, bob, account, signed_in):
    client = signed_in.as_(alice)
    assert "?account=" not in client.get("/mail/drafts/").content.decode()
    team = make_account(alice, "sales@northwind.example", scope=AccountScope.TEAM)
    AccountMember.objects.create(account=team, user=alice)
    foreign = make_account(bob, "canary-4711@northwind.example")
    page = client.get("/mail/drafts/").content.decode()
    wanted = [f"/mail/inbox/?account={one.key}" for one in (account, team)]
    assert [path for path in places(page) if "?account=" in path] == wanted
    assert foreign.address not in page
    # The account wins over the box that it narrows.
    assert marked(client.get(wanted[1]).content.decode()) == [wanted[1]]


def test_each_account_has_its_own_figure(alice, account, signed_in):
    client = signed_in.as_(alice)
    make_thread(account, "One")
    assert "count-account" not in client.get("/mail/counts/").content.decode()
    other = make_account(alice, "other@northwind.example")
    text = client.get("/mail/counts/").content.decode()
    figures = dict(re.findall(r'#count-account-(\S+)" hx-swap="innerHTML">(\d*)', text))
    assert figures == {account.key: "1", other.key: ""}
