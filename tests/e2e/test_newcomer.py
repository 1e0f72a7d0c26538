"""The newcomer's path in a browser: set-up, first steps, keys, sign-in."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from users.enums import StepState
from users.models import Preferences, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "timezone_id": "Europe/Berlin"}


def test_first_visitor_comes_from_setup_to_the_first_steps(
    watched: Page, live_server: Any, axe: Callable[..., None]
) -> None:
    page = watched
    page.goto(f"{live_server.url}/")
    expect(page.get_by_role("heading", name="Welcome to Dealpost")).to_be_visible()
    axe(page)
    page.get_by_label("Company").fill("Northwind")
    page.get_by_label("Your name").fill("Sam Sales")
    page.get_by_label("E-mail address").fill("sam@northwind.example")
    password = page.get_by_role("textbox", name="Password")
    password.fill("correct horse battery")
    show = page.get_by_role("button", name="Show the password")
    assert password.get_attribute("type") == "password"
    show.click()
    assert password.get_attribute("type") == "text"
    assert show.get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Set up Dealpost").click()
    expect(page.get_by_text("Good to have you, Sam")).to_be_visible()
    assert Preferences.objects.get().time_zone == "Europe/Berlin"
    axe(page)
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 844})
    axe(page)
    page.get_by_role("button", name="Skip").click()
    expect(page.get_by_text("Step 2 of 6")).to_be_visible()


def test_five_keys_are_learnt_by_pressing_them(
    watched: Page,
    live_server: Any,
    alice: User,
    signed_in: Callable[[Page, User], Page],
    axe: Callable[..., None],
) -> None:
    page = signed_in(watched, alice)
    page.goto(f"{live_server.url}/welcome/keys/")
    status = page.get_by_role("status")
    page.keyboard.press("x")
    expect(page.get_by_text("Press each key once.")).to_be_visible()
    for count, key in enumerate("jerc", start=1):
        page.keyboard.press(key)
        expect(status.filter(has_text=f"{count} of 5")).to_be_visible()
    page.keyboard.press("Shift+?")
    expect(status.filter(has_text="Those are the ones.")).to_be_visible()
    expect(page.get_by_role("button", name="I know these")).to_be_focused()
    assert page.url.endswith("/welcome/keys/")
    axe(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**/welcome/")
    assert Preferences.objects.get(user=alice).welcome_steps == {"keys": StepState.DONE}


def test_list_of_choices_is_ours_and_follows_the_keyboard(
    watched: Page,
    live_server: Any,
    alice: User,
    signed_in: Callable[[Page, User], Page],
    axe: Callable[..., None],
) -> None:
    page = signed_in(watched, alice)
    page.goto(f"{live_server.url}/settings/personal/")
    theme = page.get_by_label("Theme")
    theme.focus()
    page.keyboard.press("Space")
    axe(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(theme).to_have_value("dark")
