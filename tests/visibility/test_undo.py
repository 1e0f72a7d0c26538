"""Taking an act back publishes nothing that was hidden meanwhile."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from mailsync.models import Email, EmailBody, MailAccount, Thread
from sharing.enums import ThreadVisibility
from tests.factories.crm import make_deal
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
