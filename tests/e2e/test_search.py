"""Search, saved views and the mail of a record in a real browser."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from mailsync.domain import search_index
from mailsync.models import Email
from sharing.enums import ThreadVisibility
from tests.factories.crm import make_deal
from tests.factories.mail import link, make_account, make_thread

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mail(account: Any, alice: Any, bob: Any) -> Any:
    """Alice's mail, one shared conversation of bob's, all of it on one deal."""
    deal = make_deal(alice)
    theirs = make_thread(
        make_account(bob),
        "Renewal of the licence",
        text="The renewal is signed.",
        visibility=ThreadVisibility.SHARED,
        sender=("Grace Hopper", "grace@navy.example"),
    )
    mine = make_thread(account, "Renewal offer", text="Thanks. We take the renewal as offered.")
    make_thread(account, "Lunch", text="At noon?")
    for thread in (theirs, mine):
        link(thread, deal=deal)
    search_index.index_emails(Email.objects.values_list("pk", flat=True))
    return deal


def test_search_by_keyboard(watched, live_server, signed_in, alice, mail, axe):
    page = signed_in(watched, alice)
    page.goto(live_server.url + "/mail/inbox/")
    page.keyboard.press("/")
    expect(page.locator("#mail-search")).to_be_focused()
    page.keyboard.type("renewal")
    page.keyboard.press("Enter")
    expect(page.locator("mark", has_text="renewal").first).to_be_visible()
    expect(page.locator(".row")).to_have_count(2)
    # A colleague's conversation is marked and cannot be ticked.
    expect(page.locator(".row", has_text="Bob").locator(".row__tick")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.locator(".thread__subject", has_text="Renewal").wait_for()
    axe(page)


def test_what_is_typed_is_looked_for_at_once(watched, live_server, signed_in, alice, mail):
    """Also from another list, which becomes the search; nothing of what is typed is lost."""
    page = signed_in(watched, alice)
    page.goto(live_server.url + "/mail/inbox/")
    page.keyboard.press("/")
    page.keyboard.type("licence")
    expect(page.locator("mark", has_text="licence").first).to_be_visible()
    expect(page.locator(".row")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_text("Search")
    page.wait_for_url("**/mail/search/?q=licence")
    page.keyboard.type(" nowhere")
    page.get_by_text("Nothing found").wait_for()
    expect(page.locator("#mail-search")).to_be_focused()
    expect(page.locator("#mail-search")).to_have_value("licence nowhere")


def test_escape_leads_from_the_field_back_to_the_list(watched, live_server, signed_in, alice, mail):
    page = signed_in(watched, alice)
    page.goto(live_server.url + "/mail/search/?q=renewal")
    page.keyboard.press("/")
    expect(page.locator("#mail-search")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#mail-search")).to_have_value("")
    page.wait_for_url(live_server.url + "/mail/search/**")
    page.goto(live_server.url + "/mail/all/")
    page.keyboard.press("j")
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    expect(page.locator(".row__link").first).to_be_focused()


def test_operators_are_chips_and_a_search_is_kept(watched, live_server, signed_in, alice, mail):
    page = signed_in(watched, alice)
    page.goto(live_server.url + "/mail/search/?q=renewal+from%3Agrace")
    expect(page.locator(".row")).to_have_count(1)
    page.get_by_role("link", name="Save view").click()
    page.locator("dialog").get_by_label("Name").fill("From Grace")
    page.keyboard.press("Enter")
    page.locator(".toast", has_text="View saved").wait_for()
    expect(page.locator(".nav__item[aria-current=page]", has_text="From Grace")).to_be_visible()
    page.get_by_role("link", name="Remove: From grace").click()
    expect(page.locator(".row")).to_have_count(2)
    page.locator("#sidebar").get_by_role("link", name="From Grace").click()
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator(".nav__item[aria-current=page]", has_text="From Grace")).to_be_visible()


def test_mail_of_a_record_opens_in_its_place(watched, live_server, signed_in, alice, mail):
    page = signed_in(watched, alice)
    page.goto(live_server.url + mail.get_absolute_url())
    page.locator(".timeline__item", has_text="Renewal offer").wait_for()
    page.goto(f"{live_server.url}{mail.get_absolute_url()}?tab=email")
    opener = page.get_by_role("button", name="Renewal offer")
    opener.click()
    page.get_by_text("We take the renewal as offered.").wait_for()
    expect(opener).to_have_attribute("aria-expanded", "true")
    opener.click()
    expect(opener).to_have_attribute("aria-expanded", "false")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_are_accessible(watched, live_server, signed_in, alice, mail, axe, theme, width):
    page = signed_in(watched, alice)
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 844})
    for path in (
        "/mail/search/",
        "/mail/search/?q=renewal+is:unread+is:blue+size:3",
        "/mail/search/?q=nothing",
        reverse("inbox:saved_views"),
        f"{mail.get_absolute_url()}?tab=email",
    ):
        page.goto(live_server.url + path)
        page.wait_for_load_state("networkidle")
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
