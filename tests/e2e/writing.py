"""The compose window in a browser: opened, pasted into, read back."""

from playwright.sync_api import Page, expect

from inbox.models import Draft

EDITOR = ".composer__editor"


def paste(page: Page, markup: str, text: str = "") -> None:
    """Puts both kinds on the clipboard, as another program would, and pastes by key.

    That needs no permission. Whatever takes its time is awaited from here: a promise in the page
    is awaited by `evaluate` for ever.
    """
    has_copied = page.evaluate(
        """([html, text]) => {
          const put = (event) => {
            if (html) event.clipboardData.setData("text/html", html);
            event.clipboardData.setData("text/plain", text);
            event.preventDefault();
          };
          document.addEventListener("copy", put, {once: true, capture: true});
          delete document.body.dataset.pasted;
          const note = () => (document.body.dataset.pasted = "");
          document.addEventListener("paste", note, {once: true, capture: true});
          return document.execCommand("copy");
        }""",
        [markup, text],
    )
    assert has_copied
    page.keyboard.press("Control+v")
    expect(page.locator("body[data-pasted]")).to_have_count(1)


def saved_html(page: Page) -> str:
    """What is stored once everything written so far is."""
    page.evaluate(
        """() => {
          delete document.body.dataset.stored;
          const note = () => (document.body.dataset.stored = "");
          document.querySelector("compose-form").save().then(note);
        }"""
    )
    expect(page.locator("body[data-stored]")).to_have_count(1)
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    return Draft.objects.latest("pk").html


def all_saved(page: Page) -> None:
    """Nothing is under way any more when the test ends and its rows go."""
    page.evaluate(
        "Promise.all([...document.querySelectorAll('compose-form')].map((one) => one.save()))"
    )
