"""From a mail to a won deal: by keys alone, and by pointer."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from crm.enums import DealStatus
from crm.models import Deal, Person
from mailsync.domain import linking, search_index
from mailsync.domain.thread_joins import merge_threads
from mailsync.models import Email, MailAccount, Thread, ThreadLink
from sharing.enums import ThreadVisibility
from tests.e2e.test_records import drag
from tests.factories.crm import make_deal, make_person, make_pipeline
from tests.factories.mail import link, make_account, make_thread
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)
SignIn = Callable[[Page, User], Page]


@pytest.fixture
def mailbox(alice: User) -> MailAccount:
    return make_account(alice)


@pytest.fixture
def asking(alice: User, mailbox: MailAccount) -> Thread:
    """A mail of a person with three open deals."""
    person = make_person(alice, "Grace Hopper", "grace@navy.example")
    for number in range(3):
        make_deal(alice, f"Navy deal {number}", person=person)
    Deal.objects.update(created_at=datetime(2020, 1, 1, tzinfo=UTC))
    thread = make_thread(mailbox, "Which one", sender=("Grace Hopper", "grace@navy.example"))
    linking.link_threads([thread.pk])
    return thread


def tab_to(page: Page, target: Any, *, most: int = 120) -> None:
    """Walks by Tab until the element has the focus: it can be reached without a pointer."""
    for _ in range(most):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("not reached by Tab")


def test_message_moves_to_another_conversation_by_keys_and_comes_back(
    watched: Page, alice: User, mailbox: MailAccount, signed_in: SignIn, live_server: Any
) -> None:
    long, strayed = make_thread(mailbox, "Long"), make_thread(mailbox, "Strayed", text="Strayed")
    other = make_thread(mailbox, "Offer", sender=("Eve Hopper", "eve@firm.example"))
    long = merge_threads(long, [strayed], by=alice)
    search_index.index_emails(Email.objects.values_list("pk", flat=True))
    email = Email.objects.get(subject="Strayed")
    page = signed_in(watched, alice)
    page.goto(live_server.url + reverse("inbox:thread", args=[long.key]))
    message = page.locator(f"#message-{email.key}")
    expect(page.locator("#thread-messages .message")).to_have_count(2)
    if not message.locator("details").count():
        message.locator(".message__name").click()
    tab_to(page, message.locator("summary").first)
    page.keyboard.press("Enter")
    tab_to(page, message.get_by_role("link", name="Move it to another conversation"))
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    words = dialog.get_by_role("searchbox")
    expect(words).to_be_focused()
    page.keyboard.type("hopp")
    choice = dialog.get_by_role("radio")
    expect(choice).to_have_count(1)
    tab_to(page, choice)
    page.keyboard.press("Space")
    tab_to(page, dialog.get_by_role("button", name="Move"))
    page.keyboard.press("Enter")
    expect(message).to_have_count(0)
    expect(page.locator("#thread-messages .message")).to_have_count(1)
    assert other.emails.count() == 2
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(message).to_have_count(1)
    assert long.emails.count() == 2


def test_person_link_move_and_win_by_keys(
    watched: Page,
    alice: User,
    mailbox: MailAccount,
    asking: Thread,
    signed_in: SignIn,
    live_server: Any,
) -> None:
    make_thread(mailbox, "New contact", sender=("Ada Byron", "ada@acme.example"))
    page = signed_in(watched, alice)
    page.goto(f"{live_server.url}/mail/inbox/")
    # Add a person from a mail.
    tab_to(page, page.get_by_role("link", name="New contact"))
    page.keyboard.press("Enter")
    add = page.get_by_role("link", name="Add as contact")
    add.wait_for()
    tab_to(page, add)
    page.keyboard.press("Enter")
    name = page.get_by_role("dialog").get_by_role("textbox", name="Name", exact=True)
    expect(name).to_have_value("Ada Byron")
    tab_to(page, name)
    page.keyboard.press("Enter")
    expect(page.locator("#side").get_by_role("link", name="Ada Byron")).to_be_visible()
    assert Person.objects.get(name="Ada Byron").emails.get().address == "ada@acme.example"
    # Answer the question of the row.
    chip = page.get_by_role("link", name="3 possible items")
    tab_to(page, chip)
    page.keyboard.press("Enter")
    choice = page.get_by_role("dialog").get_by_role("button", name="Navy deal 1")
    choice.wait_for()
    tab_to(page, choice)
    with page.expect_response("**/link/add/"):
        page.keyboard.press("Enter")
    expect(chip).to_have_count(0)
    deal = ThreadLink.objects.get(deal__isnull=False).deal
    assert deal is not None
    assert deal.title == "Navy deal 1"
    # Move the deal over the board and win it.
    page.keyboard.press("g")
    page.keyboard.press("b")
    page.wait_for_url("**/deals/**")
    board = page.locator("#main").get_by_role("link", name="Board", exact=True)
    tab_to(page, board)
    page.keyboard.press("Enter")
    page.wait_for_url("**/deals/board/**")
    card = page.locator(f"#deal-{deal.pk} .card__link")
    tab_to(page, card)
    with page.expect_response("**/move/"):
        page.keyboard.press("Control+ArrowRight")
    expect(page.get_by_role("region", name="Offer").locator(f"#deal-{deal.pk}")).to_be_visible()
    # The focus has gone with the card, so the next key is about it too.
    expect(card).to_be_focused()
    with page.expect_response("**/win/"):
        page.keyboard.press("w")
    expect(card).to_have_count(0)
    deal.refresh_from_db()
    assert (deal.stage.name, deal.status) == ("Offer", DealStatus.WON)


def test_person_link_move_and_win_by_pointer(
    watched: Page,
    alice: User,
    mailbox: MailAccount,
    asking: Thread,
    signed_in: SignIn,
    live_server: Any,
) -> None:
    make_thread(mailbox, "New contact", sender=("Ada Byron", "ada@acme.example"))
    page = signed_in(watched, alice)
    page.goto(f"{live_server.url}/mail/inbox/")
    page.get_by_role("link", name="New contact").click()
    page.get_by_role("link", name="Add as contact").click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.locator("#side").get_by_role("link", name="Ada Byron")).to_be_visible()
    page.get_by_role("link", name="3 possible items").click()
    page.get_by_role("dialog").get_by_role("button", name="Navy deal 2").click()
    expect(page.get_by_text("Linked to Navy deal 2.")).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="Deals", exact=True).click()
    page.locator("#main").get_by_role("link", name="Board", exact=True).click()
    page.wait_for_url("**/deals/board/**")
    deal = Deal.objects.get(title="Navy deal 2")
    card = page.locator(f"#deal-{deal.pk}")
    offer = page.get_by_role("region", name="Offer")
    with page.expect_response("**/move/"):
        drag(page, card, offer.locator(".board__cards"))
    expect(offer.locator(f"#deal-{deal.pk}")).to_be_visible()
    # The count is the server's: with it the board is the new one.
    expect(offer.locator(".board__sum")).to_have_text("1")
    card.get_by_role("link", name="Navy deal 2", exact=True).click()
    page.get_by_role("button", name="Won").click()
    expect(page.get_by_text("This deal was won.")).to_be_visible()
    deal.refresh_from_db()
    assert (deal.stage.name, deal.status) == ("Offer", DealStatus.WON)


def test_links_are_taken_back_and_several_made_at_once(
    watched: Page,
    alice: User,
    asking: Thread,
    signed_in: SignIn,
    live_server: Any,
) -> None:
    page = signed_in(watched, alice)
    page.goto(live_server.url + reverse("inbox:thread", args=[asking.key]))
    side, dialog = page.locator("#side"), page.get_by_role("dialog")
    side.get_by_role("link", name="Link…").click()
    dialog.get_by_role("checkbox", name="Tick Navy deal 0").check()
    search = dialog.get_by_role("searchbox")
    search.fill("deal 2")
    # What was ticked stays on top of what is found now.
    expect(dialog.get_by_role("button", name="Navy deal 1")).to_have_count(0)
    expect(dialog.get_by_role("checkbox", name="Tick Navy deal 0")).to_be_checked()
    dialog.get_by_role("checkbox", name="Tick Navy deal 2").check()
    dialog.get_by_role("button", name="Link the ticked").click()
    expect(page.get_by_text("Linked to 2 records.")).to_be_visible()
    remove = side.get_by_role("button", name="Remove link to Navy deal 2")
    remove.click()
    expect(page.get_by_text("No longer linked to Navy deal 2.")).to_be_visible()
    page.get_by_role("button", name="Undo").last.click()
    expect(remove).to_be_visible()
    titles = ThreadLink.objects.standing().filter(deal__isnull=False).order_by("pk")
    assert [link.deal.title for link in titles if link.deal] == ["Navy deal 0", "Navy deal 2"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_accessibility_fault(
    scheme: Any,
    watched: Page,
    alice: User,
    mailbox: MailAccount,
    asking: Thread,
    signed_in: SignIn,
    live_server: Any,
    axe: Callable[..., None],
) -> None:
    make_pipeline()
    bob = User.objects.create_user("bob@northwind.example", "a long password", name="Bob")
    shared = make_thread(mailbox, "Shared", visibility=ThreadVisibility.SHARED)
    deal = make_deal(alice, "Acme renewal")
    link(shared, deal=deal)
    page = signed_in(watched, alice)
    page.emulate_media(color_scheme=scheme)
    for path in (
        "/mail/inbox/",
        reverse("inbox:thread", args=[asking.key]),
        reverse("inbox:thread_question", args=[asking.key]),
        reverse("inbox:thread_link_choose", args=[asking.key]),
        reverse("inbox:thread_who", args=[shared.key]),
        reverse("inbox:thread_as", args=[shared.key]) + f"?user={bob.pk}",
        reverse("inbox:make_record", args=[shared.key, "deal"]),
        reverse("inbox:make_activity", args=[shared.key]),
        reverse("inbox:thread_merge", args=[asking.key]),
        reverse("inbox:thread_move", args=[asking.key]),
        reverse("inbox:earlier", args=["deal", Deal.objects.order_by("pk")[0].pk]),
    ):
        page.goto(live_server.url + path)
        axe(page)
