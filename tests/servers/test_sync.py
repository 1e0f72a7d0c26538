"""The engine against a real Dovecot."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mailsync.domain import journal
from mailsync.domain.accounts import Server, connect_account
from mailsync.domain.sync import sync_account
from mailsync.enums import AccountState, MailboxRole, MailboxState, Security
from mailsync.models import Email, MailAccount, MailboxEntry, Thread
from tests.factories.messages import message
from tests.servers.dovecot import PASSWORD, Dovecot, is_installed
from users.models import User

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not is_installed(), reason="Dovecot is not installed"),
]


@pytest.fixture(autouse=True)
def own_blobs(settings: Any, tmp_path: Any) -> None:
    settings.BLOB_DIR = tmp_path / "blobs"


@pytest.fixture
def mailbox_user(dovecot: Dovecot) -> str:
    return dovecot.new_user()


@pytest.fixture
def connected(
    dovecot: Dovecot, alice: User, mailbox_user: str, monkeypatch: pytest.MonkeyPatch
) -> MailAccount:
    monkeypatch.setattr("mailsync.tasks.sync_account.delay_on_commit", lambda *_: None)
    monkeypatch.setattr("mailsync.tasks.replay_changes.delay_on_commit", lambda *_: None)
    return connect_account(
        alice,
        address=mailbox_user,
        incoming=Server(
            host="127.0.0.1",
            port=dovecot.port,
            security=Security.PLAIN,
            user_name=mailbox_user,
            secret=PASSWORD,
        ),
    )


def run(account: MailAccount) -> None:
    while sync_account(account.pk).has_more:
        pass
    account.refresh_from_db()
    assert (account.state, account.error_code) == (AccountState.OK, "")


def test_first_sync_brings_every_message_once_into_threads(
    dovecot: Dovecot, connected: MailAccount, mailbox_user: str
) -> None:
    for number in range(30):
        answers = number - 1 if number % 3 else None
        dovecot.deliver(mailbox_user, message(number, to=mailbox_user, answers=answers))

    run(connected)

    assert Email.objects.count() == 30
    assert Thread.objects.count() == 10
    assert set(Thread.objects.values_list("email_count", flat=True)) == {3}
    assert all(Thread.objects.values_list("in_inbox", flat=True))
    inbox = connected.mailboxes.get(role=MailboxRole.INBOX)
    assert (inbox.state, inbox.low_uid) == (MailboxState.LIVE, 1)
    assert MailboxEntry.objects.filter(mailbox=inbox, outcome="stored").count() == 30


def test_first_sync_of_a_thousand_is_quick_to_show_and_complete(
    dovecot: Dovecot, connected: MailAccount, mailbox_user: str
) -> None:
    for number in range(1000):
        dovecot.deliver(mailbox_user, message(number, to=mailbox_user), flags="S")
    while not Email.objects.exists():
        sync_account(connected.pk, seconds=0.1)
    assert Email.objects.filter(message_id="mail999@acme.example").exists()
    assert Email.objects.count() < 1000
    run(connected)
    assert Email.objects.count() == 1000
    assert list(journal.check(connected)) == []


def test_killed_in_the_middle_every_message_is_there_once(
    dovecot: Dovecot, mailbox_user: str, tmp_path: Path
) -> None:
    """A real process and a real -9, several times over."""
    for number in range(600):
        dovecot.deliver(mailbox_user, message(number, to=mailbox_user))
    process(tmp_path, "prepare", mailbox_user, str(dovecot.port)).communicate(timeout=120)
    blobs = tmp_path / "blobs"
    kills = 0
    for _ in range(4):
        size = blob_bytes(blobs)
        running = process(tmp_path, "sync")
        until = time.monotonic() + 60
        while running.poll() is None and time.monotonic() < until:
            if blob_bytes(blobs) > size:
                running.kill()
                kills += 1
            time.sleep(0.005)
        running.communicate(timeout=10)
    assert kills >= 2
    process(tmp_path, "sync").communicate(timeout=120)
    out, _ = process(tmp_path, "report").communicate(timeout=120)
    assert json.loads(out) == {"emails": 600, "stored": 600, "error": "", "findings": []}


def process(data: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.servers.sync_process", *arguments],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "DEALPOST_DATA": str(data), "DJANGO_SETTINGS_MODULE": "config.settings"},
        stdout=subprocess.PIPE,
        text=True,
    )


def blob_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*/*.pack"))
