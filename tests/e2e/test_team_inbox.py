"""The acts of a team's inbox by key, and the bar of a conversation on a phone."""

from typing import Any

import pytest
from playwright.sync_api import expect

from mailsync.enums import AccountScope, Place
from mailsync.models import AccountMember, MailAccount, Mailbox, MailboxEntry
from tests.factories.mail import make_account, make_thread
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def team(alice: User, bob: User) -> MailAccount:
    account = make_account(alice, "sales@northwind.example", scope=AccountScope.TEAM)
    for user in (alice, bob):
        AccountMember.objects.create(account=account, user=user)
    inbox = Mailbox.objects.create(account=account, path="INBOX", role="inbox")
    for uid, subject in enumerate(("Renewal", "Demo on Thursday"), 1):
        MailboxEntry.objects.create(
            mailbox=inbox,
            uidvalidity=1,
            uid=uid,
            email=make_thread(account, subject).emails.get(),
            outcome="stored",
            places=Place.INBOX,
        )
    return account


def test_assign_and_make_a_deal_by_key(
    watched: Any, live_server: Any, signed_in: Any, alice: User, bob: User, team: Any, axe: Any
) -> None:
    page = signed_in(watched, alice)
    page.goto(live_server.url + "/mail/inbox/")
    page.locator(".row__link", has_text="Demo on Thursday").click()
    page.locator(".thread__subject", has_text="Demo on Thursday").wait_for()

    page.keyboard.press("Shift+A")
    page.get_by_role("menuitem", name="Bob").click()
    page.locator(".toast", has_text="Conversation assigned.").wait_for()
    expect(page.locator(".row", has_text="Demo on Thursday").get_by_text("Bob")).to_be_visible()
    axe(page)

    page.locator(".side").wait_for()
    page.keyboard.press("Shift+D")
    page.locator("dialog[open]", has_text="deal").wait_for()


def test_filter_by_turn_and_assignee_is_an_address_with_chips(
    watched: Any, live_server: Any, signed_in: Any, alice: User, bob: User, team: Any
) -> None:
    team.threads.filter(subject="Renewal").update(assigned_to=bob)
    page = signed_in(watched, alice)
    page.goto(live_server.url + "/mail/inbox/")
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Whose turn").select_option(label="Waiting for us")
    page.locator("#filter-assigned").select_option(label="Bob")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**waiting=us**")
    expect(page.locator(".row")).to_have_count(1)
    page.get_by_role("link", name="Remove filter: Assigned to Bob").click()
    expect(page.locator(".row")).to_have_count(2)
    expect(page.get_by_role("link", name="Remove filter: Waiting for us")).to_be_visible()


def test_the_bar_fits_a_phone(
    watched: Any, live_server: Any, signed_in: Any, alice: User, team: Any, axe: Any
) -> None:
    watched.set_viewport_size({"width": 390, "height": 800})
    page = signed_in(watched, alice)
    page.goto(live_server.url + f"/mail/t/{team.threads.first().key}/")
    for name in ("Archive", "Delete", "Snooze", "Labels", "Assign", "More"):
        button = page.locator(".thread__bar").get_by_role("button", name=name, exact=True)
        button.scroll_into_view_if_needed()
        expect(button).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".thread__bar").get_by_role("button", name="Assign", exact=True).click()
    expect(page.get_by_role("menuitem", name="Bob")).to_be_in_viewport()
    axe(page)


def test_a_menu_leaves_nothing_to_the_next_conversation(
    watched: Any, live_server: Any, signed_in: Any, alice: User, team: Any
) -> None:
    """The place of an opened menu is a style; carried over it would break the content policy."""
    page = signed_in(watched, alice)
    page.goto(live_server.url + "/mail/inbox/")
    for subject in ("Demo on Thursday", "Renewal", "Demo on Thursday"):
        page.locator(".row__link", has_text=subject).click()
        page.locator(".thread__subject", has_text=subject).wait_for()
        page.locator(".thread__bar").get_by_role("button", name="Assign", exact=True).click()
        expect(page.get_by_role("menuitem", name="Bob")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("menuitem", name="Bob")).to_be_hidden()
