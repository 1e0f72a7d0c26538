"""The compose window: several at once, files by drag and drop, and what is chosen beside the text."""

import base64
import re
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from inbox.domain import compose, presence, text_files
from inbox.models import Draft, MailTemplate, Signature
from mailsync.domain import blobs
from mailsync.enums import AccountScope
from mailsync.models import EmailBody, MailAccount, Submission
from sharing.enums import ThreadVisibility
from tests.e2e.writing import EDITOR, all_saved, paste, saved_html
from tests.factories.crm import make_deal, make_person
from tests.factories.mail import make_account, make_thread
from users.models import Preferences, User

pytestmark = pytest.mark.django_db(transaction=True)
# 1 by 1, transparent.
PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "YPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.BLOB_DIR = tmp_path / "blobs"


@pytest.fixture
def inbox(
    watched: Page,
    live_server: Any,
    signed_in: Callable[..., Page],
    alice: User,
    account: MailAccount,
) -> Page:
    page = signed_in(watched, alice)
    page.goto(f"{live_server.url}/mail/inbox/")
    return page


def test_three_docks_stand_side_by_side_and_a_fourth_puts_the_first_away(inbox: Page) -> None:
    docks = inbox.locator("#compose-dock > compose-form")
    for number in range(1, 4):
        inbox.locator("a[data-key=compose]").first.click()
        expect(docks).to_have_count(number)
        newest = docks.nth(number - 1)
        expect(newest.locator(EDITOR)).to_be_visible()
        newest.locator("[name=subject]").fill(f"Mail {number}")
    boxes = [docks.nth(number).bounding_box() for number in range(3)]
    edges = sorted((box["x"], box["x"] + box["width"]) for box in boxes if box)
    assert edges[0][0] >= 0
    assert all(left[1] <= right[0] for left, right in pairwise(edges))
    docks.first.get_by_role("button", name="Minimise").click()
    expect(docks.first.locator(EDITOR)).to_be_hidden()
    expect(docks.first.locator("[data-title]")).to_have_text("Mail 1")
    docks.first.get_by_role("button", name="Minimise").click()
    expect(docks.first.locator(EDITOR)).to_be_visible()
    inbox.locator("a[data-key=compose]").first.click()
    expect(docks).to_have_count(3)
    expect(docks.first.locator("[data-title]")).to_have_text("Mail 2")
    # Put away is kept.
    assert Draft.objects.filter(subject="Mail 1").exists()
    all_saved(inbox)


def drop(page: Page, files: list[Path], target: str) -> None:
    """Files of the disk, dragged over the window and let go, by the browser itself."""
    box = page.locator(target).bounding_box()
    assert box
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    for kind in ("dragEnter", "dragOver"):
        session.send("Input.dispatchDragEvent", {"type": kind, **place, "data": data})
    expect(page.locator("compose-form[data-dropping]")).to_have_count(1)
    session.send("Input.dispatchDragEvent", {"type": "drop", **place, "data": data})


def test_files_are_dropped_and_pictures_land_in_the_text(writing: Page, tmp_path: Path) -> None:
    picture, plan = tmp_path / "p.png", tmp_path / "plan.txt"
    picture.write_bytes(base64.b64decode(PNG.partition(",")[2]))
    plan.write_text("plan")
    drop(writing, [picture, plan], EDITOR)
    expect(writing.locator(f"{EDITOR} img")).to_have_count(1)
    expect(writing.locator("[data-file]")).to_contain_text("plan.txt")
    drop(writing, [picture], ".composer__foot")
    expect(writing.locator("[data-file]")).to_have_count(2)
    expect(writing.locator("compose-form[data-dropping]")).to_have_count(0)
    assert "cid:" in saved_html(writing)
    names = Draft.objects.get().files.order_by("pk").values_list("name", "content_id")
    assert sorted((name, bool(cid)) for name, cid in names) == [
        ("p.png", False),
        ("p.png", True),
        ("plan.txt", False),
    ]


def test_what_the_provider_would_refuse_is_refused_before_it_travels(
    watched: Page,
    live_server: Any,
    signed_in: Callable[..., Page],
    alice: User,
    account: MailAccount,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("inbox.views.window.files_megabytes", lambda ids: dict.fromkeys(ids, 1))
    page = signed_in(watched, alice)
    page.goto(f"{live_server.url}/mail/compose/")
    expect(page.locator(EDITOR)).to_be_visible()
    small, big = tmp_path / "small.bin", tmp_path / "big.bin"
    small.write_bytes(b"x" * 700_000)
    big.write_bytes(b"x" * 400_000)
    page.locator("[data-attach]").set_input_files([small])
    expect(page.locator("[data-file]")).to_contain_text("small.bin")
    expect(page.locator("[data-room]")).to_have_text("0.7 of 1 MB of files")
    page.locator("[data-attach]").set_input_files([big])
    expect(page.locator("#toasts")).to_contain_text("big.bin was not attached")
    expect(page.locator(".composer__file")).to_have_count(1)
    page.locator("[data-remove-file]").click()
    expect(page.locator("[data-room]")).to_be_hidden()
    page.locator("[data-attach]").set_input_files([big])
    expect(page.locator("[data-file]")).to_contain_text("big.bin")
    all_saved(page)


def test_a_template_brings_its_picture_and_file(writing: Page, alice: User) -> None:
    template = MailTemplate.objects.create(
        author=alice, name="With logo", html=f'<p>Good day</p><img src="{PNG}">'
    )
    text_files.keep_pictures(template)
    text_files.add(template, name="terms.pdf", content_type="application/pdf", content=b"%PDF")
    writing.locator("[data-key=template]").click()
    writing.get_by_role("button", name="With logo").click()
    expect(writing.locator(f"{EDITOR} img")).to_be_visible()
    expect(writing.locator("[data-file]")).to_contain_text("terms.pdf")
    stored = saved_html(writing)
    picture = Draft.objects.get().files.exclude(content_id="").get()
    assert f"cid:{picture.content_id}" in stored


def test_a_signature_with_a_picture_is_written_and_stands_under_the_mail(
    writing: Page, live_server: Any, account: MailAccount
) -> None:
    writing.goto(f"{live_server.url}/settings/email/signatures/new/")
    expect(writing.locator(EDITOR)).to_be_visible()
    writing.locator("[name=name]").fill("Logo")
    writing.locator(EDITOR).click()
    writing.keyboard.type("Alice Keller")
    data = base64.b64decode(PNG.partition(",")[2])
    writing.locator("[data-picture-file]").set_input_files(
        {"name": "logo.png", "mimeType": "image/png", "buffer": data}
    )
    expect(writing.locator(f"{EDITOR} img")).to_have_count(1)
    writing.get_by_role("button", name="Save").click()
    writing.wait_for_url("**/settings/email/signatures/")
    signature = Signature.objects.get()
    assert signature.files.get().content_id in signature.html
    writing.goto(f"{live_server.url}/mail/compose/")
    expect(writing.locator("[data-signature-text]")).to_contain_text("Alice Keller")


def test_the_record_is_found_chosen_and_taken_away_again(writing: Page, alice: User) -> None:
    ada = make_person(alice, "Ada Byron", "ada@acme.example")
    deal = make_deal(alice, "Analytical engine", person=ada)
    writing.locator("[data-choose-record]").click()
    # The recipient's open deal is there before anything is typed.
    expect(writing.locator(f'[data-link-record="deal:{deal.pk}"]')).to_be_visible()
    writing.keyboard.type("engine")
    expect(writing.locator("[data-link-record]")).to_have_count(1)
    writing.keyboard.press("Enter")
    expect(writing.locator("[data-record]")).to_contain_text("Analytical engine")
    saved_html(writing)
    assert Draft.objects.get().deal == deal
    writing.locator("[data-drop-record]").click()
    expect(writing.locator("[data-choose-record]")).to_be_focused()
    saved_html(writing)
    assert Draft.objects.get().deal is None


def test_text_typed_before_the_editor_is_there_is_kept(
    watched: Page,
    live_server: Any,
    signed_in: Callable[..., Page],
    alice: User,
    account: MailAccount,
) -> None:
    page = signed_in(watched, alice)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/rooster*.js", hold)
    page.goto(f"{live_server.url}/mail/compose/?to=ada@acme.example")
    page.locator(EDITOR).click()
    page.keyboard.type("Dear ")
    while not held:
        page.wait_for_timeout(20)
    for route in held:
        route.continue_()
    expect(page.locator("compose-form [name=format]")).to_have_value("html")
    page.keyboard.type("Ada")
    assert "Ada" in saved_html(page)
    assert page.locator(EDITOR).inner_text().replace("\u00a0", " ").strip() == "Dear Ada"


def test_a_test_leaves_the_window_open(writing: Page, alice: User) -> None:
    writing.keyboard.type("Dear Ada")
    writing.locator("[data-key=send-later]").click()
    writing.get_by_role("button", name="Send a test to me").click()
    expect(writing.locator("#toasts")).to_contain_text(alice.email)
    expect(writing.locator(EDITOR)).to_contain_text("Dear Ada")
    assert Submission.objects.get().envelope_to == [alice.email]
    writing.locator(EDITOR).click()
    writing.keyboard.type("Yours ")
    assert "Yours" in saved_html(writing)


def test_from_brings_its_signature_and_who_sees_it(
    watched: Page, live_server: Any, signed_in: Callable[..., Page], alice: User, dana: User
) -> None:
    own = make_account(alice, is_default=True, default_visibility=ThreadVisibility.PRIVATE)
    team = make_account(dana, "sales@northwind.example", scope=AccountScope.TEAM)
    team.members.add(alice)
    Signature.objects.create(owner=alice, name="Mine", html="Alice", is_for_new=True, account=own)
    Signature.objects.create(name="Ours", html="Sales team", is_for_new=True, account=team)
    page = signed_in(watched, alice)
    page.goto(f"{live_server.url}/mail/compose/")
    expect(page.locator(EDITOR)).to_be_visible()
    seen = page.locator("[name=visibility]")
    expect(page.locator("[data-signature-text]")).to_contain_text("Alice")
    expect(seen).to_have_value("private")
    page.locator("[name=account]").select_option(team.key)
    expect(page.locator("[data-signature-text]")).to_contain_text("Sales team")
    expect(seen).to_have_value(team.default_visibility)
    enabled = seen.locator("option:not([disabled])")
    offered = enabled.evaluate_all("(all) => all.map((one) => one.value)")
    assert sorted(offered) == ["shared", "team"]
    all_saved(page)


@pytest.mark.parametrize("wish", ["here", "computer"])
def test_email_links_open_where_the_user_wants(
    inbox: Page, live_server: Any, alice: User, wish: str
) -> None:
    preferences = Preferences.of(alice)
    preferences.email_links = wish
    preferences.save()
    inbox.goto(f"{live_server.url}/mail/inbox/")
    handed_over = inbox.evaluate(
        """() => {
          const link = Object.assign(document.createElement("a"), {href: "mailto:ada@acme.example?subject=Hello"});
          document.querySelector("main").append(link);
          let prevented;
          document.addEventListener("click", (event) => {
            prevented = event.defaultPrevented;
            event.preventDefault();
          }, {once: true});
          link.click();
          return !prevented;
        }"""
    )
    assert handed_over == (wish == "computer")
    if wish == "here":
        dock = inbox.locator("#compose-dock > compose-form")
        expect(dock.locator("[name=subject]")).to_have_value("Hello")
        expect(dock.locator("[data-role=to]")).to_contain_text("ada@acme.example")
    else:
        expect(inbox.locator("#compose-dock > compose-form")).to_have_count(0)


def test_the_browser_is_asked_to_hand_over_all_email_links(inbox: Page, live_server: Any) -> None:
    inbox.add_init_script(
        "navigator.registerProtocolHandler = (...all) => { window.asked = all; };"
    )
    inbox.goto(f"{live_server.url}/settings/personal/")
    inbox.locator("[data-takes-mailto]").click()
    scheme, address = inbox.evaluate("window.asked")
    assert (scheme, address) == ("mailto", f"{live_server.url}/mail/compose/?mailto=%s")
    inbox.goto(address.replace("%s", "mailto%3Aada%40acme.example%3Fsubject%3DHello"))
    expect(inbox.locator("[name=subject]")).to_have_value("Hello")


def test_a_team_sees_who_is_replying(
    watched: Page,
    live_server: Any,
    signed_in: Callable[..., Page],
    alice: User,
    bob: User,
    dana: User,
) -> None:
    team = make_account(dana, "sales@northwind.example", scope=AccountScope.TEAM)
    team.members.add(alice, bob)
    email = make_thread(team, "Renewal").emails.get()
    email.blob = blobs.store(team.pk, b"From: ada@acme.example\r\nSubject: Renewal\r\n\r\nHi\r\n")
    email.save()
    presence.note(email.thread, by=bob)
    page = signed_in(watched, alice)
    page.goto(f"{live_server.url}/mail/t/{email.thread.key}/")
    expect(page.locator("#thread-news .writers")).to_contain_text(f"{bob.name} is replying")
    page.keyboard.press("r")
    expect(page.locator("compose-form .writers")).to_contain_text(f"{bob.name} is replying")
    assert presence.others(email.thread, user=bob) == [alice.name]
    page.locator("[data-close-composer]").click()
    expect(page.locator("compose-form")).to_have_count(0)
    expect(page.locator("#thread-news .writers")).to_contain_text(bob.name)


def test_a_quote_is_changed_and_goes_out_with_its_looks_and_pictures(
    writing: Page, live_server: Any, alice: User, account: MailAccount
) -> None:
    thread = make_thread(account, "Plan")
    email = thread.emails.get()
    email.blob = blobs.store(
        account.pk,
        b"From: Ada <ada@acme.example>\r\nSubject: Plan\r\nMessage-ID: <p@acme.example>\r\n"
        b'Content-Type: multipart/related; boundary="x"\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n'
        b"<style>.t{color:#cc0000}</style><table><tr><td class=t>Red words</td></tr></table>"
        b'<img src="cid:p@acme" alt=inner><img src="https://acme.example/w.png" width=80 alt=web>\r\n'
        b"--x\r\nContent-Type: image/png\r\nContent-ID: <p@acme>\r\nContent-Transfer-Encoding: base64"
        b"\r\n\r\n" + PNG.partition(",")[2].encode() + b"\r\n--x--\r\n",
    )
    email.save()
    EmailBody.objects.filter(email=email).update(has_html=True)
    asked: list[str] = []
    writing.on("request", lambda request: asked.append(request.url))
    writing.goto(f"{live_server.url}/mail/m/{email.key}/answer/reply/")
    expect(writing.locator(EDITOR)).to_be_visible()
    writing.locator("[data-quote] summary").click()
    writing.get_by_role("button", name="Edit quoted text").click()
    words = writing.locator(f"{EDITOR} td")
    expect(words).to_have_text("Red words")
    assert words.evaluate("(one) => getComputedStyle(one).color") == "rgb(204, 0, 0)"
    expect(writing.locator(f"{EDITOR} img[alt=inner]")).to_have_js_property("naturalWidth", 1)
    box = writing.locator(f"{EDITOR} img[alt=web]").bounding_box()
    assert box
    assert box["width"] >= 32
    html = saved_html(writing)
    assert 'src="https://acme.example/w.png"' in html
    # Opened again it is the same, and still nothing was asked of the web.
    writing.goto(f"{live_server.url}/mail/drafts/{Draft.objects.latest('pk').key}/")
    expect(writing.locator(f"{EDITOR} img[alt=web]")).to_be_visible()
    writing.locator("[name=subject]").fill("Re: the plan")
    html = saved_html(writing)
    draft = Draft.objects.latest("pk")
    assert not draft.includes_quote
    assert f"cid:{draft.files.get().content_id}" in html
    sent = blobs.read(compose.send(draft, by=alice, version=draft.version).blob)
    message = message_from_bytes(sent, policy=policy.default)
    text = message.get_body(("html",)).get_content()
    assert 'src="https://acme.example/w.png"' in text
    assert re.search(r"color: ?(?:#cc0000|rgb\(204, 0, 0\))", text)
    assert [url for url in asked if "acme.example" in url] == []


def test_smart_fields_in_the_subject(writing: Page, alice: User) -> None:
    make_person(alice)
    subject = writing.locator("[name=subject]")
    subject.fill("")
    subject.click()
    writing.keyboard.type("For {{")
    fields = writing.locator("[data-fields]")
    expect(fields.get_by_role("menuitem").first).to_be_focused()
    fields.get_by_role("menuitem", name="First name").first.click()
    expect(subject).to_have_value("For {{person.first_name}}")
    expect(subject).to_be_focused()
    writing.keyboard.type(": ")
    # From the button too, while the line was written in last.
    writing.get_by_role("button", name="Insert a smart field").click()
    fields.get_by_role("menuitem", name="Title", exact=True).first.click()
    expect(subject).to_have_value("For {{person.first_name}}: {{deal.title}}")
    chips = writing.locator(".subject-fields .field-chip")
    expect(chips).to_have_text(["Person: First name", "Deal: Title"])
    expect(chips.nth(1)).to_have_attribute("data-unresolved", "")
    expect(chips.nth(0)).not_to_have_attribute("data-unresolved", "")
    reads = writing.locator(".subject-fields__reads")
    expect(reads).to_have_text("Will say: For Ada: {{deal.title}}")
    chips.nth(1).click()
    writing.keyboard.type("our offer")
    writing.keyboard.press("Enter")
    expect(subject).to_have_value("For {{person.first_name}}: {{deal.title|our offer}}")
    expect(reads).to_have_text("Will say: For Ada: our offer")
    # And in the text it goes on as before.
    writing.locator(EDITOR).click()
    writing.keyboard.type("{{")
    fields.get_by_role("menuitem", name="First name").first.click()
    expect(writing.locator(f"{EDITOR} .field-chip")).to_have_count(1)
    expect(chips).to_have_count(2)
    writing.locator("[data-key=send]").click()
    writing.wait_for_url("**/mail/inbox/")
    assert Submission.objects.get().subject == "For Ada: our offer"


def test_enter_in_the_subject_goes_to_the_text_and_sends_nothing(writing: Page) -> None:
    writing.locator("[name=subject]").click()
    writing.keyboard.press("Enter")
    expect(writing.locator(EDITOR)).to_be_focused()
    all_saved(writing)
    assert not Submission.objects.exists()
    # In the field of a moment it means that moment.
    writing.locator("[data-key=send-later]").click()
    field = writing.locator("[name=later_at]")
    later = timezone.now() + timedelta(days=3)
    field.fill(f"{later:%Y-%m-%dT%H:%M}")
    field.press("Enter")
    writing.wait_for_url("**/mail/inbox/")
    assert Submission.objects.get().send_at > timezone.now() + timedelta(days=2)


def test_smart_fields_in_the_subject_of_a_template(
    watched: Page, live_server: Any, signed_in: Callable[..., Page], alice: User
) -> None:
    page = signed_in(watched, alice)
    page.goto(f"{live_server.url}/settings/email/templates/new/")
    expect(page.locator(EDITOR)).to_be_visible()
    page.locator("[name=name]").fill("Offer")
    page.locator("[name=subject]").click()
    page.keyboard.type("For {{")
    page.locator("[data-fields]").get_by_role("menuitem", name="First name").first.click()
    expect(page.locator(".subject-fields .field-chip")).to_have_text(["Person: First name"])
    page.locator(EDITOR).click()
    page.keyboard.type("Hello")
    page.locator("[data-key=save]").click()
    page.wait_for_url("**/templates/")
    assert MailTemplate.objects.get().subject == "For {{person.first_name}}"


def test_escape_puts_away_a_list_and_not_what_is_written(inbox: Page, account: MailAccount) -> None:
    email = make_thread(account, "Plan").emails.get()
    raw = b"From: Ada <ada@acme.example>\r\nMessage-ID: <p@acme.example>\r\n\r\nThanks.\r\n"
    email.blob = blobs.store(account.pk, raw)
    email.save()
    inbox.reload()
    inbox.get_by_text("Plan").first.click()
    inbox.locator("[data-key=reply]").first.click()
    expect(inbox.locator(EDITOR)).to_be_visible()
    for opener in ("[data-key=template]", "[popovertarget^=options-]", "[data-key=send-later]"):
        inbox.locator(f"compose-form {opener}").click()
        expect(inbox.locator("compose-form .popover:popover-open")).to_be_visible()
        inbox.keyboard.press("Escape")
        expect(inbox.locator("compose-form .popover:popover-open")).to_have_count(0)
        expect(inbox.locator(EDITOR)).to_be_visible()
    all_saved(inbox)


def test_several_saves_at_once_do_not_meet_each_other(writing: Page) -> None:
    writing.keyboard.type("Text")
    writing.evaluate(
        """() => {
          const mail = document.querySelector("compose-form");
          return Promise.all([mail.save(), mail.save(), mail.save()]);
        }"""
    )
    expect(writing.locator("[data-saved]")).to_contain_text("Saved")
    expect(writing.get_by_role("alert")).to_have_count(0)
    assert "Text" in Draft.objects.get().html
    all_saved(writing)


def test_an_answer_that_never_comes_holds_nobody_for_ever(writing: Page) -> None:
    # Waiting by the second would be a minute.
    writing.add_init_script(
        """const inTime = window.setTimeout;
        window.setTimeout = (act, ms, ...given) => inTime(act, ms >= 15000 ? 300 : ms, ...given);"""
    )
    writing.reload()
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    writing.route("**/mail/compose/", hold)
    writing.locator(EDITOR).click()
    writing.keyboard.type("Text")
    expect(writing.locator("[data-saved]")).to_contain_text("Not saved")
    assert waiting
    writing.unroute("**/mail/compose/")
    expect(writing.locator("[data-saved]")).to_contain_text("Saved")
    assert "Text" in Draft.objects.get().html
    all_saved(writing)


def test_a_draft_thrown_away_leaves_the_focus_where_it_began(inbox: Page) -> None:
    inbox.keyboard.press("c")
    expect(inbox.locator(EDITOR)).to_be_visible()
    inbox.locator(EDITOR).click()
    inbox.keyboard.type("Text")
    inbox.keyboard.press("Control+Shift+D")
    expect(inbox.locator("compose-form")).to_have_count(0)
    expect(inbox.locator("a[data-key=compose]").first).to_be_focused()


def test_a_smart_field_is_found_by_the_letters_of_its_name(writing: Page) -> None:
    writing.keyboard.type("Dear {{")
    fields = writing.locator("[data-fields]")
    # The menu takes the keys when it is open, a moment after the second brace.
    expect(fields.locator(":focus")).to_be_visible()
    writing.keyboard.type("first n")
    expect(fields.get_by_role("menuitem", name="First name").first).to_be_focused()
    writing.keyboard.press("Enter")
    expect(writing.locator(f"{EDITOR} [data-field]")).to_have_attribute(
        "data-field", "person.first_name"
    )
    all_saved(writing)


def test_templates_are_chosen_by_key(writing: Page, alice: User) -> None:
    for name in ("Hello", "Offer"):
        MailTemplate.objects.create(author=alice, name=name, html=f"<p>{name} text</p>")
    choices = writing.locator("[data-use-template]")
    writing.keyboard.press("Control+;")
    expect(choices.first).to_be_focused()
    writing.keyboard.press("Escape")
    expect(writing.locator(EDITOR)).to_be_focused()
    writing.keyboard.press("Control+;")
    expect(choices.first).to_be_focused()
    # As high as what it holds.
    box = writing.locator("[data-templates]").bounding_box()
    assert box
    assert box["height"] < 200
    writing.keyboard.press("ArrowDown")
    writing.keyboard.press("Enter")
    expect(writing.locator(EDITOR)).to_contain_text("Offer text")
    all_saved(writing)


def test_templates_begin_with_examples_and_are_found_by_name(writing: Page, alice: User) -> None:
    writing.locator("[data-key=template]").click()
    picker = writing.locator("[data-templates]")
    picker.get_by_role("button", name="Begin with three examples").click()
    expect(picker.locator("[data-use-template]")).to_have_count(3)
    writing.keyboard.press("Escape")
    for number in range(8):
        MailTemplate.objects.create(author=alice, name=f"Number {number}", html="<p>Text</p>")
    writing.reload()
    expect(writing.locator(EDITOR)).to_be_visible()
    writing.locator("[data-key=template]").click()
    expect(picker.locator("[data-use-template]:visible")).to_have_count(11)
    field = picker.get_by_role("searchbox")
    field.fill("number 7")
    expect(picker.locator("[data-use-template]:visible")).to_have_text(["Number 7"])
    field.press("Enter")
    expect(writing.locator(EDITOR)).to_contain_text("Text")
    all_saved(writing)


@pytest.mark.parametrize(
    ("text", "chips"),
    [
        ('Ada <ada@x.example>, b@y.example; "Last, First" <c@z.example>', "Ada|b@y.example|Last, First"),
        ("a@x.example b@y.example\r\nc@z.example", "a@x.example|b@y.example|c@z.example"),
        ("Ada\tByron\tada@x.example\t555\r\nBen\t\tben@y.example", "Ada Byron|Ben"),
        ("d@w.example\tEve <e@v.example>", "d@w.example|Eve"),
        ("mailto:a@x.example", "a@x.example"),
        ("Ada <ada@x.example>\nADA@x.example\nbroken@", "Ada|broken@"),
    ],
)  # fmt: skip
def test_addresses_are_pasted_as_other_programs_copy_them(
    writing: Page, text: str, chips: str
) -> None:
    writing.locator("recipient-field[data-role=to] li button").click()
    writing.locator("recipient-field[data-role=to] [role=combobox]").click()
    paste(writing, "", text)
    found = writing.locator("recipient-field[data-role=to] .recipients__chip")
    expect(found).to_have_text(chips.split("|"))
    bad = [one for one in chips.split("|") if one.endswith("@")]
    expect(writing.locator("recipient-field[data-role=to] [data-bad]")).to_have_count(len(bad))
    all_saved(writing)


def test_a_recipient_is_edited_copied_and_moved_from_its_chip(
    writing: Page, axe: Callable[..., None]
) -> None:
    writing.context.grant_permissions(["clipboard-read", "clipboard-write"])
    to, cc = (writing.locator(f"recipient-field[data-role={role}]") for role in ("to", "cc"))
    to.locator("[role=combobox]").fill("Ben <ben@y.example>,")
    chips = to.locator(".recipients__chip")
    expect(chips).to_have_count(2)
    chips.last.locator(".chip__text").click()
    menu = writing.get_by_role("menu", name="Ben")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    axe(writing, "compose-form")
    menu.get_by_role("menuitem", name="Copy the address").click()
    assert writing.evaluate("navigator.clipboard.readText()") == "ben@y.example"
    # By keyboard alone.
    to.locator("[role=combobox]").focus()
    writing.keyboard.press("Backspace")
    writing.keyboard.press("ArrowDown")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    menu.get_by_role("menuitem", name="Move to Cc").press("Enter")
    expect(chips).to_have_text(["ada@acme.example"])
    expect(cc.locator(".recipients__chip")).to_have_text(["Ben"])
    # What is there already comes to nothing, and that is said.
    to.locator("[role=combobox]").fill("ADA@acme.example,")
    expect(to.locator("[role=status]")).to_have_text("Already there: ADA@acme.example")
    expect(chips).to_have_count(1)
    chips.first.locator(".chip__text").click()
    writing.get_by_role("menuitem", name="Edit the address").click()
    expect(to.locator("[role=combobox]")).to_have_value("ada@acme.example")
    assert saved_html(writing) == ""
    assert Draft.objects.get().cc == [["Ben", "ben@y.example"]]


def test_an_address_in_a_mail_opens_the_window(inbox: Page, account: MailAccount) -> None:
    email = make_thread(account, "Plan").emails.get()
    email.blob = blobs.store(
        account.pk,
        b"From: Ada <ada@acme.example>\r\nMessage-ID: <p@acme.example>\r\nContent-Type: text/html"
        b"\r\n\r\n<p>Ask <a href='mailto:ben@acme.example?subject=The%20plan'>Ben</a></p>\r\n",
    )
    email.save()
    EmailBody.objects.filter(email=email).update(has_html=True)
    inbox.reload()
    inbox.get_by_text("Plan").first.click()
    inbox.frame_locator(".message__frame").get_by_role("link", name="Ben").click()
    dock = inbox.locator("#compose-dock > compose-form")
    expect(dock.locator("[data-role=to] .recipients__chip")).to_have_text("ben@acme.example")
    expect(dock.locator("[name=subject]")).to_have_value("The plan")
    all_saved(inbox)


def test_a_question_is_in_sight_on_a_phone(
    page: Page, live_server: Any, signed_in: Callable[..., Page], alice: User, account: MailAccount
) -> None:
    page = signed_in(page, alice)
    page.set_viewport_size({"width": 390, "height": 700})
    page.goto(f"{live_server.url}/mail/compose/?to=ada@acme.example&subject=For {{{{deal.title}}}}")
    expect(page.locator(EDITOR)).to_be_visible()
    page.locator("[data-key=send]").click()
    for name in ("Put in and send", "Send anyway", "Keep writing"):
        expect(page.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    page.locator("[data-fill]").fill("Renewal")
    page.get_by_role("button", name="Put in and send").click()
    page.wait_for_url("**/mail/inbox/")
    assert Submission.objects.get().subject == "For Renewal"
