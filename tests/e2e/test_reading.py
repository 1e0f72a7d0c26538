"""How a mail's HTML is shown: dark where the reader wants it, and no wider than its pane."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from mailsync.models import MailAccount
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
