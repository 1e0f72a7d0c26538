"""Mail that is written shows nobody a conversation that was hidden from him, by no way round."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inbox.domain import answering, compose, draft_exchange, draft_mail, drafts
from inbox.enums import DraftKind
from inbox.models import Draft
from mailsync.domain import blobs
from mailsync.domain.sent import keep_sent
from mailsync.domain.subjects import key_of
from mailsync.enums import AccountScope, SubmissionState
from mailsync.models import Email, EmailBody, EmailReference, MailAccount, Submission, Thread
from sharing.enums import ThreadVisibility
from tests.factories.crm import make_deal
from tests.factories.mail import link, make_account, make_thread
from users.models import User

pytestmark = pytest.mark.django_db

SHARED, PRIVATE, TEAM = ThreadVisibility.SHARED, ThreadVisibility.PRIVATE, ThreadVisibility.TEAM
RAW = (
    b"From: Ada Byron <ada@acme.example>\r\nTo: alice@northwind.example\r\nSubject: Quuxmire\r\n"
    b"Date: Mon, 2 Nov 2026 09:00:00 +0000\r\nMessage-ID: <parent@acme.example>\r\n\r\nQuuxmire\r\n"
)


@pytest.fixture
def account(alice: User, settings: Any, tmp_path: Any) -> MailAccount:
    """An account whose new conversations are shared."""
    settings.BLOB_DIR = tmp_path / "blobs"
    settings.MEDIA_ROOT = tmp_path / "media"
    return make_account(alice, default_visibility=SHARED)


def mail_in(account: MailAccount, **fields: Any) -> Email:
    thread = make_thread(account, "Quuxmire", text="Quuxmire", **fields)
    email = thread.emails.get()
    email.blob = blobs.store(account.pk, RAW)
    email.message_id = "parent@acme.example"
    email.message_id_hash = key_of(email.message_id)
    email.save()
    EmailReference.objects.create(
        account=account, thread=thread, message_id_hash=email.message_id_hash
    )
    return email


def sent(draft: Draft, user: User) -> Thread:
    """The conversation that the draft's mail is in, once it has left."""
    submission = compose.send(draft, by=user, version=draft.version)
    Submission.objects.filter(pk=submission.pk).update(
        state=SubmissionState.SENT, sent_at=timezone.now()
    )
    keep_sent(draft.account_id)
    return Email.objects.get(submission=submission.pk).thread


def forwarded(email: Email, user: User, **changes: Any) -> Draft:
    draft = answering.start_answer(email, kind=DraftKind.FORWARD, by=user)
    return drafts.save(draft, version=1, to=[["", "carl@other.example"]], **changes)


def visibility_of(email: Email) -> str:
    return Thread.objects.get(pk=email.thread_id).visibility


# --- What a new mail does to the conversation that was there ------------------------------------


@pytest.mark.parametrize("kind", [DraftKind.REPLY, DraftKind.REPLY_ALL, DraftKind.FORWARD])
def test_no_answer_and_no_forward_publishes_its_conversation(
    account: MailAccount, alice: User, bob: User, kind: DraftKind
) -> None:
    parent = mail_in(account, visibility=PRIVATE)
    link(parent.thread, deal=make_deal(alice))
    draft = answering.start_answer(parent, kind=kind, by=alice)
    draft = drafts.save(draft, version=1, to=[["", "carl@other.example"]])
    sent(draft, alice)
    assert visibility_of(parent) == PRIVATE
    assert not Thread.objects.visible_to(bob).exists()


def test_its_owner_may_publish_it_with_an_answer(account: MailAccount, alice: User) -> None:
    """The positive control: the choice in the window is one."""
    parent = mail_in(account, visibility=PRIVATE)
    draft = forwarded(parent, alice, visibility=SHARED)
    assert sent(draft, alice) == parent.thread
    assert visibility_of(parent) == SHARED


def test_window_of_a_forward_says_what_the_conversation_is(
    account: MailAccount, alice: User
) -> None:
    parent = mail_in(account, visibility=PRIVATE)
    owner = Client()
    owner.force_login(alice)
    page = owner.get(reverse("inbox:answer", args=[parent.key, "forward"])).content.decode()
    assert '<option value="">Private, as it is</option>' in page
    assert '<option value="shared" selected>' not in page


def test_forward_that_stands_alone_is_as_closed_as_what_it_carries(
    account: MailAccount, alice: User
) -> None:
    """From another account it begins a conversation there, with the private mail in it."""
    parent = mail_in(account, visibility=PRIVATE)
    other = make_account(alice, "alice.second@northwind.example", default_visibility=SHARED)
    began = sent(forwarded(parent, alice, account=other), alice)
    assert began.account == other
    assert began.visibility == PRIVATE
    Thread.objects.filter(pk=parent.thread_id).update(visibility=SHARED)
    third = make_account(alice, "alice.third@northwind.example", default_visibility=SHARED)
    assert sent(forwarded(parent, alice, account=third), alice).visibility == SHARED


def test_new_mail_that_falls_into_a_conversation_leaves_it_as_it_is(
    account: MailAccount, alice: User
) -> None:
    """Who writes a new mail chooses for what begins with it."""
    parent = mail_in(account, visibility=PRIVATE)
    draft = drafts.start_new(by=alice, start=drafts.Start(to=(("", "carl@other.example"),)))
    draft = drafts.save(draft, version=1, subject="New", visibility=SHARED)
    submission = compose.send(draft, by=alice, version=draft.version)
    compose.settle_sent(submission.pk, thread_id=parent.thread_id)
    assert visibility_of(parent) == PRIVATE
    draft = drafts.start_new(by=alice, start=drafts.Start(to=(("", "carl@other.example"),)))
    draft = drafts.save(draft, version=1, subject="Newer", visibility=PRIVATE)
    assert sent(draft, alice).visibility == PRIVATE


def test_draft_begun_elsewhere_does_not_publish_what_was_closed_since(
    account: MailAccount, alice: User
) -> None:
    parent = mail_in(account, visibility=SHARED)
    found = draft_mail.read(
        b"From: alice@northwind.example\r\nTo: ada@acme.example\r\nSubject: Re: Quuxmire\r\n"
        b"Message-ID: <there@x.example>\r\nIn-Reply-To: <parent@acme.example>\r\n"
        b"References: <parent@acme.example>\r\n\r\nHello\r\n"
    )
    draft = draft_exchange._begin(account, found)
    assert draft.parent == parent
    Thread.objects.filter(pk=parent.thread_id).update(visibility=PRIVATE)
    sent(draft, alice)
    assert visibility_of(parent) == PRIVATE


# --- Drafts of a team ----------------------------------------------------------------------------


@pytest.fixture
def team(dana: User, bob: User, carol: User, account: MailAccount) -> MailAccount:
    found = make_account(dana, "sales@northwind.example", scope=AccountScope.TEAM)
    for user in (bob, carol):
        found.member_rows.create(user=user)
    return found


def test_copy_in_a_teams_mailbox_quotes_only_what_the_team_sees(
    account: MailAccount, alice: User, bob: User, carol: User, team: MailAccount
) -> None:
    """alice's mail is bob's to read by a deal, and not carol's, who opens the same Drafts."""
    parent = mail_in(account, visibility=SHARED)
    EmailBody.objects.filter(email=parent).update(text="Quuxmire")
    deal = make_deal(alice)
    link(parent.thread, deal=deal)
    draft = answering.start_answer(parent, kind=DraftKind.REPLY, by=bob)
    draft = drafts.save(draft, version=1, account=team, subject="Re", html="<p>Hi</p>")
    raw = draft_mail.message_of(draft, message_id="x@x.example", mark="a1")
    assert b"Quuxmire" in raw
    assert b"parent@acme.example" in raw
    deal.visibility = "owner"
    deal.owner = bob
    deal.save()
    assert Thread.objects.visible_to(bob).exists()
    assert not Thread.objects.visible_to(carol).exists()
    raw = draft_mail.message_of(Draft.objects.get(pk=draft.pk), message_id="x@x.example", mark="a1")
    assert b"Hi" in raw
    assert b"Quuxmire" not in raw
    assert b"parent@acme.example" not in raw


@pytest.mark.parametrize("place", ["nowhere", "own"])
def test_draft_that_leaves_the_team_is_his_who_took_it(
    team: MailAccount, bob: User, carol: User, dana: User, place: str
) -> None:
    """One begun in the team's mailbox is by whoever connected it, who is no member."""
    draft = Draft.objects.create(author=dana, account=team, subject="Quuxmire", version=2)
    client = Client()
    client.force_login(bob)
    own = make_account(bob) if place == "own" else None
    form = {
        "act": "save",
        "draft": draft.key,
        "version": draft.version,
        "format": "html",
        "account": own.key if own else "",
        "subject": "Quuxmire",
        "content": "<p>Hi</p>",
    }
    assert client.post(reverse("inbox:compose"), form).status_code == 303
    assert Draft.objects.usable_by(bob).filter(pk=draft.pk).exists()
    assert not Draft.objects.usable_by(dana).exists()
    assert not Draft.objects.usable_by(carol).exists()
