"""Where every mail is, what could not be read, and what was done in the mailbox."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mailsync.enums import ChangeOperation, Outcome
from mailsync.models import Mailbox, MailboxEntry, RemoteChange
from tests.factories.mail import make_thread

pytestmark = pytest.mark.django_db


@pytest.fixture
def journal(account):
    box = Mailbox.objects.create(
        account=account, path="INBOX", role="inbox", uidvalidity=1, exists_seen=5
    )
    thread = make_thread(account, "Here it is")
    MailboxEntry.objects.create(
        mailbox=box, uidvalidity=1, uid=1, email=thread.emails.get(), outcome=Outcome.STORED
    )
    MailboxEntry.objects.create(
        mailbox=box,
        uidvalidity=1,
        uid=2,
        outcome=Outcome.BLOCKED,
        headers={
            "from": "spam@x.example",
            "people": ["alice@northwind.example", "to@left.example"],
            "subject": "Buy now",
            "message_id": "b@x",
        },
    )
    return MailboxEntry.objects.create(
        mailbox=box,
        uidvalidity=1,
        uid=3,
        outcome=Outcome.FAILED,
        reason="message_unreadable",
        headers={"from": "odd@x.example", "subject": "Broken", "message_id": "c@x"},
    )


def test_figures_add_up(alice, account, journal, signed_in):
    response = signed_in.as_(alice).get(reverse("mailsync:diagnostics", args=[account.key]))
    assert response.context["totals"] == {
        "on_server": 5,
        "here": 1,
        "left_out_number": 1,
        "failed": 1,
        "to_come": 2,
    }


def test_figures_tell_of_folders_that_are_not_chosen_and_of_one_generation(
    alice, account, journal, signed_in
):
    account.mailboxes.create(path="Newsletters", is_chosen=False, exists_seen=40)
    email = MailboxEntry.objects.get(uid=1).email
    MailboxEntry.objects.create(
        mailbox=journal.mailbox, uidvalidity=0, uid=9, email=email, outcome=Outcome.STORED
    )
    response = signed_in.as_(alice).get(reverse("mailsync:diagnostics", args=[account.key]))
    totals = response.context["totals"]
    assert totals["left_out_number"] == 41
    assert "Folder not chosen: 40" in response.content.decode()
    parts = ("here", "left_out_number", "failed", "to_come")
    assert totals["on_server"] == sum(totals[name] for name in parts) == 45


@pytest.mark.parametrize("exists_seen", [None, 0, 2, 3, 50])
@pytest.mark.parametrize("is_chosen", [True, False])
def test_figures_add_up_whatever_the_server_said_last(
    alice, account, journal, signed_in, exists_seen, is_chosen
):
    """Right after an act of ours nothing is known of it; a moment later it may say less."""
    account.mailboxes.update(exists_seen=exists_seen, is_chosen=is_chosen)
    response = signed_in.as_(alice).get(reverse("mailsync:diagnostics", args=[account.key]))
    totals = response.context["totals"]
    parts = ("here", "left_out_number", "failed", "to_come")
    assert totals["on_server"] == sum(totals[name] for name in parts) == max(3, exists_seen or 0)


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("Here it is", "Here"),
        ("ada@acme.example", "Here"),
        ("spam@x.example", "Blocked address"),
        ("To@left.example", "Blocked address"),
        ("left.example", "No trace of it"),
        ("<c@x>", "Could not be read"),
        ("nowhere", "No trace of it"),
    ],
)
def test_where_is_my_mail(alice, bob, journal, signed_in, query, answer):
    url = reverse("mailsync:where")
    assert answer in signed_in.as_(alice).get(url, {"q": query}).content.decode()
    assert "No trace of it" in signed_in.as_(bob).get(url, {"q": query}).content.decode()


def test_where_is_the_mail_of_a_day(alice, journal, signed_in):
    MailboxEntry.objects.filter(uid=2).update(received_at="2026-01-05T12:00:00Z")
    client, url = signed_in.as_(alice), reverse("mailsync:where")
    page = client.get(url, {"day": "2026-01-05"}).content.decode()
    assert "Buy now" in page
    assert "Broken" not in page
    assert "No trace of it" in client.get(url, {"day": "2026-03-05"}).content.decode()
    asked = client.get(url, {"q": " ", "day": ""})
    assert (asked.status_code, asked.context["found"]) == (200, None)
    assert "or the day it arrived" in asked.content.decode()


def test_unreadable_can_be_tried_again_by_its_owner(alice, bob, journal, signed_in):
    page = reverse("mailsync:unreadable")
    assert "Broken" in signed_in.as_(alice).get(page).content.decode()
    assert "Broken" not in signed_in.as_(bob).get(page).content.decode()
    url = reverse("mailsync:try_again", args=[journal.key])
    assert signed_in.as_(bob).post(url).status_code == 404
    journal.refresh_from_db()
    assert journal.outcome == Outcome.FAILED
    signed_in.as_(alice).post(url)
    journal.refresh_from_db()
    assert journal.outcome == Outcome.SEEN


def mark_wish(account, **fields):
    entry = MailboxEntry.objects.get(uid=1)
    return RemoteChange.objects.create(
        account=account,
        entry=entry,
        email=entry.email,
        operation=ChangeOperation.KEYWORDS,
        wanted={"add": 1},
        **fields,
    )


def test_change_in_the_mailbox_is_listed_and_taken_back(alice, bob, account, journal, signed_in):
    change = mark_wish(account, made_by=alice)
    page = reverse("mailsync:changes", args=[account.key])
    assert "Here it is" in signed_in.as_(alice).get(page).content.decode()
    url = reverse("mailsync:undo_change", args=[change.key])
    assert signed_in.as_(bob).post(url).status_code == 404
    assert signed_in.as_(alice).post(url).status_code == 303
    change.refresh_from_db()
    assert change.state == "dropped"


def test_a_change_that_cannot_be_made_says_why(alice, account, journal, signed_in):
    change = mark_wish(
        account,
        state="running",
        error_code="connection_lost",
        next_try_at=timezone.now() + timedelta(minutes=4),
    )
    page = reverse("mailsync:changes", args=[account.key])
    shown = signed_in.as_(alice).get(page).content.decode()
    assert "The connection was cut." in shown
    assert "Tried again:" in shown
    assert "Take back" in shown
    RemoteChange.objects.update(state="failed", error_code="mailbox_not_opened")
    shown = signed_in.as_(alice).get(page).content.decode()
    assert "This folder cannot be opened." in shown
    assert "Tried again:" not in shown
    # What was given up is taken back already: a second time would be a wish nobody had.
    assert "Take back" not in shown
    signed_in.as_(alice).post(reverse("mailsync:undo_change", args=[change.key]))
    assert RemoteChange.objects.count() == 1
