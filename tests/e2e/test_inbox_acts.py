"""Acts on conversations by the keys: of the open one, of the row with the focus, of what is
ticked; and what stands there afterwards."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from inbox.models import Label, ThreadLabel
from mailsync.models import BlockedAddress, MailAccount, Mailbox, MailboxEntry
from tests.factories.mail import make_thread

pytestmark = pytest.mark.django_db(transaction=True)
SUBJECT = ".thread__subject"


@pytest.fixture
def inbox(
    watched: Page,
    live_server: Any,
    signed_in: Any,
    alice: Any,
    account: MailAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> Page:
    """Five conversations, newest first: Subject 4 to Subject 0."""
    monkeypatch.setattr("mailsync.tasks.replay_changes.delay_on_commit", lambda _pk: None)
    box = Mailbox.objects.create(account=account, path="INBOX", role="inbox")
    for number in range(5):
        email = make_thread(account, f"Subject {number}").emails.get()
        MailboxEntry.objects.create(
            mailbox=box, uidvalidity=1, uid=number + 1, email=email, outcome="stored", places=1
        )
    page: Page = signed_in(watched, alice)
    page.goto(live_server.url + "/mail/inbox/")
    page.locator(".row").first.wait_for()
    return page


def opened(page: Page, subject: str) -> None:
    page.locator(".row__link", has_text=subject).click()
    expect(page.locator(SUBJECT)).to_have_text(subject)
    expect(page.locator("#thread-side")).to_be_visible()


@pytest.mark.parametrize(
    ("key", "neighbour"), [("e", "Subject 1"), ("]", "Subject 1"), ("[", "Subject 3")]
)
def test_what_leaves_makes_way_for_its_neighbour(inbox: Page, key: str, neighbour: str) -> None:
    opened(inbox, "Subject 2")
    inbox.keyboard.press(key)
    expect(inbox.locator(SUBJECT)).to_have_text(neighbour)
    expect(inbox.locator(".row[data-key] [aria-current='true']")).to_contain_text(neighbour)


def test_the_open_conversation_shows_what_was_done_to_it(inbox: Page, axe: Any) -> None:
    opened(inbox, "Subject 2")
    inbox.keyboard.press("s")
    expect(inbox.get_by_role("button", name="Remove star")).to_have_count(2)
    # The same key takes it off again.
    inbox.keyboard.press("s")
    expect(inbox.locator("#thread-form").get_by_role("button", name="Star")).to_be_visible()
    inbox.keyboard.press("l")
    inbox.locator("[data-find]:focus").wait_for()
    axe(inbox, "#thread-label")
    inbox.keyboard.type("Very urgent")
    inbox.keyboard.press("Enter")
    expect(inbox.locator(".thread__title .tag", has_text="Very urgent")).to_be_visible()
    expect(inbox.locator(".row", has_text="Subject 2").locator(".tag")).to_have_text("Very urgent")
    assert Label.objects.get().name == "Very urgent"


def test_typing_narrows_the_labels(inbox: Page) -> None:
    for name in ("Invoice", "Offer", "Support"):
        Label.objects.create(name=name)
    opened(inbox, "Subject 2")
    inbox.keyboard.press("l")
    shown = inbox.locator("#thread-label .menu__item:visible")
    expect(shown).to_have_count(4)
    inbox.locator("[data-find]:focus").press_sequentially("off")
    expect(shown).to_have_count(3)
    expect(shown.nth(1)).to_contain_text("New label: off")
    inbox.keyboard.press("Enter")
    inbox.locator(".toast", has_text="Label added").wait_for()
    assert ThreadLabel.objects.get().label.name == "Offer"


def test_keys_act_on_the_row_with_the_focus(inbox: Page) -> None:
    inbox.keyboard.press("j")
    inbox.keyboard.press("j")
    inbox.keyboard.press("h")
    inbox.get_by_role("menuitem", name="In 1 hour").click()
    inbox.locator(".toast", has_text="snoozed").wait_for()
    expect(inbox.locator(".row__link bdi")).to_have_text(
        ["Subject 4", "Subject 2", "Subject 1", "Subject 0"]
    )
    inbox.keyboard.press("z")
    expect(inbox.locator(".row")).to_have_count(5)


def test_keys_act_on_what_is_ticked(inbox: Page) -> None:
    # The first one without a row in focus.
    inbox.keyboard.press("x")
    inbox.keyboard.press("J")
    expect(inbox.locator("[data-selected-count]")).to_have_text("2 selected")
    inbox.keyboard.press("s")
    inbox.locator(".toast", has_text="2 conversations starred").wait_for()
    expect(inbox.locator(".thread-row__star")).to_have_count(2)


def test_block_asks_whom_and_goes_on_with_the_next(inbox: Page, axe: Any) -> None:
    opened(inbox, "Subject 2")
    inbox.keyboard.press("!")
    inbox.locator("dialog[open]").wait_for()
    axe(inbox, "dialog")
    inbox.get_by_label("everybody at acme.example").check()
    inbox.get_by_role("button", name="Block", exact=True).click()
    inbox.locator(".toast", has_text="acme.example is blocked").wait_for()
    expect(inbox.locator(SUBJECT)).to_have_text("Subject 1")
    assert BlockedAddress.objects.get().pattern == "acme.example"
    inbox.keyboard.press("z")
    expect(inbox.locator(".row")).to_have_count(5)
    assert not BlockedAddress.objects.exists()


def test_escape_closes_a_popover_and_not_the_conversation(inbox: Page) -> None:
    opened(inbox, "Subject 2")
    inbox.get_by_role("button", name="Filter").click()
    inbox.get_by_label("Starred").focus()
    inbox.keyboard.press("Escape")
    expect(inbox.locator("#list-filter")).to_be_hidden()
    expect(inbox.locator(SUBJECT)).to_have_text("Subject 2")


def test_the_bar_fits_a_phone_and_what_is_offered_has_its_own_line(
    inbox: Page, account: MailAccount
) -> None:
    for number in range(50):
        make_thread(account, f"More {number}")
    inbox.set_viewport_size({"width": 390, "height": 844})
    inbox.reload()
    inbox.locator(".row__tick").first.check()
    clear = inbox.get_by_role("button", name="Clear selection")
    expect(clear).to_be_in_viewport(ratio=1)
    inbox.keyboard.press("*")
    inbox.keyboard.press("a")
    offer = inbox.get_by_label("Select all 55 in Inbox")
    expect(offer).to_be_in_viewport(ratio=1)
    below = inbox.locator(".row").first.bounding_box()
    line = offer.bounding_box()
    assert below
    assert line
    assert line["y"] + line["height"] <= below["y"]


def test_paper_bears_the_conversation_alone(inbox: Page) -> None:
    opened(inbox, "Subject 2")
    inbox.emulate_media(media="print")
    for hidden in ("#sidebar", "#list-pane", "#side", ".thread__bar", ".thread__end"):
        expect(inbox.locator(hidden)).to_be_hidden()
    expect(inbox.locator(SUBJECT)).to_be_visible()
    box = inbox.locator(".message").bounding_box()
    assert box
    assert box["width"] > 1000


OFFLINE_TWICE = """() => {
  const real = fetch;
  let left = 2;
  window.fetch = (url, ...more) =>
    String(url).includes("/mute/") && left-- > 0 ? Promise.reject(new TypeError()) : real(url, ...more);
  console.error = () => {};
}"""


def test_what_went_wrong_is_said_once_and_no_longer_when_it_went_right(inbox: Page) -> None:
    """Also where the act stands in what looks again by itself, and is quiet when it cannot."""
    opened(inbox, "Subject 2")
    inbox.evaluate(OFFLINE_TWICE)
    problem = inbox.locator(".toast[data-kind=error]")
    for _ in range(2):
        inbox.keyboard.press("m")
        expect(problem).to_have_count(1)
        inbox.wait_for_timeout(200)
    expect(problem).to_have_count(1)
    inbox.keyboard.press("m")
    expect(inbox.locator(".toast", has_text="muted")).to_be_visible()
    expect(problem).to_have_count(0)
