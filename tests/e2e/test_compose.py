"""Writing in a real browser: answer, save, conflict, paste by the clipboard, chips by key."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from inbox.domain import drafts
from inbox.models import Draft
from mailsync.domain import blobs
from mailsync.enums import SubmissionState
from mailsync.models import Email, MailAccount, Submission
from tests.e2e.writing import EDITOR, saved_html
from tests.factories.crm import make_person
from tests.factories.mail import make_thread
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)
RAW = (
    b"From: Ada Byron <ada@acme.example>\r\nTo: alice@northwind.example\r\nSubject: Offer\r\n"
    b"Message-ID: <parent@acme.example>\r\n\r\nThanks.\r\n"
)


@pytest.fixture
def email(account: MailAccount) -> Email:
    found = make_thread(account).emails.get()
    found.blob = blobs.store(account.pk, RAW)
    found.message_id = "parent@acme.example"
    found.save()
    return found


def test_answer_send_and_undo(
    watched: Page, live_server: Any, signed_in: Callable[..., Page], alice: User, email: Email
) -> None:
    page = signed_in(watched, alice)
    page.goto(f"{live_server.url}/mail/t/{email.thread.key}/")
    page.keyboard.press("r")
    expect(page.locator(EDITOR)).to_be_focused()
    page.keyboard.type("It is 500 EUR.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("compose-form")).to_have_count(0)
    assert Submission.objects.get().state == SubmissionState.QUEUED
    page.locator("#toasts [data-undo]").click()
    expect(page.locator(f"#reply-slot {EDITOR}")).to_contain_text("It is 500 EUR.")
    assert Submission.objects.get().state == SubmissionState.CANCELLED


def test_two_pages_never_overwrite_each_other(
    page: Page, live_server: Any, signed_in: Callable[..., Page], alice: User, account: MailAccount
) -> None:
    # Not `watched`: a browser writes every 409 to its console.
    writing = signed_in(page, alice)
    writing.goto(f"{live_server.url}/mail/compose/?to=ada@acme.example&subject=Offer")
    expect(writing.locator(EDITOR)).to_be_visible()
    writing.locator(EDITOR).click()
    writing.keyboard.type("Mine")
    saved_html(writing)
    draft = Draft.objects.get()
    drafts.save(draft, version=draft.version, html="<div>Theirs</div>")
    writing.keyboard.type(" and more")
    expect(writing.locator("[data-checks]")).to_contain_text("changed elsewhere")
    assert Draft.objects.get().html == "<div>Theirs</div>"
    writing.get_by_role("button", name="Keep mine").click()
    expect(writing.locator("[data-checks] .banner")).to_have_count(0)
    writing.evaluate("document.querySelector('compose-form').save()")
    assert "Mine and more" in Draft.objects.get().html


def test_recipients_and_fields_by_keyboard(
    writing: Page, alice: User, axe: Callable[..., None]
) -> None:
    make_person(alice, "Grace Hopper", "grace@navy.example")
    to = writing.locator("[data-role=to] [role=combobox]")
    to.focus()
    writing.keyboard.type("grac")
    expect(writing.locator("[role=option]").first).to_contain_text("Grace Hopper")
    axe(writing, "compose-form")
    writing.keyboard.press("Enter")
    expect(writing.locator("[data-role=to] .recipients__chip")).to_have_count(2)
    writing.keyboard.type("no address,")
    expect(writing.locator("[data-bad]")).to_have_count(1)
    writing.keyboard.press("Backspace")
    writing.keyboard.press("Backspace")
    expect(writing.locator("[data-role=to] .recipients__chip")).to_have_count(2)
    writing.locator(EDITOR).click()
    writing.keyboard.type("Dear {{")
    expect(writing.locator("[data-fields]")).to_be_visible()
    writing.keyboard.press("ArrowDown")
    writing.keyboard.press("Enter")
    expect(writing.locator(".field-chip")).to_have_count(1)
    assert "{{person.first_name}}" in saved_html(writing)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_window_is_accessible(
    writing: Page, axe: Callable[..., None], theme: str, width: int
) -> None:
    writing.set_viewport_size({"width": width, "height": 844})
    writing.emulate_media(color_scheme=theme)
    axe(writing)
