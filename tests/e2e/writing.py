"""The compose window in a browser: opened, pasted into, read back."""

from playwright.sync_api import Page, expect

from inbox.models import Draft

EDITOR = ".composer__editor"


def paste(page: Page, markup: str, text: str = "") -> None:
    """Puts both kinds on the clipboard, as another program would, and pastes by key."""
    page.evaluate(
        """([html, text]) => {
          const put = (event) => {
            if (html) event.clipboardData.setData("text/html", html);
            event.clipboardData.setData("text/plain", text);
            event.preventDefault();
          };
          document.addEventListener("copy", put, {once: true, capture: true});
          document.execCommand("copy");
        }""",
        [markup, text],
    )
    page.keyboard.press("Control+v")


def saved_html(page: Page) -> str:
    """What is stored once everything written so far is."""
    page.evaluate("document.querySelector('compose-form').save()")
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    return Draft.objects.latest("pk").html


def all_saved(page: Page) -> None:
    """Nothing is under way any more when the test ends and its rows go."""
    page.evaluate(
        "Promise.all([...document.querySelectorAll('compose-form')].map((one) => one.save()))"
    )
