"""How a mail's HTML is shown: dark where the reader wants it, and no wider than its pane."""

import re
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from mailsync.models import Email, MailAccount, Thread
from tests.factories.mail import give_bytes, make_thread

pytestmark = pytest.mark.django_db(transaction=True)
FRAME = ".message__frame"
NEWSLETTER = (
    '<table width="640"><tr><td width="320">Left</td>'
    '<td width="320" align="right">the right end</td></tr></table>'
)


@pytest.fixture
def mail(
    watched: Page,
    live_server: Any,
    signed_in: Any,
    alice: Any,
    account: MailAccount,
    settings: Any,
    tmp_path: Any,
) -> Page:
    """A newsletter that is open in the dark theme."""
    settings.BLOB_DIR = tmp_path
    thread = make_thread(account, "News")
    give_bytes(thread, html=NEWSLETTER)
    page: Page = signed_in(watched, alice)
    page.emulate_media(color_scheme="dark")
    page.goto(live_server.url + reverse("inbox:thread", args=[thread.key]))
    page.frame_locator(FRAME).get_by_text("the right end").wait_for()
    return page


def filter_of(page: Page) -> str:
    found: str = page.locator(FRAME).evaluate("(frame) => getComputedStyle(frame).filter")
    return found


def test_paper_turns_dark_and_stays_so(mail: Page) -> None:
    assert filter_of(mail) == "none"
    button = mail.get_by_role("button", name="Dark view")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert "invert" in filter_of(mail)
    # Pictures are turned back.
    expect(mail.frame_locator(FRAME).locator("html[data-dark]")).to_have_count(1)
    mail.reload()
    mail.frame_locator(FRAME).locator("html[data-dark]").wait_for()
    expect(button).to_have_attribute("aria-pressed", "true")
    # In the light theme it is white paper, and nothing is offered.
    mail.emulate_media(color_scheme="light")
    assert filter_of(mail) == "none"
    expect(mail.frame_locator(FRAME).locator("html[data-dark]")).to_have_count(0)
    expect(button).to_be_hidden()


@pytest.mark.parametrize("width", [1440, 480])
def test_a_newsletter_is_as_wide_as_its_pane(mail: Page, width: int) -> None:
    mail.set_viewport_size({"width": width, "height": 800})
    mail.wait_for_function(
        """() => { const page = document.querySelector(".message__frame").contentDocument;
          return page.documentElement.scrollWidth <= page.documentElement.clientWidth }"""
    )
    zoom = mail.frame_locator(FRAME).locator("body").evaluate("(body) => body.style.zoom")
    assert (zoom == "") == (width == 1440)


def test_on_a_phone_a_mail_is_begun_from_the_list(mail: Page, live_server: Any) -> None:
    mail.set_viewport_size({"width": 390, "height": 844})
    mail.goto(live_server.url + "/mail/inbox/")
    mail.get_by_role("link", name="Compose").click()
    expect(mail.locator("compose-form")).to_be_visible()


def test_news_leave_the_focus_where_it_is(mail: Page) -> None:
    reply = mail.get_by_role("link", name="Reply", exact=True)
    reply.focus()
    for news in ("mail-changed", "resync", "outbox-changed"):
        with mail.expect_response(re.compile("/news/")) as answer:
            mail.evaluate(
                "(name) => document.body.dispatchEvent(new CustomEvent(name, {bubbles: true}))",
                news,
            )
        answer.value.finished()
        mail.wait_for_timeout(100)
        expect(reply).to_be_focused()


def test_what_comes_to_an_open_conversation_is_shown_once(mail: Page, account: MailAccount) -> None:
    thread = Thread.objects.get(subject="News")
    mail.get_by_role("link", name="Reply", exact=True).focus()
    for number in range(2):
        other = make_thread(account, f"Other {number}", text=f"Answer {number}").emails.get()
        Email.objects.filter(pk=other.pk).update(thread=thread)
        for _ in range(2):
            with mail.expect_response(re.compile("/news/")):
                mail.evaluate(
                    "document.body.dispatchEvent(new CustomEvent('resync', {bubbles: true}))"
                )
            expect(mail.locator("[data-message]")).to_have_count(2 + number)
    expect(mail.locator(".thread__end")).to_have_count(1)
    expect(mail.get_by_text("Answer 1")).to_be_visible()
    last = mail.locator("[data-message]").last.bounding_box()
    bar = mail.locator("[data-reply-bar]").bounding_box()
    assert last
    assert bar
    assert last["y"] < bar["y"]
