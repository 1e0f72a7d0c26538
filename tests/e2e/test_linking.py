"""From a mail to a won deal: by keys alone, and by pointer."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from crm.enums import DealStatus
from crm.models import Deal, Person
from mailsync.domain import linking
from mailsync.models import MailAccount, Thread, ThreadLink
from sharing.enums import ThreadVisibility
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


def test_person_link_move_and_win_by_keys(
    watched: Page,
    alice: User,
    mailbox: MailAccount,
    asking: Thread,
    signed_in: SignIn,
    live_server: Any,
) -> None:
    stranger = make_thread(mailbox, "New contact", sender=("Ada Byron", "ada@acme.example"))
    page = signed_in(watched, alice)
    # Add a person from a mail.
    page.goto(live_server.url + reverse("inbox:thread", args=[stranger.key]))
    add = page.get_by_role("link", name="Add as contact")
    add.wait_for()
    tab_to(page, add)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    name = dialog.get_by_role("textbox", name="Name", exact=True)
    expect(name).to_have_value("Ada Byron")
    tab_to(page, name)
    page.keyboard.press("Enter")
    expect(page.locator("#side").get_by_role("link", name="Ada Byron")).to_be_visible()
    assert Person.objects.get(name="Ada Byron").emails.get().address == "ada@acme.example"
    # Answer the question of the row.
    page.goto(f"{live_server.url}/mail/inbox/")
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
    page.goto(f"{live_server.url}/deals/board/{deal.pipeline_id}/")
    card = page.locator(f"#deal-{deal.pk} .card__link")
    tab_to(page, card)
    with page.expect_response("**/move/"):
        page.keyboard.press("Control+ArrowRight")
    expect(page.get_by_role("region", name="Offer").locator(f"#deal-{deal.pk}")).to_be_visible()
    card.focus()
    with page.expect_response("**/win/"):
        page.keyboard.press("w")
    expect(card).to_have_count(0)
    deal.refresh_from_db()
    assert (deal.stage.name, deal.status) == ("Offer", DealStatus.WON)


def test_person_link_and_win_by_pointer(
    watched: Page,
    alice: User,
    mailbox: MailAccount,
    asking: Thread,
    signed_in: SignIn,
    live_server: Any,
) -> None:
    stranger = make_thread(mailbox, "New contact", sender=("Ada Byron", "ada@acme.example"))
    page = signed_in(watched, alice)
    page.goto(live_server.url + reverse("inbox:thread", args=[stranger.key]))
    page.get_by_role("link", name="Add as contact").click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.locator("#side").get_by_role("link", name="Ada Byron")).to_be_visible()
    page.goto(f"{live_server.url}/mail/inbox/")
    page.get_by_role("link", name="3 possible items").click()
    page.get_by_role("dialog").get_by_role("button", name="Navy deal 2").click()
    expect(page.get_by_text("Linked to Navy deal 2.")).to_be_visible()
    page.goto(live_server.url + reverse("inbox:thread", args=[asking.key]))
    # Unlink and take it back by the toast.
    page.get_by_role("button", name="Remove link to Navy deal 2").click()
    expect(page.get_by_text("No longer linked to Navy deal 2.")).to_be_visible()
    page.get_by_role("button", name="Undo").last.click()
    expect(page.get_by_role("button", name="Remove link to Navy deal 2")).to_be_visible()
    page.locator("#side").get_by_role("link", name="Navy deal 2").click()
    page.get_by_role("button", name="Offer").click()
    page.get_by_role("button", name="Won").click()
    page.wait_for_load_state()
    deal = Deal.objects.get(title="Navy deal 2")
    assert (deal.stage.name, deal.status) == ("Offer", DealStatus.WON)


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
        reverse("inbox:thread_who", args=[shared.key]),
        reverse("inbox:thread_as", args=[shared.key]) + f"?user={bob.pk}",
        reverse("inbox:make_record", args=[shared.key, "deal"]),
        reverse("inbox:make_activity", args=[shared.key]),
        reverse("inbox:thread_merge", args=[asking.key]),
        reverse("inbox:earlier", args=["deal", Deal.objects.order_by("pk")[0].pk]),
    ):
        page.goto(live_server.url + path)
        axe(page)
