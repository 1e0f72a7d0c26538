"""What an owner does with a conversation that he shares shows on no page of a colleague's.

Whether Alice has read, starred, muted or snoozed it, and where she keeps it, is hers. Bob sees a
linked deal and with it the conversation; each of his pages stays the same to the byte.
"""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from inbox.domain import triage
from inbox.enums import Act
from mailsync.domain import search_index
from mailsync.domain.thread_figures import refresh_threads
from mailsync.enums import AccountScope, Keyword, Place
from mailsync.models import AccountMember, Email, EmailBody, MailboxEntry, Thread
from sharing.enums import ThreadVisibility
from tests.accidents import without_accidents
from tests.factories.crm import make_deal
from tests.factories.mail import link, make_account, make_thread

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

HTMX = {"HX-Request": "true"}
# What is new in each answer whatever was done.
# Pages say how long ago something was, so they are all looked at in one moment.
LOOKED_AT = timezone.now() + timedelta(hours=1)
OPERATORS = [
    *("is:unread", "is:read", "is:starred", "is:muted"),
    *("in:inbox", "in:archive", "in:sent", "in:trash", "in:spam"),
]


def conversation_of(account):
    """Two mails, read and not starred, in the inbox."""
    thread = make_thread(account, "Canary", visibility=ThreadVisibility.SHARED)
    first = thread.emails.get()
    second = Email.objects.create(
        account=account, thread=thread, digest=b"2" * 32, message_id="second@acme.example",
        subject="Re: Canary", from_name="Ada Byron", from_address="ada@acme.example",
        recipients=first.recipients, sent_at=first.sent_at, preview="Second",
        received_at=first.received_at + timedelta(hours=1),
    )  # fmt: skip
    EmailBody.objects.create(email=second, text="Second")
    inbox = account.mailboxes.create(path="INBOX", role="inbox")
    for number, email in enumerate((first, second), 1):
        MailboxEntry.objects.create(
            mailbox=inbox, uid=number, uidvalidity=1, email=email, outcome="stored",
            places=Place.INBOX, keywords=Keyword.SEEN,
        )  # fmt: skip
    Email.objects.filter(thread=thread).update(keywords=Keyword.SEEN)
    refresh_threads([thread.pk])
    search_index.index_emails([first.pk, second.pk])
    thread.refresh_from_db()
    return thread


def pages_of(client, thread, deal):
    """Every page that shows the conversation to somebody who only sees it, and searches for it."""
    search = reverse("inbox:search")
    asked = {
        "page": (reverse("inbox:thread", args=[thread.key]), {}),
        "pane": (reverse("inbox:thread", args=[thread.key]), HTMX),
        "record": (reverse("inbox:record_pane", args=["deal", deal.pk]), HTMX),
        "open": (reverse("inbox:record_thread", args=["deal", deal.pk, thread.key]), HTMX),
        "timeline": (reverse("inbox:record_timeline", args=["deal", deal.pk]), HTMX),
        "found": (f"{search}?q=canary", HTMX),
        **{text: (f"{search}?q=canary+{text}", HTMX) for text in OPERATORS},
        **{f"-{text}": (f"{search}?q=canary+-{text}", HTMX) for text in OPERATORS},
    }
    pages = {}
    for name, (url, headers) in asked.items():
        with time_machine.travel(LOOKED_AT, tick=False):
            response = client.get(url, headers=headers)
        assert response.status_code == 200, name
        pages[name] = without_accidents(response.content.decode())
    return pages


DONE = [Act.UNREAD, Act.STAR, Act.MUTE, Act.SNOOZE, Act.ARCHIVE]


@pytest.mark.parametrize("act", DONE)
def test_colleague_does_not_learn_what_the_owner_did(alice, bob, account, signed_in, act):
    deal = make_deal(alice)
    thread = conversation_of(account)
    link(thread, deal=deal)
    hers, his = signed_in.as_(alice), signed_in.as_(bob)
    before, own_before = pages_of(his, thread, deal), pages_of(hers, thread, deal)
    assert "Canary" in before["found"]
    assert "Canary" in before["record"]

    until = LOOKED_AT + timedelta(days=1) if act == Act.SNOOZE else None
    assert triage.perform(act, [thread.pk], by=alice, until=until).number == 1
    # It could have been shown: its owner's pages say it.
    assert pages_of(hers, thread, deal) != own_before
    after = pages_of(his, thread, deal)
    assert {name for name in after if after[name] != before[name]} == set()


def test_mail_that_came_unread_shows_the_same_before_and_after_it_is_read(
    alice, bob, account, signed_in
):
    """Also by which messages of the conversation stand open."""
    deal = make_deal(alice)
    thread = conversation_of(account)
    link(thread, deal=deal)
    Email.objects.filter(thread=thread).update(keywords=0)
    MailboxEntry.objects.update(keywords=0)
    refresh_threads([thread.pk])
    his = signed_in.as_(bob)
    before = pages_of(his, thread, deal)
    assert pages_of(signed_in.as_(alice), thread, deal)["pane"].count("message__to") == 2
    triage.perform(Act.READ, [thread.pk], by=alice)
    assert not Thread.objects.get(pk=thread.pk).unread_count
    assert pages_of(his, thread, deal) == before
    assert before["pane"].count("message__to") == 1


def test_members_of_a_team_share_its_state(alice, bob, signed_in):
    team = make_account(alice, "sales@northwind.example", scope=AccountScope.TEAM)
    for user in (alice, bob):
        AccountMember.objects.create(account=team, user=user)
    deal = make_deal(alice)
    thread = conversation_of(team)
    link(thread, deal=deal)
    his = signed_in.as_(bob)
    before = pages_of(his, thread, deal)
    triage.perform(Act.STAR, [thread.pk], by=alice)
    after = pages_of(his, thread, deal)
    assert after["found"] != before["found"]
    assert "Canary" in after["is:starred"]


def test_minus_in_trash_does_not_open_spam(alice, account, signed_in):
    """Only who asks for Trash or Spam looks into them."""
    thread = conversation_of(account)
    Thread.objects.filter(pk=thread.pk).update(in_inbox=False, in_junk=True)
    client = signed_in.as_(alice)
    url = reverse("inbox:search")
    row = f"thread-row-{thread.key}"
    assert row in client.get(f"{url}?q=canary+in:spam").content.decode()
    assert row not in client.get(f"{url}?q=canary+-in:trash").content.decode()
