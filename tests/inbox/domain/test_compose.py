import base64
import email as stdlib_email
from datetime import timedelta
from email import policy
from typing import Any

import pytest
from django.utils import timezone

from inbox.domain import answering, compose, draft_files, drafts, writing
from inbox.enums import DraftKind
from inbox.errors import ComposeError
from inbox.models import Draft, Signature
from mailsync.domain import blobs, outbox
from mailsync.domain.sent import keep_sent
from mailsync.enums import AccountScope, SubmissionState
from mailsync.models import Email, EmailBody, MailAccount, Submission, Thread
from notifications.domain import bell
from tests.factories.crm import make_deal, make_organization, make_person
from tests.factories.mail import make_account, make_thread
from users.models import Preferences, User

PARENT = (
    b"From: Ada Byron <ada@acme.example>\r\nTo: Alice <alice@northwind.example>,"
    b" Ben <ben@acme.example>\r\nCc: cc@acme.example\r\nSubject: Renewal\r\n"
    b"Date: Mon, 2 Nov 2026 09:00:00 +0000\r\nMessage-ID: <parent@acme.example>\r\n"
    b"References: <root@acme.example>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n'
    b"<p>Two <b>questions</b><script>alert(1)</script><img src=http://t.example/p width=1 height=1></p>\r\n"
    b"--x\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment;"
    b' filename="plan.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--x--\r\n'
)


@pytest.fixture
def parent(account: MailAccount) -> Email:
    thread = make_thread(account, "Renewal", text="Two questions")
    email = thread.emails.get()
    email.blob = blobs.store(account.pk, PARENT)
    email.message_id = "parent@acme.example"
    email.save()
    EmailBody.objects.filter(email=email).update(has_html=True)
    email.attachments.create(section="2", name="plan.pdf", content_type="application/pdf", size=5)
    return email


def new_draft(user: User, **fields: Any) -> Draft:
    draft = drafts.start_new(by=user, start=drafts.Start(to=(("Ada Byron", "ada@acme.example"),)))
    changes = {"subject": "Offer", "html": "<p>Hello</p>", **fields}
    return drafts.save(draft, version=draft.version, **changes)


def sent_message(draft: Draft, user: User, **options: Any) -> Any:
    submission = compose.send(draft, by=user, version=draft.version, **options)
    return stdlib_email.message_from_bytes(blobs.read(submission.blob), policy=policy.default)


def test_reply_goes_to_the_sender_with_the_thread_kept(account, alice, parent):
    draft = answering.start_answer(parent, kind=DraftKind.REPLY, by=alice)
    assert (draft.to, draft.cc, draft.subject, draft.account) == (
        [["Ada Byron", "ada@acme.example"]],
        [],
        "Re: Renewal",
        account,
    )
    draft = drafts.save(draft, version=1, html="<p>Two answers</p>")
    message = sent_message(draft, alice)
    assert message["In-Reply-To"] == "<parent@acme.example>"
    assert message["References"] == "<root@acme.example> <parent@acme.example>"
    html = message.get_body(("html",)).get_content()
    assert "Two answers" in html
    assert "<b>questions</b>" in html
    assert "script" not in html
    assert "t.example" not in html
    text = message.get_body(("plain",)).get_content()
    assert text.startswith("Two answers")
    assert "> Two questions" in text
    assert Submission.objects.get().thread == parent.thread


def test_reply_all_leaves_ourselves_out(alice, parent):
    draft = answering.start_answer(parent, kind=DraftKind.REPLY_ALL, by=alice)
    assert draft.to == [["Ada Byron", "ada@acme.example"], ["Ben", "ben@acme.example"]]
    assert draft.cc == [["", "cc@acme.example"]]


def test_forward_takes_the_files_along_and_starts_no_answer(alice, parent):
    draft = answering.start_answer(parent, kind=DraftKind.FORWARD, by=alice)
    assert (draft.to, draft.subject) == ([], "Fwd: Renewal")
    assert [file.name for file in draft.files.all()] == ["plan.pdf"]
    draft = drafts.save(draft, version=1, to=[["", "carl@other.example"]])
    message = sent_message(draft, alice)
    assert message["In-Reply-To"] is None
    assert [part.get_filename() for part in message.iter_attachments()] == ["plan.pdf"]
    assert "From: Ada Byron <ada@acme.example>" in message.get_body(("plain",)).get_content()


def test_a_colleague_answers_from_his_own_account(account, bob, parent):
    own = make_account(bob)
    draft = answering.start_answer(parent, kind=DraftKind.REPLY, by=bob)
    assert draft.account == own
    compose.send(draft, by=bob, version=1)
    assert Submission.objects.get().thread is None


def test_the_account_is_looked_up_at_the_moment_of_sending(account, alice, bob):
    draft = new_draft(alice)
    Draft.objects.update(account=make_account(bob))
    draft.refresh_from_db()
    with pytest.raises(ComposeError) as error:
        compose.send(draft, by=alice, version=draft.version)
    assert error.value.code == "no_account"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": []}, "no_recipients"),
        ({"to": [["", "ada"]]}, "bad_address"),
        ({"to": [["", "ada@acme.example>\r\nRCPT TO:<x@y.example"]]}, "bad_address"),
        ({"to": [["", f"p{n}@acme.example"] for n in range(51)]}, "too_many_recipients"),
        ({"html": "Hi {{person.first_name}}"}, "missing_fields"),
    ],
)
def test_what_only_the_author_can_supply_is_asked_for(account, alice, changes, code):
    draft = new_draft(alice, **changes)
    with pytest.raises(ComposeError) as error:
        compose.send(draft, by=alice, version=draft.version)
    assert error.value.code == code
    assert not Submission.objects.exists()


def test_smart_fields_take_what_the_sender_may_see(account, alice, carol):
    acme = make_organization(alice)
    make_person(alice, organization=acme)
    hidden = make_deal(carol, "Hidden plan", visibility="owner")
    draft = new_draft(
        alice,
        deal=hidden,
        subject="For {{person.first_name}}",
        html="<p>{{organization.name}}: {{deal.title|your order}}</p>",
    )
    message = sent_message(draft, alice)
    assert message["Subject"] == "For Ada"
    assert "Acme Analytical: your order" in message.get_body(("html",)).get_content()


def test_signature_and_inline_images(account, alice):
    signature = Signature.objects.create(owner=alice, name="S", html="<b>{{sender.name}}</b>")
    draft = new_draft(alice, signature=signature)
    picture = draft_files.add_file(
        draft, name="p.png", content_type="image/png", content=b"png", is_inline=True
    )
    unused = draft_files.add_file(
        draft, name="q.png", content_type="image/png", content=b"png", is_inline=True
    )
    draft = drafts.save(
        draft,
        version=draft.version,
        html=f'<p>Look</p><img src="cid:{picture.content_id}"><img src="cid:foreign@x">',
    )
    message = sent_message(draft, alice)
    assert picture.content_id in message.as_string()
    assert unused.content_id not in message.as_string()
    assert "foreign@x" not in message.as_string()
    text = message.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert text == "Look\n\n-- \nAlice\n"


def test_bcc_is_in_the_envelope_alone(account, alice):
    draft = new_draft(alice, bcc=[["Boss", "boss@northwind.example"]])
    message = sent_message(draft, alice)
    assert "boss" not in message.as_string()
    submission = Submission.objects.get()
    assert submission.envelope_to == ["ada@acme.example", "boss@northwind.example"]
    assert submission.bcc == ["boss@northwind.example"]


def test_undo_brings_the_draft_back(account, alice):
    Preferences.objects.create(user=alice, undo_seconds=20)
    draft = new_draft(alice)
    submission = compose.send(draft, by=alice, version=draft.version)
    assert submission.send_at > timezone.now() + timedelta(seconds=15)
    assert not Draft.objects.standing().exists()

    back = compose.take_back(submission, by=alice)

    assert back == draft
    assert Draft.objects.standing().get() == draft
    submission.refresh_from_db()
    assert submission.state == SubmissionState.CANCELLED


def test_a_mail_is_queued_once_however_often_it_is_sent(account, alice):
    draft = new_draft(alice)
    compose.send(draft, by=alice, version=draft.version)
    with pytest.raises(drafts.DraftConflictError):
        compose.send(draft, by=alice, version=draft.version)
    assert Submission.objects.count() == 1


def test_undo_after_it_left_is_refused(account, alice):
    draft = new_draft(alice)
    submission = compose.send(draft, by=alice, version=draft.version)
    Submission.objects.update(state=SubmissionState.SENT)
    with pytest.raises(outbox.OutboxError):
        compose.take_back(submission, by=alice)


def test_what_was_chosen_while_writing_holds_for_the_conversation(account, alice):
    deal = make_deal(alice)
    draft = new_draft(alice, deal=deal, visibility="private")
    submission = compose.send(draft, by=alice, version=draft.version)
    Submission.objects.update(state=SubmissionState.SENT, sent_at=timezone.now())
    keep_sent(account.pk)
    thread = Thread.objects.get()
    submission.refresh_from_db()
    assert submission.thread == thread
    assert thread.visibility == "private"
    assert [link.deal for link in thread.links.filter(deal__isnull=False)] == [deal]


def test_files_have_a_limit(account, alice, monkeypatch):
    monkeypatch.setattr(draft_files, "limit_of", lambda _draft: 10)
    draft = new_draft(alice)
    draft_files.add_file(draft, name="a", content_type="text/plain", content=b"12345")
    with pytest.raises(ComposeError):
        draft_files.add_file(draft, name="b", content_type="text/plain", content=b"123456")
    assert draft.files.count() == 1


def test_what_is_quoted_keeps_its_looks_and_its_pictures(account, alice, parent):
    raw = (
        b"From: Ada <ada@acme.example>\r\nSubject: Plan\r\nMessage-ID: <pics@acme.example>\r\n"
        b'Content-Type: multipart/related; boundary="x"\r\n\r\n--x\r\nContent-Type: text/html\r\n'
        b'\r\n<style>p{color:#c00}</style><p>See <img src="cid:plan@acme">'
        b'<img src="https://acme.example/logo.png"><img width="1" src="http://t.example/pixel">'
        b"</p>\r\n--x\r\n"
        b"Content-Type: image/png\r\nContent-ID: <plan@acme>\r\nContent-Transfer-Encoding: base64"
        b"\r\nContent-Disposition: inline\r\n\r\niVBORw0KGgo=\r\n--x--\r\n"
    )
    parent.blob = blobs.store(account.pk, raw)
    parent.save()
    draft = answering.start_answer(parent, kind=DraftKind.FORWARD, by=alice)
    draft = drafts.save(draft, version=1, to=[["", "carl@other.example"]])
    message = sent_message(draft, alice)
    html = message.get_body(("html",)).get_content()
    assert 'src="cid:plan@acme"' in html
    assert 'style="color:#c00"' in html
    # Pictures of the web too, but none that only tells who reads.
    assert 'src="https://acme.example/logo.png"' in html
    assert "t.example" not in html
    pictures = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert [part["Content-ID"] for part in pictures] == ["<plan@acme>"]
    # Left out of the quote, it is left out of the mail.
    again = answering.start_answer(parent, kind=DraftKind.REPLY, by=alice)
    again = drafts.save(again, version=1, html="<p>Yes</p>", includes_quote=False)
    pictures = [p for p in sent_message(again, alice).walk() if p.get_content_type() == "image/png"]
    assert pictures == []


def test_what_is_quoted_has_the_room_that_the_files_leave(account, alice, parent, monkeypatch):
    picture = b"\x89PNG\r\n\x1a\n" + b"x" * 100
    content = base64.encodebytes(picture)
    raw = (
        b'Message-ID: <pics@acme.example>\r\nContent-Type: multipart/related; boundary="x"\r\n\r\n'
        b'--x\r\nContent-Type: text/html\r\n\r\n<img src="cid:a@x"><img src="cid:b@x">\r\n'
    )
    for name in (b"a@x", b"b@x"):
        raw += (
            b"--x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <"
            + name
            + b">\r\n\r\n"
            + content
        )
    parent.blob = blobs.store(account.pk, raw + b"--x--\r\n")
    parent.save()
    draft = answering.start_answer(parent, kind=DraftKind.REPLY, by=alice)
    monkeypatch.setattr(draft_files, "limit_of", lambda _draft: 250)
    assert list(draft_files.quoted_pictures(draft)) == ["a@x", "b@x"]
    draft_files.add_file(draft, name="f", content_type="text/plain", content=b"y" * 100)
    assert list(draft_files.quoted_pictures(draft)) == ["a@x"]
    assert "cid:b@x" not in writing.write(draft, by=alice).html


def test_who_wrote_a_mail_hears_that_a_colleague_stopped_it(alice, bob, carol):
    team = make_account(alice, "sales@northwind.example", scope=AccountScope.TEAM)
    team.members.add(alice, bob)
    draft = drafts.save(new_draft(alice), version=2, account=team)
    later = timezone.now() + timedelta(days=1)
    submission = compose.send(draft, by=alice, version=draft.version, send_at=later)
    back = compose.take_back(submission, by=bob)
    (told,) = bell.page_for(alice).notifications
    assert told.line.text == "A colleague stopped your mail: Offer"
    assert told.line.url.endswith(f"/mail/drafts/{back.key}/")
    assert bell.unread_count(bob) == bell.unread_count(carol) == 0
    # By oneself there is nothing to be told; and who left the team is told nothing any more.
    submission = compose.send(back, by=alice, version=back.version, send_at=later)
    compose.take_back(submission, by=alice)
    assert bell.unread_count(alice) == 1
    team.members.remove(alice)
    Draft.objects.update(author=bob)
    assert bell.unread_count(alice) == 0


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("<p>שלום Ada</p>", "rtl"),
        ("<p>… مرحبا</p>", "rtl"),
        ("<p>Hello שלום</p>", ""),
        ("<p>1</p>", ""),
    ],
)
def test_a_mail_runs_the_way_its_first_letter_does(account, alice, text, runs):
    html = sent_message(new_draft(alice, html=text), alice).get_body(("html",)).get_content()
    assert html.startswith('<div dir="rtl" style=' if runs else "<div style=")


def test_what_fields_put_into_the_subject_fits_into_the_outbox(account, alice):
    """An address has lines, and forty of it are more than the column holds."""
    address = "Long Street 7\nBerlin " + "x" * 100
    organization = make_organization(alice, address=address)
    person = make_person(alice, "Ada", "ada@acme.example", organization=organization)
    draft = new_draft(alice, subject="{{organization.address}} " * 38, person=person)
    assert draft.subject
    message = sent_message(draft, alice)
    assert message["Subject"].count("Berlin") == 38
    assert set(message.keys()) >= {"From", "To", "Subject"}
    submission = Submission.objects.get()
    assert submission.subject == " ".join(address.split() * 38)[:1000]
