"""What is pasted into a mail: how it is stored, how it leaves, and how a second reader shows it.

The sent bytes are read by the standard library, not by our parser. Their HTML is laid out by w3m,
whose engine is its own and which terminal mail programs use for this, and by the browser on an
empty page after the rules of a strict webmail: no style sheets, classes, ids or positions.
"""

import email as stdlib_email
import re
import subprocess
from collections.abc import Iterator
from email import policy
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from inbox.domain import compose
from inbox.models import Draft
from mailsync.domain import blobs
from mailsync.mime.html import BLANK_IMAGE
from tests.e2e.clipboards import EXCEL, GMAIL, OUTLOOK, RTL, WORD
from tests.e2e.writing import EDITOR, paste, saved_html

pytestmark = pytest.mark.django_db(transaction=True)
# What our HTML must never carry, whoever put it onto the clipboard.
FOREIGN = r"mso-|<o:p|class=|<script|tracker|file://|xl65|gmail_"


def sent(page: Page) -> Any:
    """The mail that leaves, as another program reads it."""
    saved_html(page)
    draft = Draft.objects.latest("pk")
    submission = compose.send(draft, by=draft.author, version=draft.version)
    return stdlib_email.message_from_bytes(blobs.read(submission.blob), policy=policy.default)


def html_of(message: Any) -> str:
    return str(message.get_body(("html",)).get_content())


def in_w3m(markup: str) -> str:
    """The text of the page as a terminal shows it."""
    shown = subprocess.run(
        ["w3m", "-dump", "-T", "text/html", "-I", "utf-8", "-O", "utf-8", "-cols", "78"],
        input=markup.encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    return shown.stdout.decode()


@pytest.fixture
def webmail(browser: Browser) -> Iterator[Any]:
    """`webmail(message)` shows the mail as a strict webmail would."""
    page = browser.new_page(java_script_enabled=True)

    def show(message: Any) -> Page:
        markup = re.sub(r"(?is)<style.*?</style>", "", html_of(message))
        markup = re.sub(r'(?i) (?:class|id)="[^"]*"', "", markup)
        markup = re.sub(r"(?i)position:[^;\"]*;?", "", markup)
        for part in message.walk():
            name = (part["Content-ID"] or "").strip("<>")
            if name:
                data = part.get_payload().replace("\n", "").replace("\r", "")
                source = f"data:{part.get_content_type()};base64,{data}"
                markup = markup.replace(f"cid:{name}", source)
        page.set_content(f"<!doctype html><body>{markup}</body>")
        return page

    yield show
    page.close()


def test_word(writing: Page, webmail: Any) -> None:
    paste(writing, WORD)
    message = sent(writing)
    markup = html_of(message)
    assert re.search(r"<ul[^>]*>.*<li[^>]*>First</li><li[^>]*>Second</li></ul>", markup, re.DOTALL)
    assert not re.search(FOREIGN, markup), markup
    shown = in_w3m(markup)
    assert re.search(r"Our offer\s.*[*•] First\s+[*•] Second", shown, re.DOTALL), shown
    page = webmail(message)
    assert page.locator("b, strong").first.inner_text() == "Our offer"
    assert page.locator("ul > li").all_inner_texts() == ["First", "Second"]
    text = message.get_body(("plain",)).get_content()
    assert re.search(r"Our offer\s+[*-] First\s+[*-] Second", text), text


def test_excel(writing: Page, webmail: Any) -> None:
    paste(writing, EXCEL)
    message = sent(writing)
    assert not re.search(FOREIGN, html_of(message))
    assert re.search(r"Bike\s+[│|]?\s*2", in_w3m(html_of(message)))
    page = webmail(message)
    assert page.locator("table td").all_inner_texts() == ["Bike", "2"]
    border = page.locator("td").first.evaluate("(cell) => getComputedStyle(cell).borderTopStyle")
    assert border == "solid"


def test_gmail(writing: Page, webmail: Any) -> None:
    paste(writing, GMAIL)
    message = sent(writing)
    assert not re.search(FOREIGN, html_of(message))
    assert "Red link" in in_w3m(html_of(message))
    page = webmail(message)
    link = page.get_by_role("link", name="link")
    assert link.get_attribute("href") == "https://acme.example/x"
    colour = page.get_by_text("Red").first.evaluate("(one) => getComputedStyle(one).color")
    assert colour == "rgb(200, 0, 0)"
    assert "https://acme.example/x" in message.get_body(("plain",)).get_content()


def test_outlook(writing: Page, webmail: Any) -> None:
    paste(writing, OUTLOOK)
    message = sent(writing)
    markup = html_of(message)
    assert not re.search(FOREIGN, markup), markup
    assert "<img" not in markup.replace(BLANK_IMAGE, "")
    shown = in_w3m(markup)
    assert "Hello Ada," in shown
    assert re.search(r"Grace Hopper\s.*grace@navy\.example", shown, re.DOTALL)
    page = webmail(message)
    colour = page.get_by_text("Grace Hopper").evaluate("(one) => getComputedStyle(one).color")
    assert colour == "rgb(26, 86, 176)"
    link = page.get_by_role("link", name="grace@navy.example")
    assert link.get_attribute("href") == "mailto:grace@navy.example"


def test_plain_text(writing: Page, webmail: Any) -> None:
    paste(writing, "", "one\n\ntwo <3 & more")
    message = sent(writing)
    assert re.search(r"one\s+two <3 & more", in_w3m(html_of(message)))
    assert re.search(r"one\s+two <3 & more", message.get_body(("plain",)).get_content())
    assert re.search(r"one\s+two <3 & more", webmail(message).locator("body").inner_text())


def test_right_to_left(writing: Page, webmail: Any) -> None:
    paste(writing, RTL)
    message = sent(writing)
    assert "שלום עולם" in in_w3m(html_of(message))
    page = webmail(message)
    direction = page.get_by_text("שלום").evaluate("(one) => getComputedStyle(one).direction")
    assert direction == "rtl"
    assert page.locator("b").inner_text() == "עולם"
    assert "שלום עולם" in message.get_body(("plain",)).get_content()


def test_a_picture_of_the_clipboard(writing: Page, webmail: Any) -> None:
    writing.context.grant_permissions(["clipboard-read", "clipboard-write"])
    writing.evaluate(
        """async () => {
          const canvas = document.createElement("canvas");
          canvas.width = 40;
          canvas.height = 20;
          const picture = await new Promise((done) => canvas.toBlob(done));
          await navigator.clipboard.write([new ClipboardItem({"image/png": picture})]);
        }"""
    )
    writing.locator(EDITOR).click()
    writing.keyboard.press("Control+v")
    expect(writing.locator(f"{EDITOR} img")).to_be_visible()
    stored = saved_html(writing)
    file = Draft.objects.latest("pk").files.get()
    assert f'src="cid:{file.content_id}"' in stored
    message = sent(writing)
    (picture,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert picture["Content-ID"] == f"<{file.content_id}>"
    assert picture.get_content_disposition() == "inline"
    size = (
        webmail(message).locator("img").evaluate("(one) => [one.naturalWidth, one.naturalHeight]")
    )
    assert size == [40, 20]


def test_a_picture_is_made_smaller_by_its_corner(writing: Page, webmail: Any) -> None:
    writing.evaluate(
        """async () => {
          const canvas = document.createElement("canvas");
          canvas.width = 400;
          canvas.height = 200;
          const picture = await new Promise((done) => canvas.toBlob(done));
          const data = new DataTransfer();
          data.items.add(new File([picture], "p.png", {type: "image/png"}));
          const options = {clipboardData: data, bubbles: true, cancelable: true};
          document.querySelector(".composer__editor").dispatchEvent(new ClipboardEvent("paste", options));
        }"""
    )
    image = writing.locator(f"{EDITOR} img").last
    expect(image).to_be_visible()
    image.click()
    handle = writing.locator(f"{EDITOR} [data-x=e][data-y=s]").last
    expect(handle).to_be_visible()
    box = handle.bounding_box()
    assert box
    corner = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    writing.mouse.move(*corner)
    writing.mouse.down()
    writing.mouse.move(corner[0] - 100, corner[1] - 50, steps=5)
    writing.mouse.move(corner[0] - 200, corner[1] - 100, steps=5)
    writing.mouse.up()
    writing.locator("[name=subject]").click()
    expect(image).to_have_js_property("naturalWidth", 400)
    message = sent(writing)
    width = webmail(message).locator("img").evaluate("(one) => one.getBoundingClientRect().width")
    assert 150 < width < 250
