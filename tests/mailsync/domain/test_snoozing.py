"""Conversations that wait for their moment, and those that nobody wants to hear of."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from inbox.domain import triage
from inbox.enums import Act
from mailsync.domain import mirror
from mailsync.domain.snoozing import wake_snoozed
from mailsync.models import MailAccount, Thread
from tests.factories.messages import message
from tests.fakes.store import FakeServer
from users.models import User

pytestmark = pytest.mark.django_db

ME = "alice@northwind.example"
ALL = f"{ME}, bob@northwind.example"


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(
        "mailsync.domain.news.live.ring", lambda _users, name, *_: names.append(name)
    )
    return names


@pytest.fixture
def thread(account: MailAccount, server: FakeServer, run: Any) -> Thread:
    server.now = timezone.now() - timedelta(hours=1)
    server.deliver(message(0, to=ME))
    run(account)
    return Thread.objects.get()


def put(thread: Thread, **values: Any) -> None:
    Thread.objects.filter(pk=thread.pk).update(**values)


def test_snoozed_comes_back_at_its_moment_and_browsers_hear_of_it(
    thread: Thread, rung: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    put(thread, snoozed_until=timezone.now() + timedelta(minutes=1))
    assert wake_snoozed() == 0
    put(thread, snoozed_until=timezone.now() - timedelta(seconds=1))
    assert wake_snoozed() == 1
    thread.refresh_from_db()
    assert thread.snoozed_until is None
    assert rung == ["mail-changed"]
    assert wake_snoozed() == 0


def test_new_mail_brings_a_snoozed_conversation_back(
    thread: Thread, account: MailAccount, server: FakeServer, run: Any
) -> None:
    put(thread, snoozed_until=timezone.now() + timedelta(days=1))
    server.deliver(message(1, to=ME, answers=0))
    run(account)
    thread.refresh_from_db()
    assert (thread.email_count, thread.snoozed_until) == (2, None)


def test_older_mail_and_our_own_answer_do_not(
    thread: Thread, account: MailAccount, server: FakeServer, run: Any
) -> None:
    until = timezone.now() + timedelta(days=1)
    put(thread, snoozed_until=until)
    server.deliver(message(1, to=ME, answers=0), received_at=server.now - timedelta(days=3))
    server.deliver(message(2, to="ada@acme.example", sender=ME, answers=0), mailbox="Sent")
    run(account)
    thread.refresh_from_db()
    assert (thread.email_count, thread.snoozed_until) == (3, until)


@pytest.mark.parametrize(
    ("to", "comes_back"), [(ALL, False), (ME, True)], ids=["to many", "to us alone"]
)
def test_muted_comes_back_only_for_mail_to_us_alone(
    thread: Thread,
    account: MailAccount,
    server: FakeServer,
    run: Any,
    alice: Any,
    to: str,
    comes_back: bool,
) -> None:
    mirror.archive_threads(Thread.objects.filter(pk=thread.pk), by=alice)
    put(thread, muted_at=timezone.now())
    server.now = timezone.now() + timedelta(seconds=1)
    server.deliver(message(1, to=to, answers=0))
    run(account)
    thread.refresh_from_db()
    assert (thread.email_count, thread.in_inbox) == (2, comes_back)
    assert thread.in_archive is not comes_back


def test_muting_leaves_in_the_inbox_what_is_there(
    thread: Thread, account: MailAccount, server: FakeServer, run: Any
) -> None:
    put(thread, muted_at=timezone.now())
    server.deliver(message(1, to=ALL, answers=0))
    run(account)
    thread.refresh_from_db()
    assert thread.in_inbox


def test_unmuted_it_comes_back_with_what_came_meanwhile(
    thread: Thread, account: MailAccount, server: FakeServer, run: Any, alice: User
) -> None:
    put(thread, muted_at=server.now, placement="archive", placed_at=server.now)
    server.now += timedelta(minutes=1)
    server.deliver(message(1, to=ALL, answers=0))
    run(account)
    thread.refresh_from_db()
    assert not thread.in_inbox
    triage.perform(Act.UNMUTE, [thread.pk], by=alice)
    thread.refresh_from_db()
    assert thread.in_inbox
    assert not thread.in_archive
