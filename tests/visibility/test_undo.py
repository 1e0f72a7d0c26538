"""Taking an act back publishes nothing that was hidden meanwhile."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from mailsync.domain.linking import link_threads
from mailsync.domain.links_by_hand import unlink
from mailsync.models import Email, EmailBody, MailAccount, Thread, ThreadSeparation
from sharing.enums import ThreadVisibility
from tests.factories.crm import make_deal, make_person
from tests.factories.mail import link, make_thread

pytestmark = pytest.mark.django_db

SHARED, PRIVATE = ThreadVisibility.SHARED, ThreadVisibility.PRIVATE
HTMX = {"HX-Request": "true"}


def private_thread(account: MailAccount, subject: str) -> tuple[Thread, Email]:
    """Two mails, the second of which is to be moved."""
    thread = make_thread(account, subject, visibility=PRIVATE)
    first = thread.emails.get()
    second = Email.objects.create(
        account=account,
        thread=thread,
        digest=subject.encode().ljust(32),
        message_id=f"{subject}@acme.example",
        subject=subject,
        from_address=first.from_address,
        recipients=first.recipients,
        received_at=first.received_at,
    )
    EmailBody.objects.create(email=second, text=subject)
    return thread, second


@pytest.fixture
def shared(account: MailAccount, bob: Any) -> Thread:
    thread = make_thread(account, "Shared", visibility=SHARED)
    link(thread, deal=make_deal(bob))
    return thread


@pytest.fixture
def client(alice: Any) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def move(client: Client, thread: Thread, email: Email, to: Thread) -> str:
    """The address of its undo."""
    path = reverse("inbox:thread_move", args=[thread.key])
    answer = client.post(path, {"email": email.key, "thread": to.key}, headers=HTMX)
    text = answer.content.decode()
    return text.partition('hx-post="')[2].partition('"')[0].replace("&amp;", "&")


def test_alone_it_is_shared_again(
    client: Client, account: MailAccount, shared: Thread, bob: Any
) -> None:
    """The positive control."""
    thread, email = private_thread(account, "one")
    undo = move(client, thread, email, shared)
    shared.refresh_from_db()
    assert shared.visibility == PRIVATE
    client.post(undo, headers=HTMX)
    shared.refresh_from_db()
    assert shared.visibility == SHARED
    assert not Email.objects.visible_to(bob).filter(pk=email.pk).exists()


@pytest.mark.parametrize("whole", [False, True])
def test_private_mail_that_came_later_stays_hidden(
    client: Client, account: MailAccount, shared: Thread, bob: Any, whole: bool
) -> None:
    thread, email = private_thread(account, "one")
    other, later = private_thread(account, "two")
    undo = move(client, thread, email, shared)
    if whole:
        given = {"thread": [shared.key, other.key]}
        assert client.post(reverse("inbox:threads_merge"), given).status_code == 303
    else:
        move(client, other, later, shared)
    client.post(undo, headers=HTMX)
    shared.refresh_from_db()
    assert Email.objects.get(pk=email.pk).thread_id == thread.pk
    assert Email.objects.get(pk=later.pk).thread_id == shared.pk
    assert shared.visibility == PRIVATE
    assert not Email.objects.visible_to(bob).exists()


def hide(client: Client, thread: Thread) -> None:
    path = reverse("inbox:thread_act", args=[thread.key, "hide"])
    assert client.post(path, headers=HTMX).status_code == 200


def test_hidden_and_taken_back_it_is_shared_again(client: Client, shared: Thread) -> None:
    other = make_thread(shared.account, "Hidden with it", visibility=SHARED)
    ThreadSeparation.objects.create(first=shared, second=other)
    keys = [shared.key, other.key]
    client.post(reverse("inbox:threads_act", args=["hide"]), {"thread": keys}, headers=HTMX)
    assert set(Thread.objects.values_list("visibility", flat=True)) == {PRIVATE}
    client.post(reverse("inbox:undo_newest"), headers=HTMX)
    assert set(Thread.objects.values_list("visibility", flat=True)) == {SHARED}


@pytest.mark.parametrize("joins", ["move", "merge"])
def test_the_undo_key_after_hiding_publishes_no_mail_that_has_come_in_since(
    client: Client, shared: Thread, account: MailAccount, bob: Any, joins: str
) -> None:
    """The newest token is that of the hiding: moving and putting together have none."""
    hidden, second = private_thread(account, "Secret")
    hide(client, shared)
    if joins == "move":
        move(client, hidden, second, shared)
    else:
        keys = [shared.key, hidden.key]
        client.post(reverse("inbox:threads_merge"), {"thread": keys}, headers=HTMX)
    assert shared.emails.count() == (2 if joins == "move" else 3)
    client.post(reverse("inbox:undo_newest"), headers=HTMX)
    shared.refresh_from_db()
    assert shared.visibility == PRIVATE
    assert not Thread.objects.visible_to(bob).exists()


@pytest.mark.parametrize("kept_removed", [False, True])
def test_a_link_taken_from_one_half_shows_it_by_no_other(
    client: Client, shared: Thread, account: MailAccount, alice: Any, bob: Any, kept_removed: bool
) -> None:
    """Put together with a conversation that is still linked, and taken apart again."""
    deal = shared.links.get().deal
    assert deal is not None
    other = make_thread(account, "Other", visibility=SHARED)
    link(other, deal=deal)
    half = shared if kept_removed else other
    unlink(half.links.get(), by=alice)
    keys = [shared.key, other.key]
    answer = client.post(reverse("inbox:threads_merge"), {"thread": keys}, headers=HTMX)
    assert not Thread.objects.visible_to(bob).exists()
    undo = answer.content.decode().partition('hx-post="')[2].partition('"')[0]
    client.post(undo.replace("&amp;", "&"), headers=HTMX)
    assert Thread.objects.filter(merged_into=None).count() == 2
    assert not Thread.objects.visible_to(bob).exists()


def test_a_link_taken_away_is_made_for_no_split_off_message(
    client: Client, account: MailAccount, alice: Any, bob: Any
) -> None:
    thread, second = private_thread(account, "Removed")
    Thread.objects.filter(pk=thread.pk).update(visibility=SHARED)
    make_person(bob, "Ada", "ada@acme.example")
    link_threads([thread.pk])
    assert Thread.objects.visible_to(bob).get() == thread
    unlink(thread.links.get(), by=alice)
    path = reverse("inbox:thread_split", args=[thread.key])
    client.post(path, {"email": second.key}, headers=HTMX)
    second.refresh_from_db()
    assert second.thread_id != thread.pk
    assert not Thread.objects.visible_to(bob).exists()
