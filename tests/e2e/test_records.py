"""Records by keyboard alone: add a person, move a deal over the board, mark it won."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from crm.domain.deals import change_deal, move_deal
from crm.enums import DealStatus
from crm.models import Person
from tests.crm.views.test_pages import make_all
from tests.factories.crm import make_deal, make_pipeline
from users.models import User


@pytest.fixture
def alice(transactional_db: None) -> User:
    from tests.factories.users import make_user
    from users.models import Company

    Company.objects.create(pk=1, name="Northwind")
    return make_user("alice@northwind.example")


def test_a_person_is_added_by_keys(
    watched: Page, alice: User, signed_in: Callable[[Page, User], Page], live_server: Any
) -> None:
    page = signed_in(watched, alice)
    page.goto(f"{live_server.url}/contacts/people/")
    page.keyboard.press("n")
    name = page.get_by_role("textbox", name="Name", exact=True)
    name.wait_for()
    name.focus()
    page.keyboard.type("Ada Byron")
    page.keyboard.press("Enter")
    page.wait_for_url("**/contacts/people/*/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ada Byron")
    assert Person.objects.get().name == "Ada Byron"


def test_a_deal_moves_and_is_won_by_keys(
    watched: Page, alice: User, signed_in: Callable[[Page, User], Page], live_server: Any
) -> None:
    pipeline = make_pipeline()
    deal = make_deal(alice, pipeline=pipeline, value=1000)
    page = signed_in(watched, alice)
    page.goto(f"{live_server.url}/deals/board/{pipeline.pk}/")
    offer = page.get_by_role("region", name="Offer")
    page.locator(f"#deal-{deal.pk} .card__link").focus()
    with page.expect_response("**/move/"):
        page.keyboard.press("Control+ArrowRight")
    expect(offer.locator(f"#deal-{deal.pk}")).to_be_visible()
    expect(offer.locator(".board__sum")).to_contain_text("1,000")
    deal.refresh_from_db()
    assert deal.stage.name == "Offer"
    page.locator(f"#deal-{deal.pk} .card__link").focus()
    with page.expect_response("**/win/"):
        page.keyboard.press("w")
    expect(page.locator(f"#deal-{deal.pk}")).to_have_count(0)
    deal.refresh_from_db()
    assert deal.status == DealStatus.WON


def test_a_filtered_board_and_its_menu_by_keys(
    watched: Page, alice: User, signed_in: Callable[[Page, User], Page], live_server: Any
) -> None:
    pipeline = make_pipeline()
    deal = make_deal(alice, "Navy pilot", pipeline=pipeline)
    make_deal(alice, "Acme renewal", pipeline=pipeline)
    page = signed_in(watched, alice)
    page.goto(f"{live_server.url}/deals/board/{pipeline.pk}/")
    expect(page.locator(".card")).to_have_count(2)
    page.keyboard.press("/")
    page.keyboard.type("navy")
    expect(page.locator(".card")).to_have_count(1)
    page.wait_for_url("**/?q=navy*")
    page.locator(f"#deal-{deal.pk} .card__link").focus()
    page.keyboard.press("m")
    dialog = page.get_by_role("dialog")
    stage = dialog.get_by_label("Stage")
    expect(stage).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(stage).to_have_value(str(pipeline.stages.get(name="Offer").pk))
    dialog.get_by_role("button", name="Move").focus()
    page.keyboard.press("Enter")
    # Back on the board as it was filtered.
    offer = page.get_by_role("region", name="Offer")
    expect(offer.locator(f"#deal-{deal.pk}")).to_be_visible()
    expect(page.locator(".card")).to_have_count(1)
    deal.refresh_from_db()
    assert deal.stage.name == "Offer"


def test_a_deal_is_dragged_to_a_stage_and_to_won(
    watched: Page, alice: User, signed_in: Callable[[Page, User], Page], live_server: Any
) -> None:
    pipeline = make_pipeline()
    deal = make_deal(alice, pipeline=pipeline, value=1000)
    page = signed_in(watched, alice)
    page.goto(f"{live_server.url}/deals/board/{pipeline.pk}/")
    card = page.locator(f"#deal-{deal.pk}")
    column = page.get_by_role("region", name="Offer").locator(".board__cards")
    with page.expect_response("**/move/"):
        drag(page, card, column)
    expect(column.locator(f"#deal-{deal.pk}")).to_be_visible()
    # The sums are the server's: with them the board is the new one.
    expect(page.get_by_role("region", name="Offer").locator(".board__sum")).to_contain_text("1,000")
    deal.refresh_from_db()
    assert deal.stage.name == "Offer"
    with page.expect_response("**/win/"):
        drag(page, card, page.locator("[data-target=win]"))
    expect(card).to_have_count(0)
    deal.refresh_from_db()
    assert deal.status == DealStatus.WON


def drag(page: Page, card: Locator, to: Locator) -> None:
    """By the pointer, with the small first step that a hand makes."""
    box = card.bounding_box()
    assert box is not None
    # Not before the pointer reaches it: while one page fades into the next it does not.
    card.hover(position={"x": 20, "y": box["height"] - 8})
    page.mouse.down()
    page.mouse.move(box["x"] + 30, box["y"] + box["height"], steps=4)
    # What a card is dropped on may show only while something is dragged.
    to.wait_for()
    goal = to.bounding_box()
    assert goal is not None
    middle = goal["x"] + goal["width"] / 2
    page.mouse.move(middle, goal["y"] + 20, steps=10)
    # The board takes no card while others give way (140 ms); a hand is slower, and never still.
    carried = to.locator(f"#{card.get_attribute('id')}")
    for number in range(60):
        if carried.count():
            break
        page.wait_for_timeout(50)
        page.mouse.move(middle + number % 2 * 4, goal["y"] + 20)
    page.mouse.up()


def test_an_open_board_follows_what_a_colleague_moves(
    watched: Page, alice: User, signed_in: Callable[[Page, User], Page], live_server: Any
) -> None:
    pipeline = make_pipeline()
    deal = make_deal(alice, pipeline=pipeline)
    page = signed_in(watched, alice)
    page.goto(f"{live_server.url}/deals/board/{pipeline.pk}/")
    move_deal(deal, stage=pipeline.stages.get(name="Offer"))
    # The bell itself is a matter of notifications; here is what a board does when it rings.
    page.evaluate("document.body.dispatchEvent(new CustomEvent('deal-moved'))")
    offer = page.get_by_role("region", name="Offer")
    expect(offer.locator(f"#deal-{deal.pk}")).to_be_visible()


def test_a_fact_is_edited_in_place_and_tabs_open_by_number(
    watched: Page, alice: User, signed_in: Callable[[Page, User], Page], live_server: Any
) -> None:
    deal = make_deal(alice, value=1000)
    page = signed_in(watched, alice)
    page.goto(live_server.url + deal.get_absolute_url())
    page.get_by_role("link", name="Edit the value").press("Enter")
    value = page.get_by_role("spinbutton", name="Value")
    expect(value).to_be_focused()
    page.keyboard.press("Escape")
    expect(value).to_have_count(0)
    page.get_by_role("link", name="Edit the value").press("Enter")
    value.fill("2500")
    page.keyboard.press("Enter")
    expect(page.locator("#fact-value")).to_contain_text("2,500")
    deal.refresh_from_db()
    assert deal.value == 2500
    page.locator("body").press("3")
    page.wait_for_url("**?tab=activities")


def test_two_people_edit_one_fact(
    page: Page, alice: User, signed_in: Callable[[Page, User], Page], live_server: Any
) -> None:
    """Without the watch for console errors: a browser notes each answer of 4xx there."""
    deal = make_deal(alice, value=1000)
    signed_in(page, alice)
    page.goto(live_server.url + deal.get_absolute_url())
    fact = page.locator("#fact-value")
    fact.get_by_role("link", name="Edit the value").click()
    value = fact.get_by_role("spinbutton", name="Value")
    value.fill("1234567890123456")
    page.keyboard.press("Enter")
    expect(fact.get_by_text("no more than 15 digits")).to_be_visible()
    change_deal(deal, value=Decimal(1500))
    value.fill("2500")
    page.keyboard.press("Enter")
    expect(fact.get_by_text("A colleague changed this meanwhile.")).to_be_visible()
    expect(fact.get_by_role("row").nth(1)).to_contain_text("1500")
    expect(page.locator("app-toast")).to_have_count(0)
    fact.get_by_role("button", name="Save mine over it").click()
    expect(fact).to_contain_text("2,500")
    deal.refresh_from_db()
    assert deal.value == 2500


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_of_records_have_no_accessibility_fault(
    scheme: Any,
    watched: Page,
    alice: User,
    signed_in: Callable[[Page, User], Page],
    live_server: Any,
    axe: Callable[..., None],
) -> None:
    records = make_all(alice)
    page = signed_in(watched, alice)
    page.emulate_media(color_scheme=scheme)
    paths = [
        "/contacts/people/",
        "/contacts/organizations/?q=nothing",
        "/deals/",
        f"/deals/board/{records['deal'].pipeline_id}/",
        f"/projects/board/{records['project'].board_id}/",
        "/activities/",
        "/search/?q=acme",
        "/contacts/people/import/",
        "/contacts/people/new/",
        *(record.get_absolute_url() for record in records.values()),
    ]
    for path in paths:
        page.goto(live_server.url + path)
        axe(page)
