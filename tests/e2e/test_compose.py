"""Writing in a real browser: answer, save, conflict, paste by the clipboard, chips by key."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from inbox.domain import compose, drafts
from inbox.domain.writing import write
from inbox.models import Draft
from mailsync.domain import blobs
from mailsync.enums import SubmissionState
from mailsync.models import Email, MailAccount, Submission
from tests.factories.crm import make_person
from tests.factories.mail import make_thread
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)
EDITOR = ".composer__editor"
RAW = (
    b"From: Ada Byron <ada@acme.example>\r\nTo: alice@northwind.example\r\nSubject: Offer\r\n"
    b"Message-ID: <parent@acme.example>\r\n\r\nThanks.\r\n"
)
WORD = (
    '<html xmlns:w="urn:schemas-microsoft-com:office:word"><head><meta name=ProgId content='
    "Word.Document><style><!-- p.MsoNormal{margin:0cm;font-size:11.0pt} @list l0:level1 "
    "{mso-level-number-format:bullet;} --></style></head><body><!--StartFragment--><p class=MsoNormal><b>Our offer</b>"
    "<o:p></o:p></p><p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 "
    "lfo1'><![if !supportLists]><span style='font-family:Symbol;mso-list:Ignore'>·<span style="
    "'font:7.0pt \"Times New Roman\"'>&nbsp; </span></span><![endif]>First<o:p></o:p></p><p class="
    "MsoListParagraphCxSpLast style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if "
    "!supportLists]><span style='font-family:Symbol;mso-list:Ignore'>·<span style='font:7.0pt "
    '"Times New Roman"\'>&nbsp; </span></span><![endif]>Second<o:p></o:p></p><!--EndFragment--></body></html>'
)
EXCEL = (
    '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta name=ProgId content='
    "Excel.Sheet><style><!-- .xl65 {border:.5pt solid windowtext; text-align:right;} --></style>"
    "</head><body><table><!--StartFragment--><tr><td class=xl65>Bike</td><td class=xl65>2</td></tr>"
    "<!--EndFragment--></table></body></html>"
)
GMAIL = (
    '<div class="gmail_default" style="font-family:arial,sans-serif;color:rgb(200,0,0)">Red '
    '<a href="https://acme.example/x">link</a></div><script>alert(1)</script>'
    '<img src="https://tracker.example/p.gif">'
)
RTL = '<div dir="rtl">שלום <b>עולם</b></div>'


@pytest.fixture
def email(account: MailAccount) -> Email:
    found = make_thread(account).emails.get()
    found.blob = blobs.store(account.pk, RAW)
    found.message_id = "parent@acme.example"
    found.save()
    return found


@pytest.fixture
def writing(
    watched: Page,
    live_server: Any,
    signed_in: Callable[..., Page],
    alice: User,
    account: MailAccount,
) -> Page:
    """A new mail on its page, ready to write in."""
    page = signed_in(watched, alice)
    page.goto(f"{live_server.url}/mail/compose/?to=ada@acme.example&subject=Offer")
    expect(page.locator(EDITOR)).to_be_visible()
    page.locator(EDITOR).click()
    return page


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
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    page.evaluate("document.querySelector('compose-form').save()")
    page.wait_for_timeout(300)
    return Draft.objects.latest("pk").html


def sent_html(draft: Draft) -> str:
    return write(draft, by=draft.author).html


@pytest.mark.parametrize(
    ("markup", "text", "wanted", "unwanted"),
    [
        (
            WORD,
            "",
            r"<b>Our offer</b>.*<ul[^>]*>.*<li[^>]*>First</li><li[^>]*>Second</li></ul>",
            "mso|o:p|·|class=",
        ),
        (EXCEL, "", r"<table.*<td[^>]*border[^>]*>.*Bike.*</table>", "class=|xl65"),
        (GMAIL, "", r'rgb\(200, 0, 0\).*href="https://acme.example/x"', "tracker|script|gmail_"),
        ("", "one\n\ntwo <3", r"one.*two &lt;3", "<script"),
        (RTL, "", r"rtl.*שלום <b>עולם</b>", "class="),
    ],
    ids=["word", "excel", "gmail", "plain", "rtl"],
)
def test_pasted_text_leaves_as_clean_mail(
    writing: Page, markup: str, text: str, wanted: str, unwanted: str
) -> None:
    paste(writing, markup, text)
    saved_html(writing)
    out = sent_html(Draft.objects.latest("pk"))
    assert re.search(wanted, out, re.DOTALL), out
    assert not re.search(unwanted, out), out


def test_a_pasted_picture_becomes_a_part_of_the_mail(writing: Page) -> None:
    writing.evaluate(
        """async () => {
          const canvas = document.createElement("canvas");
          canvas.width = canvas.height = 4;
          const blob = await new Promise((done) => canvas.toBlob(done));
          const data = new DataTransfer();
          data.items.add(new File([blob], "p.png", {type: "image/png"}));
          const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
          document.querySelector(".composer__editor").dispatchEvent(event);
        }"""
    )
    expect(writing.locator(f"{EDITOR} img")).to_be_visible()
    stored = saved_html(writing)
    draft = Draft.objects.latest("pk")
    file = draft.files.get()
    assert f'src="cid:{file.content_id}"' in stored
    submission = compose.send(draft, by=draft.author, version=draft.version)
    assert f"Content-ID: <{file.content_id}>".encode() in blobs.read(submission.blob)


def test_answer_send_and_undo(
    watched: Page, live_server: Any, signed_in: Callable[..., Page], alice: User, email: Email
) -> None:
    page = signed_in(watched, alice)
    page.goto(f"{live_server.url}/mail/t/{email.thread.key}/")
    page.keyboard.press("r")
    expect(page.locator(EDITOR)).to_be_focused()
    page.keyboard.type("It is 500 EUR.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("compose-form")).to_have_count(0)
    assert Submission.objects.get().state == SubmissionState.QUEUED
    page.locator("#toasts [data-undo]").click()
    expect(page.locator(f"#reply-slot {EDITOR}")).to_contain_text("It is 500 EUR.")
    assert Submission.objects.get().state == SubmissionState.CANCELLED


def test_two_pages_never_overwrite_each_other(
    page: Page, live_server: Any, signed_in: Callable[..., Page], alice: User, account: MailAccount
) -> None:
    # Not `watched`: a browser writes every 409 to its console.
    writing = signed_in(page, alice)
    writing.goto(f"{live_server.url}/mail/compose/?to=ada@acme.example&subject=Offer")
    expect(writing.locator(EDITOR)).to_be_visible()
    writing.locator(EDITOR).click()
    writing.keyboard.type("Mine")
    saved_html(writing)
    draft = Draft.objects.get()
    drafts.save(draft, version=draft.version, html="<div>Theirs</div>")
    writing.keyboard.type(" and more")
    expect(writing.locator("[data-checks]")).to_contain_text("changed elsewhere")
    assert Draft.objects.get().html == "<div>Theirs</div>"
    writing.get_by_role("button", name="Keep mine").click()
    expect(writing.locator("[data-checks] .banner")).to_have_count(0)
    writing.wait_for_timeout(500)
    assert "Mine and more" in Draft.objects.get().html


def test_recipients_and_fields_by_keyboard(
    writing: Page, alice: User, axe: Callable[..., None]
) -> None:
    make_person(alice, "Grace Hopper", "grace@navy.example")
    to = writing.locator("[data-role=to] [role=combobox]")
    to.focus()
    writing.keyboard.type("grac")
    expect(writing.locator("[role=option]").first).to_contain_text("Grace Hopper")
    axe(writing, "compose-form")
    writing.keyboard.press("Enter")
    expect(writing.locator("[data-role=to] .recipients__chip")).to_have_count(2)
    writing.keyboard.type("no address,")
    expect(writing.locator("[data-bad]")).to_have_count(1)
    writing.keyboard.press("Backspace")
    writing.keyboard.press("Backspace")
    expect(writing.locator("[data-role=to] .recipients__chip")).to_have_count(2)
    writing.locator(EDITOR).click()
    writing.keyboard.type("Dear {{")
    expect(writing.locator("[data-fields]")).to_be_visible()
    writing.keyboard.press("ArrowDown")
    writing.keyboard.press("Enter")
    expect(writing.locator(".field-chip")).to_have_count(1)
    assert "{{person.first_name}}" in saved_html(writing)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_window_is_accessible(
    writing: Page, axe: Callable[..., None], theme: str, width: int
) -> None:
    writing.set_viewport_size({"width": width, "height": 844})
    writing.emulate_media(color_scheme=theme)
    axe(writing)
