"""The parts of pages in a real browser: how they look to axe, how they answer to keys."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def guide(watched, signed_in, dana, live_server):
    signed_in(watched, dana)
    watched.goto(f"{live_server.url}/styleguide/")
    return watched


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_axe_finds_nothing(guide, axe, theme, width, height):
    guide.emulate_media(color_scheme=theme)
    guide.set_viewport_size({"width": width, "height": height})
    axe(guide)


@pytest.mark.parametrize("width", [320, 390, 768, 1024])
def test_nothing_scrolls_sideways(guide, width):
    guide.set_viewport_size({"width": width, "height": 800})
    for selector in ("html", ".page__content", ".sidebar"):
        over = guide.evaluate(
            "(s) => { const e = document.querySelector(s); return e.scrollWidth - e.clientWidth }",
            selector,
        )
        assert over <= 0, selector


def test_the_palette_runs_commands_by_keyboard(guide, axe):
    button = guide.get_by_role("button", name="New deal")
    button.focus()
    guide.keyboard.press("Control+k")
    palette = guide.get_by_role("dialog", name="Command palette")
    expect(palette).to_be_visible()
    field = guide.get_by_role("combobox", name="Search or do")
    expect(field).to_be_focused()
    axe(guide)
    guide.keyboard.type("keyboard short")
    expect(palette.get_by_role("option")).to_have_count(1)
    guide.keyboard.press("Enter")
    expect(palette).to_be_hidden()
    expect(guide.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


def test_the_palette_says_when_nothing_fits_and_gives_the_focus_back(guide):
    button = guide.get_by_role("button", name="New deal")
    button.focus()
    guide.keyboard.press("Control+k")
    guide.keyboard.type("zzzz")
    expect(guide.get_by_text("Nothing fits these words.")).to_be_visible()
    guide.keyboard.press("Escape")
    expect(button).to_be_focused()


def test_the_sheet_of_keys_comes_from_the_table(guide, axe):
    guide.get_by_role("link", name="Settings").focus()
    guide.keyboard.press("?")
    sheet = guide.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_be_visible()
    expect(sheet.get_by_text("Extend the selection down")).to_be_visible()
    axe(guide)
    guide.keyboard.press("Escape")
    expect(guide.get_by_role("link", name="Settings")).to_be_focused()


def test_a_fetched_dialog_takes_the_focus_and_gives_it_back(guide, axe):
    guide.keyboard.press("n")
    dialog = guide.get_by_role("dialog", name="New deal")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("Name")).to_be_focused()
    axe(guide)
    guide.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(guide.get_by_role("button", name="New deal")).to_be_focused()


def test_a_saved_dialog_closes_and_says_so(guide):
    guide.get_by_role("button", name="New deal").click()
    dialog = guide.get_by_role("dialog", name="New deal")
    dialog.get_by_label("Name").fill("Acme renewal")
    dialog.get_by_role("button", name="Save deal").click()
    expect(dialog).to_have_count(0)
    expect(guide.locator("#toasts")).to_contain_text("Saved.")


def test_what_was_typed_is_not_lost_without_a_question(guide):
    questions = []
    guide.on("dialog", lambda question: (questions.append(question.message), question.dismiss()))
    guide.get_by_role("button", name="New deal").click()
    dialog = guide.get_by_role("dialog", name="New deal")
    dialog.get_by_label("Name").fill("Acme")
    guide.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    assert questions == ["Discard what you typed?"]


def test_a_row_leaves_and_the_focus_goes_to_the_next(guide):
    rows = guide.locator("#example-rows .row")
    rows.nth(0).locator(".row__link").focus()
    guide.keyboard.press("e")
    expect(rows).to_have_count(4)
    expect(rows.nth(0).locator(".row__link")).to_be_focused()
    expect(rows.nth(0)).to_contain_text("Grace Hopper")
    toast = guide.locator("app-toast", has_text="Conversation archived.")
    expect(toast.get_by_role("button", name="Undo")).to_be_visible()


def test_undo_works_by_key_also_after_the_toast_has_gone(guide):
    guide.get_by_role("button", name="With Undo").click()
    toast = guide.locator("app-toast", has_text="Conversation archived.")
    toast.get_by_role("button", name="Dismiss").click()
    expect(toast).to_have_count(0)
    guide.keyboard.press("z")
    expect(guide.locator("app-toast", has_text="Back in the inbox.")).to_be_visible()


def test_undo_by_its_button(guide):
    guide.get_by_role("button", name="With Undo").click()
    guide.get_by_role("button", name="Undo", exact=True).click()
    expect(guide.locator("app-toast", has_text="Back in the inbox.")).to_be_visible()
    expect(guide.locator("app-toast", has_text="Conversation archived.")).to_have_count(0)


def test_a_failure_is_told_and_can_be_tried_again(page, signed_in, dana, live_server):
    # Not `watched`: a browser writes every failed request into its console.
    signed_in(page, dana)
    page.goto(f"{live_server.url}/styleguide/")
    page.get_by_role("button", name="Server fails").click()
    toast = page.get_by_role("alert")
    expect(toast).to_contain_text("That did not work.")
    with page.expect_request("**/styleguide/toast/failing/"):
        toast.get_by_role("button", name="Try again").click()


def test_rows_are_selected_by_keys_and_ranges(guide):
    rows = guide.locator("#example-rows .row")
    rows.nth(0).locator(".row__link").focus()
    guide.keyboard.press("x")
    guide.keyboard.press("Shift+J")
    guide.keyboard.press("Shift+J")
    expect(guide.get_by_text("3 selected")).to_be_visible()
    expect(rows.nth(2).locator(".row__link")).to_be_focused()
    for keys, count in (("*u", 2), ("*r", 3), ("*a", 5)):
        for key in keys:
            guide.keyboard.press(key)
        expect(guide.get_by_text(f"{count} selected")).to_be_visible()
    guide.keyboard.press("*")
    guide.keyboard.press("n")
    expect(guide.locator(".bulk-bar")).to_be_hidden()
    rows.nth(0).locator(".row__tick").click()
    rows.nth(3).locator(".row__tick").click(modifiers=["Shift"])
    expect(guide.get_by_text("4 selected")).to_be_visible()


def test_arrows_walk_the_rows(guide):
    rows = guide.locator("#example-rows .row")
    rows.nth(0).locator(".row__link").focus()
    guide.keyboard.press("ArrowDown")
    guide.keyboard.press("j")
    expect(rows.nth(2).locator(".row__link")).to_be_focused()
    guide.keyboard.press("k")
    expect(rows.nth(1).locator(".row__link")).to_be_focused()


def test_keys_do_nothing_while_somebody_types(guide):
    field = guide.get_by_label("Search mail").or_(guide.locator("[data-key='search']"))
    guide.keyboard.press("/")
    expect(field).to_be_focused()
    guide.keyboard.type("n?xz")
    expect(field).to_have_value("n?xz")
    expect(guide.locator("dialog[open]")).to_have_count(0)
    assert guide.locator("app-toast").count() == 0


def test_single_keys_can_be_switched_off(guide, dana, live_server):
    preferences = type(dana).objects.get(pk=dana.pk)._meta.get_field("preferences").related_model
    preferences.objects.update_or_create(user=dana, defaults={"single_keys": False})
    guide.reload()
    guide.keyboard.press("?")
    guide.keyboard.press("n")
    guide.wait_for_timeout(200)
    expect(guide.locator("dialog[open]")).to_have_count(0)
    guide.keyboard.press("Control+k")
    expect(guide.get_by_role("dialog", name="Command palette")).to_be_visible()


def test_a_sequence_goes_somewhere(guide, live_server):
    guide.keyboard.press("g")
    expect(guide.locator(".key-hint")).to_be_visible()
    guide.keyboard.press(",")
    expect(guide).to_have_url(re.compile("/settings/"))


def test_a_menu_is_walked_by_arrows_and_letters(guide, axe):
    button = guide.get_by_role("button", name="Snooze")
    button.click()
    menu = guide.get_by_role("menu", name="Snooze")
    expect(menu).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(menu.get_by_role("menuitem").nth(0)).to_be_focused()
    axe(guide)
    guide.keyboard.press("ArrowDown")
    expect(menu.get_by_role("menuitem").nth(1)).to_be_focused()
    guide.keyboard.press("m")
    expect(menu.get_by_role("menuitem", name="Monday 08:00")).to_be_focused()
    guide.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(button).to_be_focused()


def test_the_offline_bar(guide):
    bar = guide.locator("#offline")
    expect(bar).to_be_hidden()
    guide.context.set_offline(True)
    expect(bar).to_be_visible()
    guide.context.set_offline(False)
    expect(bar).to_be_hidden()


def test_nothing_private_is_stored_in_the_browser(guide):
    guide.get_by_role("button", name="With Undo").click()
    expect(guide.locator("app-toast")).to_have_count(1)
    assert guide.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]


def test_motion_and_forced_colours(guide, axe):
    guide.emulate_media(reduced_motion="reduce", forced_colors="active")
    axe(guide)


def test_writing_from_right_to_left_keeps_everything_in_view(guide):
    guide.evaluate("document.documentElement.dir = 'rtl'")
    sidebar = guide.locator("#sidebar").bounding_box()
    content = guide.locator("#main").bounding_box()
    assert sidebar["x"] > content["x"]
    assert guide.evaluate("document.documentElement.scrollWidth <= innerWidth")
