"""What is chosen about a mail beside its text: who sees it, the record, a test, who else writes."""

import email as stdlib_email
from datetime import timedelta
from email import policy
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from inbox.domain import answering, compose, drafts, presence
from inbox.enums import DraftKind
from inbox.models import Draft, Presence, Signature
from mailsync.domain import blobs
from mailsync.domain.sizes import MEGABYTE, files_megabytes
from mailsync.enums import AccountScope, Direction, Security
from mailsync.models import Email, MailAccount, ServerSettings, Submission, Thread
from sharing.enums import ItemVisibility, ThreadVisibility
from tests.factories.crm import make_deal, make_person
from tests.factories.mail import make_account, make_thread
from users.models import User

RAW = (
    b"From: Ada <ada@acme.example>\r\nTo: alice@northwind.example\r\nSubject: Renewal\r\n"
    b"Message-ID: <p@acme.example>\r\n\r\nHi\r\n"
)


@pytest.fixture(autouse=True)
def own_blobs(settings: Any, tmp_path: Any) -> None:
    settings.BLOB_DIR = tmp_path / "blobs"


def mail_in(account: MailAccount) -> Email:
    email = make_thread(account, "Renewal").emails.get()
    email.blob = blobs.store(account.pk, RAW)
    email.save()
    Thread.objects.update(visibility=ThreadVisibility.SHARED)
    return email


def new_draft(user: User, **changes: Any) -> Draft:
    draft = drafts.start_new(by=user, start=drafts.Start(to=(("Ada", "ada@acme.example"),)))
    return drafts.save(draft, version=1, **{"subject": "Offer", "html": "<p>Hi</p>", **changes})


# --- Who sees it -----------------------------------------------------------------------------


def settle(draft: Draft, user: User, thread: Thread) -> str:
    submission = compose.send(draft, by=user, version=draft.version)
    compose.settle_sent(submission.pk, thread_id=thread.pk)
    thread.refresh_from_db()
    return thread.visibility


def test_an_answer_leaves_the_conversation_as_it_is(account, alice):
    email = mail_in(account)
    draft = answering.start_answer(email, kind=DraftKind.REPLY, by=alice)
    assert draft.visibility == ""
    # Made private while the answer was written: the answer opens nothing again.
    Thread.objects.update(visibility=ThreadVisibility.PRIVATE)
    draft = drafts.save(draft, version=1, html="<p>Yes</p>")
    assert settle(draft, alice, email.thread) == ThreadVisibility.PRIVATE


def test_an_answer_can_make_the_conversation_private(account, alice):
    email = mail_in(account)
    draft = answering.start_answer(email, kind=DraftKind.REPLY, by=alice)
    draft = drafts.save(draft, version=1, visibility=ThreadVisibility.PRIVATE)
    assert settle(draft, alice, email.thread) == ThreadVisibility.PRIVATE


def test_team_only_is_for_teams(account, alice):
    email = mail_in(account)
    draft = answering.start_answer(email, kind=DraftKind.REPLY, by=alice)
    draft = drafts.save(draft, version=1, visibility=ThreadVisibility.TEAM)
    assert settle(draft, alice, email.thread) == ThreadVisibility.SHARED


def test_a_forward_stays_as_its_conversation_is(account, alice, bob):
    """It stands there. What a colleague forwards begins a conversation of his own account."""
    email = mail_in(account)
    draft = answering.answer_to(email, kind=DraftKind.FORWARD, by=alice)
    assert draft.visibility == ""
    make_account(bob, default_visibility=ThreadVisibility.PRIVATE)
    draft = answering.answer_to(email, kind=DraftKind.FORWARD, by=bob)
    assert draft.visibility == ThreadVisibility.PRIVATE


def test_the_window_offers_what_the_account_has(signed_in, alice, account):
    email = mail_in(account)
    client = signed_in.as_(alice)
    page = client.get(reverse("inbox:answer", args=[email.key, "reply"])).content.decode()
    assert "Shared, as it is" in page
    assert '<option value="team" hidden disabled>' in page
    page = client.get(reverse("inbox:compose")).content.decode()
    assert "as it is" not in page


# --- The record ------------------------------------------------------------------------------


def test_records_are_those_of_the_recipients_and_only_visible_ones(signed_in, alice, carol):
    person = make_person(alice, "Ada Byron", "ada@acme.example")
    deal = make_deal(alice, "Engine", person=person)
    hidden = make_deal(carol, "Secret engine", person=person, visibility=ItemVisibility.OWNER)
    client = signed_in.as_(alice)
    found = client.get(reverse("inbox:compose_records"), {"to": "Ada <ada@acme.example>"})
    page = found.content.decode()
    assert f"deal:{deal.pk}" in page
    assert f"person:{person.pk}" in page
    assert f"deal:{hidden.pk}" not in page
    found = client.get(reverse("inbox:compose_records"), {"q": "engine"}).content.decode()
    assert f"deal:{deal.pk}" in found
    assert "Secret" not in found


def test_the_chosen_record_is_linked_when_the_mail_is_sent(signed_in, alice, account):
    deal = make_deal(alice, "Engine")
    signed_in.as_(alice).post(
        reverse("inbox:compose"),
        {
            "act": "save",
            "account": account.key,
            "to": "ada@acme.example",
            "subject": "Offer",
            "content": "Hi",
            "record": f"deal:{deal.pk}",
        },
    )
    draft = Draft.objects.get()
    assert draft.deal == deal
    thread = make_thread(account, "Offer")
    settle(draft, alice, thread)
    assert [link.deal for link in thread.links.standing()] == [deal]


# --- A test to oneself -----------------------------------------------------------------------


def test_a_test_goes_to_its_writer_and_the_draft_stays(signed_in, alice, account):
    draft = new_draft(alice, bcc=[["", "boss@northwind.example"]], html="Hi {{person.name}}")
    answer = signed_in.as_(alice).post(
        reverse("inbox:compose"),
        {
            "act": "test",
            "draft": draft.key,
            "version": draft.version,
            "account": account.key,
            "to": "ada@acme.example",
            "subject": "Offer",
            "content": "Hi {{person.name}}",
        },
        headers={"HX-Request": "true"},
    )
    submission = Submission.objects.get()
    assert submission.envelope_to == ["alice@northwind.example"]
    message = stdlib_email.message_from_bytes(blobs.read(submission.blob), policy=policy.default)
    assert (message["Subject"], message["To"]) == (
        "Test: Offer",
        "Alice <alice@northwind.example>",
    )
    assert answer["HX-Reswap"] == "none"
    draft.refresh_from_db()
    assert answer["X-Draft"] == f"{draft.key} {draft.version}"
    assert draft.submission is None


def test_a_test_needs_an_account(signed_in, alice):
    answer = signed_in.as_(alice).post(
        reverse("inbox:compose"), {"act": "test", "subject": "Offer", "content": "x"}
    )
    assert answer.status_code == 422
    assert not Submission.objects.exists()


# --- Files by provider -----------------------------------------------------------------------


def test_each_provider_has_its_limit(account, alice, signed_in):
    other = make_account(alice, "second@northwind.example")
    for one, host in ((account, "smtp.gmail.com"), (other, "smtp.northwind.example")):
        ServerSettings.objects.update_or_create(
            account=one,
            direction=Direction.OUTGOING,
            defaults={"host": host, "port": 465, "security": Security.TLS, "user_name": "a"},
        )
    assert files_megabytes([account.pk, other.pk]) == {account.pk: 25, other.pk: 18}
    page = signed_in.as_(alice).get(reverse("inbox:compose")).content.decode()
    assert f'data-files-bytes="{25 * MEGABYTE}"' in page
    assert f'data-files-bytes="{18 * MEGABYTE}"' in page


# --- Signatures ------------------------------------------------------------------------------


def test_each_account_brings_its_signature(account, alice):
    other = make_account(alice, "second@northwind.example")
    usual = Signature.objects.create(owner=alice, name="All", is_for_new=True)
    special = Signature.objects.create(owner=alice, name="A", is_for_new=True, account=account)
    found = drafts.default_signatures(alice, accounts=[account, other], kind=DraftKind.NEW)
    assert found == {account.pk: special.pk, other.pk: usual.pk}
    found = drafts.default_signatures(alice, accounts=[account, other], kind=DraftKind.REPLY)
    assert found == {account.pk: None, other.pk: None}


# --- Who else writes -------------------------------------------------------------------------


@pytest.fixture
def team(alice: User, bob: User, dana: User) -> MailAccount:
    account = make_account(dana, "sales@northwind.example", scope=AccountScope.TEAM)
    account.members.add(alice, bob)
    return account


def test_a_team_sees_who_is_replying_until_he_stops(signed_in, alice, bob, team):
    thread = make_thread(team, "Renewal")
    path = reverse("inbox:thread_writers", args=[thread.key])
    assert signed_in.as_(bob).post(path).content.decode().strip() == ""
    assert f"{bob.name} is replying" in signed_in.as_(alice).get(path).content.decode()
    assert bob.name not in signed_in.as_(bob).get(path).content.decode()
    signed_in.as_(bob).post(path, {"gone": "1"})
    assert presence.others(thread, user=alice) == []


def test_a_window_that_died_is_forgotten(alice, bob, team):
    thread = make_thread(team, "Renewal")
    presence.note(thread, by=bob)
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        assert presence.others(thread, user=alice) == []
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        assert presence.forget_old() == 1


def test_a_personal_conversation_tells_nobody(alice, account):
    presence.note(make_thread(account, "Renewal"), by=alice)
    assert not Presence.objects.exists()
