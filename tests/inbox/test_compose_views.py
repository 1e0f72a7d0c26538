"""Writing and sending through the pages: rights, versions, questions, the outbox."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from common.opaque import seal
from crm.models import Lead
from inbox.domain import answering, compose, draft_files, drafts, reminders
from inbox.domain.recipients import read_list, suggest, write_list
from inbox.enums import DraftKind
from inbox.models import Draft, MailTemplate, Reminder, Signature
from mailsync.domain import blobs, bounces, outbox
from mailsync.enums import AccountScope, EmailKind, SubmissionState
from mailsync.models import Email, MailAccount, Submission
from notifications.models import Notification
from sharing.enums import ItemVisibility
from tests.factories.crm import make_deal, make_organization, make_person
from tests.factories.mail import link, make_account, make_thread
from users.models import User

JSON = {"HTTP_ACCEPT": "application/json"}
HTMX = {"HTTP_HX_REQUEST": "true"}
COMPOSE = "/mail/compose/"
RAW = (
    b"From: Ada Byron <ada@acme.example>\r\nTo: alice@northwind.example\r\nSubject: Offer\r\n"
    b"Message-ID: <parent@acme.example>\r\n\r\nThanks.\r\n"
)


def fields_of(account: MailAccount | None, **given: Any) -> dict[str, Any]:
    return {
        "account": account.key if account else "",
        "to": "Ada Byron <ada@acme.example>",
        "subject": "Offer",
        "content": "<div>Hello</div>",
        "format": "html",
        "visibility": "private",
        **given,
    }


def type_of(client: Any, url: str) -> tuple[str, str]:
    """The type and disposition of a file."""
    answer = client.get(url)
    return answer["Content-Type"], answer.get("Content-Disposition", "")


def make_draft(user: User, account: MailAccount | None, **fields: Any) -> Draft:
    draft = drafts.start_new(
        by=user, start=drafts.Start(to=(("Ada", "ada@acme.example"),)), account=account
    )
    return drafts.save(draft, version=1, **{"subject": "Offer", "html": "<p>Hi</p>", **fields})


@pytest.fixture
def email(account: MailAccount) -> Email:
    found = make_thread(account).emails.get()
    found.blob = blobs.store(account.pk, RAW)
    found.message_id = "parent@acme.example"
    found.save()
    return found


@pytest.fixture
def client_of(signed_in: Any) -> Any:
    return signed_in.as_


def test_opening_the_window_stores_nothing(client_of, alice, email):
    client = client_of(alice)
    assert client.get(COMPOSE).status_code == 200
    for kind in ("reply", "reply_all", "forward"):
        assert client.get(f"/mail/m/{email.key}/answer/{kind}/").status_code == 200
    assert not Draft.objects.exists()


def test_the_window_comes_in_the_frame_that_is_asked_for(client_of, alice, account):
    client = client_of(alice)
    page = client.get(COMPOSE).content.decode()
    dock = client.get(COMPOSE, {"frame": "dock"}, **HTMX).content.decode()
    assert 'data-frame="page"' in page
    assert 'data-frame="dock"' in dock
    assert "<html" not in dock


def test_a_first_save_makes_the_draft_and_the_next_one_its_version(client_of, alice, account):
    client = client_of(alice)
    first = client.post(COMPOSE, fields_of(account), **JSON).json()
    again = client.post(
        COMPOSE,
        fields_of(account, draft=first["draft"], version=first["version"], cc="b@acme.example"),
        **JSON,
    ).json()
    draft = Draft.objects.get()
    assert (draft.version, again["version"]) == (3, 3)
    assert draft.cc == [["", "b@acme.example"]]
    assert draft.html == "<div>Hello</div>"


def test_a_stale_version_overwrites_nothing(client_of, alice, account):
    draft = make_draft(alice, account)
    client = client_of(alice)
    sent = fields_of(account, draft=draft.key, version=1, content="<p>Other</p>")
    answer = client.post(COMPOSE, sent, **JSON)
    assert answer.status_code == 409
    assert answer.json()["version"] == 2
    draft.refresh_from_db()
    assert draft.html == "<p>Hi</p>"


def test_text_without_script_becomes_html(client_of, alice, account):
    client_of(alice).post(COMPOSE, fields_of(account, content="1 < 2\r\nnext", format="text"))
    assert Draft.objects.get().html == "1 &lt; 2<br>next"


def test_what_the_editor_begins_with_is_cleaned_and_ends_no_element(client_of, alice, account):
    draft = make_draft(alice, account, html="<script>alert(1)</script><p onclick=x>a</p></script>")
    page = client_of(alice).get(f"/mail/drafts/{draft.key}/").content.decode()
    given = re.search(r"data-given>(.*?)</script>", page, re.DOTALL)
    assert given
    source = json.loads(given[1])["html"]
    assert "alert" not in source
    assert "onclick" not in source


@pytest.mark.parametrize("act", ["save", "send"])
def test_second_hand_ids_are_not_found(client_of, alice, bob, carol, account, email, act):
    """Account, draft, parent, signature and record of somebody else."""
    own = make_account(bob)
    theirs = make_draft(alice, account)
    signature = Signature.objects.create(owner=alice, name="A", html="x")
    hidden = make_deal(alice, visibility=ItemVisibility.OWNER)
    client = client_of(bob)
    for stolen in (
        {"account": account.key},
        {"account": seal("account", 999)},
        {"draft": theirs.key, "version": theirs.version},
        {"kind": "reply", "parent": email.key},
        {"signature": str(signature.pk)},
        {"record": f"deal:{hidden.pk}"},
    ):
        answer = client.post(COMPOSE, {**fields_of(own), "act": act, **stolen}, **JSON)
        assert answer.status_code == 404, stolen
    assert not Draft.objects.filter(author=bob).exists()
    assert not Submission.objects.exists()


def test_drafts_are_their_authors_and_those_of_a_team_the_teams(
    client_of, alice, bob, carol, account
):
    team = make_account(alice, "sales@northwind.example", scope=AccountScope.TEAM)
    for member in (alice, bob):
        team.member_rows.create(user=member)
    private, shared = make_draft(alice, account), make_draft(alice, team)
    seen = {
        user.pk: client_of(user).get("/mail/drafts/").content.decode()
        for user in (alice, bob, carol)
    }
    assert private.key in seen[alice.pk]
    assert shared.key in seen[alice.pk]
    assert private.key not in seen[bob.pk]
    assert shared.key in seen[bob.pk]
    assert "draft-row" not in seen[carol.pk]
    assert client_of(bob).get(f"/mail/drafts/{private.key}/").status_code == 404
    assert client_of(bob).get(f"/mail/drafts/{shared.key}/").status_code == 200


def test_files_belong_to_their_draft(client_of, alice, bob, account):
    draft, other = make_draft(alice, account), make_draft(alice, account)
    client = client_of(alice)
    picture = SimpleUploadedFile("p.png", b"\x89PNG", "image/png")
    answer = client.post(f"/mail/drafts/{draft.key}/files/", {"file": picture, "inline": "1"})
    url = answer.json()["url"]
    assert type_of(client, url)[0] == "image/png"
    assert client_of(bob).get(url).status_code == 404
    assert client.get(url.replace(draft.key, other.key)).status_code == 404
    assert client_of(bob).post(f"{url}remove/").status_code == 404
    # In the stored text a picture goes by its Content-ID, and only one of this draft.
    content = f'<img src="{url}">'
    client.post(
        COMPOSE, fields_of(account, draft=draft.key, version=draft.version, content=content), **JSON
    )
    draft.refresh_from_db()
    assert draft.html == f'<img src="cid:{draft.files.get().content_id}">'
    assert client.post(f"{url}remove/").status_code == 200
    assert not draft.files.exists()


def test_a_file_is_never_shown_as_a_page(client_of, alice, account):
    draft = make_draft(alice, account)
    evil = SimpleUploadedFile("x.html", b"<script>1</script>", "text/html")
    client = client_of(alice)
    url = client.post(f"/mail/drafts/{draft.key}/files/", {"file": evil, "inline": "1"}).json()[
        "url"
    ]
    content_type, disposition = type_of(client, url)
    assert content_type == "application/octet-stream"
    assert disposition.startswith("attachment")


def test_too_large_files_are_refused_in_words(client_of, alice, account, monkeypatch):
    monkeypatch.setattr(draft_files, "limit_of", lambda _draft: 3)
    draft = make_draft(alice, account)
    file = SimpleUploadedFile("big.bin", b"four")
    answer = client_of(alice).post(f"/mail/drafts/{draft.key}/files/", {"file": file})
    assert answer.status_code == 413
    assert "MB" in answer.json()["text"]


# --- Sending ---------------------------------------------------------------------------------


QUOTED = (
    b"From: Ada <ada@acme.example>\r\nSubject: Plan\r\nMessage-ID: <pics@acme.example>\r\n"
    b'Content-Type: multipart/related; boundary="x"\r\n\r\n--x\r\nContent-Type: text/html\r\n'
    b'\r\n<p style="color:#c00">See <img src="cid:plan@acme"><img src="https://acme.example/w.png">'
    b"</p>\r\n--x\r\nContent-Type: image/png\r\nContent-ID: <plan@acme>\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--x--\r\n"
)


def test_a_quote_taken_into_the_text_brings_its_pictures(client_of, alice, account, email):
    email.blob = blobs.store(account.pk, QUOTED)
    email.save()
    draft = answering.start_answer(email, kind=DraftKind.REPLY, by=alice)
    answer = client_of(alice).post(f"/mail/drafts/{draft.key}/quote/")
    file = draft.files.get()
    address = reverse("inbox:draft_file", args=[draft.key, file.key])
    text = answer.json()["html"]
    assert f'src="{address}"' in text
    assert 'style="color:#c00"' in text
    # Named, and not loaded by the page of its writer.
    assert 'data-src="https://acme.example/w.png"' in text
    assert ' src="https:' not in text


def test_a_quote_is_given_to_nobody_who_may_not_see_the_mail(client_of, alice, bob, email):
    """A team's draft may answer a mail of its author's own."""
    team = make_account(alice, "sales@northwind.example", scope=AccountScope.TEAM)
    team.members.add(alice, bob)
    draft = answering.start_answer(email, kind=DraftKind.REPLY, by=alice)
    draft = drafts.save(draft, version=1, account=team)
    assert "Thanks" in client_of(alice).post(f"/mail/drafts/{draft.key}/quote/").json()["html"]
    assert client_of(bob).post(f"/mail/drafts/{draft.key}/quote/").json()["html"] == ""
    assert client_of(bob).get(f"/mail/drafts/{draft.key}/quote/").status_code == 405


def test_send_undo_and_the_draft_is_back(client_of, alice, account):
    client = client_of(alice)
    answer = client.post(COMPOSE, fields_of(account, act="send"), **HTMX)
    submission = Submission.objects.get()
    assert answer.status_code == 200
    undo = reverse("inbox:submission_undo", args=[submission.key])
    assert undo in answer.content.decode()
    back = client.post(undo, **HTMX)
    submission.refresh_from_db()
    assert submission.state == SubmissionState.CANCELLED
    assert "<compose-form" in back.content.decode()
    assert Draft.objects.standing().count() == 1


def test_undo_too_late_says_so_and_changes_nothing(client_of, alice, account):
    client = client_of(alice)
    client.post(COMPOSE, fields_of(account, act="send"), **HTMX)
    submission = Submission.objects.get()
    Submission.objects.update(state=SubmissionState.HANDED_OVER)
    answer = client.post(reverse("inbox:submission_undo", args=[submission.key]), **HTMX)
    assert "Too late" in answer.content.decode()
    submission.refresh_from_db()
    assert submission.state == SubmissionState.HANDED_OVER


def test_nobody_else_touches_a_waiting_mail(client_of, alice, bob, dana, account):
    draft = make_draft(alice, account)
    submission = compose.send(draft, by=alice, version=draft.version)
    names = ("undo", "cancel", "now", "again", "sent", "time")
    for user in (bob, dana):
        for name in names:
            url = reverse(f"inbox:submission_{name}", args=[submission.key])
            assert client_of(user).post(url).status_code == 404, name
        assert submission.key not in client_of(user).get("/mail/outbox/").content.decode()
    submission.refresh_from_db()
    assert submission.state == SubmissionState.QUEUED


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"subject": ""}, "The subject is empty"),
        ({"content": "<p>See the attached file</p>"}, "no file is attached"),
        ({"content": "<p>{{deal.title}}</p>"}, "Deal: Title"),
        ({"subject": "Your {{deal.title}}"}, "Deal: Title"),
        ({"to": ", ".join(f"p{n}@o{n}.example" for n in range(11))}, "11 people outside"),
    ],
)
def test_questions_come_before_sending_and_can_be_answered(
    client_of, alice, account, changed, says
):
    client = client_of(alice)
    answer = client.post(COMPOSE, fields_of(account, act="send", **changed), **HTMX)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert says in text
    assert not Submission.objects.exists()
    key, version = answer["X-Draft"].split()
    codes = re.findall(r'name="confirmed" value="(\w+)"', text)
    anyway = fields_of(
        account, act="send-anyway", draft=key, version=version, confirmed=codes, **changed
    )
    assert client.post(COMPOSE, anyway, **HTMX).status_code == 200
    assert Submission.objects.count() == 1


def test_a_field_without_a_value_is_put_in_or_left_out(client_of, alice, account):
    """No reader gets to see how a field is written."""
    client = client_of(alice)
    given = fields_of(account, subject="Your {{deal.title}}", content="<p>{{person.phone}}!</p>")
    answer = client.post(COMPOSE, {**given, "act": "send"}, **HTMX)
    given["draft"], given["version"] = answer["X-Draft"].split()
    given["confirmed"] = ["missing_fields"]
    # Two are asked for; one was given.
    half = {**given, "act": "send-filled", "fill:deal.title": "Renewal"}
    answer = client.post(COMPOSE, half, **HTMX)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Person: Phone" in text
    assert "Deal: Title" not in text
    assert 'name="fill:deal.title" value="Renewal"' in text
    given["draft"], given["version"] = answer["X-Draft"].split()
    anyway = {**given, "act": "send-anyway", "subject": "Your {{deal.title|offer}}"}
    assert client.post(COMPOSE, anyway, **HTMX).status_code == 200
    submission = Submission.objects.get()
    assert submission.subject == "Your offer"
    assert b"{{" not in blobs.read(submission.blob)


def test_a_missing_value_typed_goes_into_the_mail_escaped(client_of, alice, account):
    given = fields_of(
        account, act="send", content="<p>About {{deal.title}}</p>", **{"fill:deal.title": "A <b>"}
    )
    assert client_of(alice).post(COMPOSE, given, **HTMX).status_code == 200
    assert Draft.objects.get().html == "<p>About A &lt;b&gt;</p>"


def test_new_and_look_alike_addresses_are_asked_about(client_of, alice, account, email):
    given = fields_of(account, act="send", kind="reply", parent=email.key, to="ada@acrne.example")
    answer = client_of(alice).post(COMPOSE, given, **HTMX)
    assert "looks like ada@acme.example" in answer.content.decode()


def test_mail_that_came_while_writing_is_asked_about(client_of, alice, account, email):
    draft = make_draft(alice, account)
    Draft.objects.filter(pk=draft.pk).update(kind=DraftKind.REPLY, parent=email)
    given = fields_of(account, act="send", draft=draft.key, version=draft.version)
    newer = Email.objects.create(
        account=account,
        thread=email.thread,
        digest=b"n" * 32,
        from_name="Ada Byron",
        from_address="ada@acme.example",
        preview="One more question.",
        received_at=draft.created_at + timedelta(seconds=1),
    )
    answer = client_of(alice).post(COMPOSE, given, **HTMX)
    assert answer.status_code == 422
    assert "One more question." in answer.content.decode()
    newer.received_at = draft.created_at - timedelta(seconds=1)
    newer.save()
    given["version"] = answer["X-Draft"].split()[1]
    assert client_of(alice).post(COMPOSE, given, **HTMX).status_code == 200


def test_a_colleagues_mail_of_today_is_told_only_to_who_may_see_it(
    client_of, alice, bob, carol, account
):
    thread = make_thread(
        account, "Secret talks", last_outbound_at=timezone.now(), visibility="shared"
    )
    deal = make_deal(bob, visibility=ItemVisibility.OWNER)
    link(thread, deal=deal)
    for user, told in ((bob, True), (carol, False)):
        own = make_account(user)
        answer = client_of(user).post(COMPOSE, fields_of(own, act="send"), **HTMX)
        assert ("Secret talks" in answer.content.decode()) is told


def test_send_later_is_spaced_and_can_get_another_time(client_of, alice, account):
    client = client_of(alice)
    moment = (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%dT08:00")
    for _number in range(3):
        client.post(COMPOSE, fields_of(account, later="own", later_at=moment), **HTMX)
    times = list(Submission.objects.order_by("send_at").values_list("send_at", flat=True))
    assert [(one - times[0]).total_seconds() for one in times] == [0, 20, 40]
    first = Submission.objects.earliest("pk")
    assert "Scheduled" in client.get("/mail/outbox/").content.decode()
    other = (timezone.now() + timedelta(days=3)).strftime("%Y-%m-%dT09:00")
    url = reverse("inbox:submission_time", args=[first.key])
    client.post(url, {"later": "own", "later_at": other}, **HTMX)
    assert Submission.objects.get(pk=first.pk).send_at > times[2]


def test_a_past_moment_is_refused(client_of, alice, account):
    answer = client_of(alice).post(
        COMPOSE, fields_of(account, later="own", later_at="2020-01-01T08:00"), **HTMX
    )
    assert answer.status_code == 422
    assert "has passed" in answer.content.decode()


def test_perhaps_sent_waits_for_a_word(client_of, alice, account):
    draft = make_draft(alice, account)
    submission = compose.send(draft, by=alice, version=draft.version)
    Submission.objects.update(state=SubmissionState.UNKNOWN, error_code="outcome_unknown")
    page = client_of(alice).get("/mail/outbox/").content.decode()
    assert "Perhaps sent" in page
    client_of(alice).post(reverse("inbox:submission_sent", args=[submission.key]), **HTMX)
    submission.refresh_from_db()
    assert submission.state == SubmissionState.SENT


def test_send_and_archive(client_of, alice, account, email):
    given = fields_of(account, kind="reply", parent=email.key, archive="1")
    assert client_of(alice).post(COMPOSE, given, **HTMX).status_code == 200
    email.thread.refresh_from_db()
    assert not email.thread.in_inbox


def test_discard_and_restore(client_of, alice, account):
    draft = make_draft(alice, account)
    client = client_of(alice)
    given = fields_of(account, draft=draft.key, version=draft.version, act="discard")
    answer = client.post(COMPOSE, given, **HTMX)
    restore = reverse("inbox:draft_restore", args=[draft.key])
    assert restore in answer.content.decode()
    assert not Draft.objects.standing().exists()
    assert "<compose-form" in client.post(restore, **HTMX).content.decode()
    assert Draft.objects.standing().exists()


@pytest.mark.parametrize("act", ["discard", "send"])
def test_a_page_that_was_the_window_goes_back(client_of, alice, account, email, act):
    draft = answering.start_answer(email, kind=DraftKind.REPLY, by=alice)
    given = fields_of(account, draft=draft.key, version=draft.version, act=act, frame="page")
    client = client_of(alice)
    thread = reverse("inbox:thread", args=[email.thread.key])
    assert client.post(COMPOSE, given, **HTMX)["HX-Redirect"] == thread
    assert "Undo" in client.get(thread).content.decode()
    nothing = fields_of(account, act="discard", frame="page")
    assert client.post(COMPOSE, nothing, **HTMX)["HX-Redirect"] == reverse("inbox:home")


# --- Around it -------------------------------------------------------------------------------


def test_lists_of_addresses_go_there_and_back():
    text = '"Byron, Ada" <ada@acme.example>, b@y.example; c@z.example\nnot an address'
    parties = read_list(text)
    assert parties == [
        ["Byron, Ada", "ada@acme.example"],
        ["", "b@y.example"],
        ["", "c@z.example"],
        ["", "not an address"],
    ]
    assert read_list(write_list(parties)) == parties
    assert read_list("A@x.example, a@X.example") == [["", "A@x.example"]]


def test_suggestions_are_of_visible_contacts_and_own_correspondents(alice, bob, account):
    make_person(alice, "Ada Byron", visibility=ItemVisibility.OWNER)
    make_thread(account, sender=("Grace", "grace@navy.example"))
    for user, contacts, recent in ((alice, 1, 1), (bob, 0, 0)):
        assert len(suggest(user, "ada")["contacts"]) == contacts
        assert len(suggest(user, "grace")["recent"]) == recent


def test_participants_of_a_deal_are_among_its_people(alice):
    near = make_person(alice, "Ada Zimmer", "zimmer@acme.example")
    other = make_person(alice, "Ada Aaron", "aaron@acme.example")
    deal = make_deal(alice)
    deal.participant_rows.create(person=near)
    found = suggest(alice, "ada", record=deal)
    assert [one.address for one in found["record"]] == ["zimmer@acme.example"]
    assert [one.address for one in found["contacts"]] == [other.emails.get().address]


def test_a_mail_from_a_record_begins_with_its_person(client_of, alice, bob, account):
    ada = make_person(alice)
    made = {
        "person": ada,
        "deal": make_deal(alice, person=ada),
        "lead": Lead.objects.create(owner=alice, title="Trailers", person=ada),
    }
    for kind, record in made.items():
        page = client_of(alice).get(COMPOSE, {kind: record.pk}).content.decode()
        assert 'name="to" value="Ada Byron &lt;ada@acme.example&gt;"' in page, kind
        assert f'name="record" value="{kind}:{record.pk}"' in page
    # What was asked for goes before it, and a person without address leaves the line empty.
    page = client_of(alice).get(COMPOSE, {"person": ada.pk, "to": "x@y.example"}).content.decode()
    assert 'name="to" value="x@y.example"' in page
    silent = make_person(alice, "Carl", address="")
    page = client_of(alice).get(COMPOSE, {"person": silent.pk}).content.decode()
    assert 'name="to" value=""' in page
    # Of an owner's person nobody else learns the address.
    make_account(bob)
    ada.visibility = ItemVisibility.OWNER
    ada.save()
    page = client_of(bob).get(COMPOSE, {"deal": made["deal"].pk}).content.decode()
    assert "ada@acme.example" not in page


def test_a_mail_from_an_organization_begins_with_its_one_person(client_of, alice, account):
    acme = make_organization(alice)
    make_person(alice, organization=acme)
    client = client_of(alice)
    assert "ada@acme.example" in client.get(COMPOSE, {"organization": acme.pk}).content.decode()
    make_person(alice, "Ben", address="ben@acme.example", organization=acme)
    assert 'name="to" value=""' in client.get(COMPOSE, {"organization": acme.pk}).content.decode()
    assert client.get(COMPOSE, {"organization": "999"}).status_code == 404


def test_mailto_links_fill_the_window(client_of, alice, account):
    url = "mailto:ada%40acme.example?cc=b@y.example&subject=Hi%20you&body=a%3Cb"
    page = client_of(alice).get(COMPOSE, {"mailto": url}).content.decode()
    assert 'value="ada@acme.example"' in page
    assert 'value="b@y.example"' in page
    assert 'value="Hi you"' in page
    assert client_of(alice).get(COMPOSE, {"mailto": "javascript:1"}).status_code == 404


def test_a_reminder_is_kept_with_the_draft_and_can_be_taken_away(client_of, alice, account):
    client = client_of(alice)
    client.post(COMPOSE, fields_of(account, remind="week"), **JSON)
    draft = Draft.objects.get()
    chosen = draft.remind_at
    assert chosen > timezone.now() + timedelta(days=5)
    page = client.get(f"/mail/drafts/{draft.key}/").content.decode()
    assert '<option value="kept" selected>' in page
    again = fields_of(account, draft=draft.key, version=draft.version, act="send", remind="kept")
    client.post(COMPOSE, again, **HTMX)
    draft.refresh_from_db()
    assert draft.remind_at == chosen
    # Taken back, and sent without one.
    draft = compose.take_back(Submission.objects.get(), by=alice)
    again = fields_of(account, draft=draft.key, version=draft.version, act="send", remind="")
    assert client.post(COMPOSE, again, **HTMX).status_code == 200
    draft.refresh_from_db()
    assert draft.remind_at is None


def test_a_reminder_brings_the_conversation_back_unless_answered(alice, account, email):
    thread = email.thread
    now = timezone.now()
    for since, wanted in ((now - timedelta(days=400 * 10), 0), (now, 1)):
        type(thread).objects.filter(pk=thread.pk).update(
            in_inbox=False, last_inbound_at=thread.last_inbound_at
        )
        reminders.wait_for_answer(thread, by=alice, until=now - timedelta(minutes=1), since=since)
        reminders.sweep()
        assert Notification.objects.filter(user=alice, kind=reminders.KIND).count() == wanted
    thread.refresh_from_db()
    assert thread.in_inbox
    assert not Reminder.objects.exists()


def test_a_report_notes_who_did_not_get_it_and_a_forged_one_nothing(client_of, alice, account):
    draft = make_draft(alice, account)
    submission = compose.send(draft, by=alice, version=draft.version)
    before = Submission.objects.values().get()

    def report(message_id: str, address: str) -> bool:
        raw = (
            "From: MAILER-DAEMON@mx.example\r\nTo: alice@northwind.example\r\nSubject: Undelivered\r\n"
            "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status;"
            ' boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\n'
            "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
            f"Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
            "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b\r\n"
            f"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{message_id}>\r\n"
            "Subject: Offer\r\n\r\n--b--\r\n"
        )
        email = make_thread(account, "Undelivered").emails.get()
        Email.objects.filter(pk=email.pk).update(
            kind=EmailKind.BOUNCE, blob=blobs.store(account.pk, raw.encode())
        )
        return bounces.note_report(email.pk)

    assert not report("made-up@northwind.example", "ada@acme.example")
    assert not report(submission.message_id, "stranger@acme.example")
    assert Submission.objects.values().get() == before
    assert report(submission.message_id, "ada@acme.example")
    submission.refresh_from_db()
    assert submission.results["ada@acme.example"]["report"]["permanent"]
    assert submission.state == SubmissionState.QUEUED


def test_templates_are_private_or_shared_and_change_only_by_their_author(client_of, alice, bob):
    private = MailTemplate.objects.create(author=alice, name="Mine", html="<p>a</p>")
    shared = MailTemplate.objects.create(author=alice, name="Ours", html="<p>b</p>", is_shared=True)
    client = client_of(bob)
    page = client.get("/settings/email/templates/").content.decode()
    assert "Ours" in page
    assert "Mine" not in page
    assert client.get(f"/settings/email/templates/{private.pk}/").status_code == 404
    assert client.post(f"/mail/templates/{private.pk}/use/").status_code == 404
    changed = {"name": "Taken over", "subject": "", "html": "x", "format": "html"}
    assert client.post(f"/settings/email/templates/{shared.pk}/", changed).status_code == 404
    assert client.post(f"/settings/email/templates/{shared.pk}/remove/").status_code == 404
    assert client.post(f"/mail/templates/{shared.pk}/use/").json()["html"] == "<p>b</p>"
    shared.refresh_from_db()
    assert shared.name == "Ours"


def test_uses_of_a_template_are_counted_for_each_alone(client_of, alice, bob):
    """What a colleague writes it for, and when, is his."""
    for name in ("First", "Second"):
        MailTemplate.objects.create(author=alice, name=name, html="<p>b</p>", is_shared=True)
    second = MailTemplate.objects.get(name="Second")
    before = client_of(alice).get("/mail/templates/").content
    for _ in range(2):
        assert client_of(bob).post(f"/mail/templates/{second.pk}/use/").status_code == 200
    counts = {
        user: MailTemplate.objects.with_uses_of(user).get(pk=second.pk).used_count
        for user in (alice, bob)
    }
    assert counts == {alice: 0, bob: 2}
    assert client_of(alice).get("/mail/templates/").content == before
    picked = client_of(bob).get("/mail/templates/").content
    assert picked.index(b"Second") < picked.index(b"First")
    assert before.index(b"First") < before.index(b"Second")


def test_one_signature_is_the_default(client_of, alice, account):
    client = client_of(alice)
    for name in ("One", "Two"):
        given = {"name": name, "html": "<p>Alice</p>", "format": "html", "is_for_new": "on"}
        assert client.post("/settings/email/signatures/new/", given).status_code == 303
    assert Signature.objects.get(is_for_new=True).name == "Two"


@pytest.mark.parametrize("path", ["/mail/drafts/", "/mail/outbox/"])
def test_lists_take_a_fixed_number_of_queries(client_of, alice, account, path):
    client = client_of(alice)

    def counted() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(path)
        return len(queries)

    def one_more() -> None:
        make_draft(alice, account)
        waiting = make_draft(alice, account)
        compose.send(waiting, by=alice, version=waiting.version)

    one_more()
    client.get(path)
    first = counted()
    one_more()
    one_more()
    assert counted() == first


def test_an_answer_is_offered_to_who_sees_the_conversation(client_of, bob, alice, account, email):
    make_account(bob)
    assert client_of(bob).get(f"/mail/m/{email.key}/answer/reply/").status_code == 404
    type(email.thread).objects.filter(pk=email.thread_id).update(visibility="shared")
    link(email.thread, deal=make_deal(bob))
    page = client_of(bob).get(f"/mail/m/{email.key}/answer/reply/").content.decode()
    assert "ada@acme.example" in page


def test_outbox_sends_nothing_of_a_deactivated_kind(alice, account):
    """A draft taken back cannot be sent by the row that was cancelled."""
    draft = make_draft(alice, account)
    submission = compose.send(draft, by=alice, version=draft.version)
    compose.take_back(submission, by=alice)
    outbox.send(submission.pk)
    submission.refresh_from_db()
    assert submission.state == SubmissionState.CANCELLED
    assert DraftKind(Draft.objects.get().kind) == DraftKind.NEW
