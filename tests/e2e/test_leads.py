"""The leads inbox worked through by keys: opened one by one, archived, labelled, converted."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from crm.models import Deal, Lead
from tests.factories.crm import make_pipeline
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)
SignIn = Callable[[Page, User], Page]


@pytest.fixture
def leads(alice: User) -> list[Lead]:
    make_pipeline()
    return [Lead.objects.create(owner=alice, title=f"Lead {n}", value=1000) for n in range(3)]


def test_a_list_is_worked_through_by_keys(
    watched: Page, alice: User, leads: list[Lead], signed_in: SignIn, live_server: Any
) -> None:
    page = signed_in(watched, alice)
    page.goto(f"{live_server.url}/leads/")
    detail = page.locator("#detail")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(detail.get_by_role("heading", level=1)).to_have_text("Lead 2")
    page.wait_for_url(f"**{leads[2].get_absolute_url()}")
    # The next one opens where the last one stood, and the list stays.
    page.keyboard.press("j")
    expect(detail.get_by_role("heading", level=1)).to_have_text("Lead 1")
    expect(page.locator(".row:has([aria-current='true'])")).to_contain_text("Lead 1")
    page.keyboard.press("e")
    expect(page.get_by_text("“Lead 1” is archived.")).to_be_visible()
    page.wait_for_url(re.compile(r"/leads/$"))
    expect(page.locator(".row")).to_have_count(2)
    leads[1].refresh_from_db()
    assert leads[1].archived_at


def test_a_lead_is_converted_by_keys(
    watched: Page, alice: User, leads: list[Lead], signed_in: SignIn, live_server: Any
) -> None:
    page = signed_in(watched, alice)
    page.goto(live_server.url + leads[0].get_absolute_url())
    expect(page.locator(".row")).to_have_count(3)
    page.keyboard.press("Shift+D")
    dialog = page.get_by_role("dialog")
    value = dialog.get_by_role("spinbutton", name="Value")
    expect(value).to_have_value("1000.00")
    value.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/deals/*/")
    assert Deal.objects.get().title == "Lead 0"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_accessibility_fault(
    scheme: Any,
    watched: Page,
    alice: User,
    leads: list[Lead],
    signed_in: SignIn,
    live_server: Any,
    axe: Callable[..., None],
) -> None:
    page = signed_in(watched, alice)
    page.emulate_media(color_scheme=scheme)
    for path in ("/leads/", "/leads/?state=archived", leads[0].get_absolute_url()):
        page.goto(live_server.url + path)
        expect(page.locator("#list-pane h1, #list-pane p.pane__title")).to_be_visible()
        axe(page)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(live_server.url + leads[0].get_absolute_url())
    expect(page.locator("#list-pane")).to_be_hidden()
    page.get_by_role("link", name="Leads", exact=True).first.click()
    expect(page.locator(".row")).to_have_count(3)
