"""Trouble with real servers and real databases: two workers, new numbers, mail that goes while it
is read, a server that has had enough of us, a full disk."""

import contextlib
import importlib.util
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection

from mailsync.domain import fetching, journal
from mailsync.domain.accounts import Server, connect_account
from mailsync.domain.sync import sync_account
from mailsync.enums import AccountState, Security
from mailsync.models import Email, MailAccount
from mailsync.providers.imap import IMAPStore
from tests.factories.messages import message
from tests.servers.dovecot import PASSWORD, Dovecot, is_installed
from users.models import User

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not is_installed(), reason="Dovecot is not installed"),
]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.BLOB_DIR = tmp_path / "blobs"
    monkeypatch.setattr("mailsync.tasks.sync_account.delay_on_commit", lambda *_: None)


def connect(server: Dovecot, owner: User) -> MailAccount:
    user = server.new_user()
    incoming = Server("127.0.0.1", server.port, Security.PLAIN, user, PASSWORD)
    return connect_account(owner, address=user, incoming=incoming)


def deliver(server: Dovecot, user: str, count: int, *, first: int = 0) -> None:
    for number in range(first, first + count):
        server.deliver(user, message(number, to=user))


def run(account: MailAccount) -> None:
    while sync_account(account.pk).has_more:
        pass
    account.refresh_from_db()


def is_whole(account: MailAccount, count: int) -> bool:
    return Email.objects.count() == count and not list(journal.check(account, sample=None))


# --- Two workers ------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database of its own; empty for the SQLite file."""
    if request.param == "sqlite":
        yield ""
        return
    sys.path.insert(0, str(ROOT / "bin"))
    spec = importlib.util.spec_from_file_location("_checks", ROOT / "bin" / "_checks.py")
    assert spec
    assert spec.loader
    checks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(checks)
    sys.path.remove(str(ROOT / "bin"))
    with checks.private_postgresql() as address:
        if not address:
            pytest.skip("PostgreSQL is not installed")
        yield address


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def process(tmp_path: Path, database: str) -> Start:
    """Starts a process of an installation of its own; see sync_process."""
    environment = {
        **os.environ,
        "DEALPOST_DATA": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    environment.pop("DATABASE_URL", None)
    if database:
        environment["DATABASE_URL"] = database

    def start(*arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "tests.servers.sync_process", *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    return start


def test_two_workers_on_one_account_store_every_message_once(
    dovecot: Dovecot, process: Start
) -> None:
    user = dovecot.new_user()
    deliver(dovecot, user, 1200)
    process("prepare", user, str(dovecot.port)).communicate(timeout=120)
    workers = [process("work") for _ in range(3)]
    for one in workers:
        assert one.stdout
        assert one.stdout.readline() == "ready\n"
    for one in workers:
        assert one.stdin
        one.stdin.write("go\n")
        one.stdin.flush()
    slices = [int(one.communicate(timeout=120)[0]) for one in workers]
    assert all(one.returncode == 0 for one in workers)
    # Otherwise nothing was contended for.
    assert sum(slices) > 3
    out, _ = process("report").communicate(timeout=120)
    assert json.loads(out) == {"emails": 1200, "stored": 1200, "error": "", "findings": []}


def test_database_that_is_locked_or_cuts_its_connections_loses_nothing(
    dovecot: Dovecot, process: Start, database: str, tmp_path: Path
) -> None:
    user = dovecot.new_user()
    deliver(dovecot, user, 600)
    process("prepare", user, str(dovecot.port)).communicate(timeout=120)
    worker = process("persist")
    assert worker.stdout
    assert worker.stdin
    assert worker.stdout.readline() == "ready\n"
    worker.stdin.write("go\n")
    worker.stdin.flush()
    disturbed = 0
    while worker.poll() is None and disturbed < 6:
        disturbed += _cut_connections(database) if database else _lock(tmp_path)
    failures = int(worker.communicate(timeout=180)[0])
    assert worker.returncode == 0
    assert disturbed
    # A lock is waited for; a connection that was cut is an error, and the slice is done again.
    assert failures == 0 or database
    out, _ = process("report").communicate(timeout=120)
    assert json.loads(out) == {"emails": 600, "stored": 600, "error": "", "findings": []}


def _lock(folder: Path) -> bool:
    """Writes to the database from outside for a while."""
    with contextlib.closing(
        sqlite3.connect(folder / "dealpost.sqlite3", isolation_level=None, timeout=30)
    ) as outside:
        outside.execute("BEGIN IMMEDIATE")
        time.sleep(0.3)
        outside.execute("ROLLBACK")
    return True


def _cut_connections(database: str) -> bool:
    """As a database does that is restarted; says whether there was one."""
    with psycopg.connect(database, autocommit=True) as outside:
        rows = outside.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    time.sleep(0.2)
    return bool(rows)


# --- One worker -------------------------------------------------------------------------------


def test_renumbered_mailbox_keeps_its_emails(dovecot: Dovecot, alice: User) -> None:
    account = connect(dovecot, alice)
    deliver(dovecot, account.address, 40)
    run(account)
    before = set(Email.objects.values_list("id", flat=True))
    dovecot.bump_uidvalidity(account.address)
    deliver(dovecot, account.address, 1, first=40)
    run(account)
    assert set(Email.objects.values_list("id", flat=True)) > before
    assert account.mailboxes.get(path="INBOX").generation == 2
    assert is_whole(account, 41)


def test_mail_that_goes_between_list_and_content(
    dovecot: Dovecot, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = connect(dovecot, alice)
    deliver(dovecot, account.address, 30)
    index = fetching.index
    gone = []

    def index_and_lose(work: Any, mailbox: Any, uids: Any, **watermark: Any) -> int:
        number = index(work, mailbox, uids, **watermark)
        if uids and not gone:
            gone.extend(uids[:10])
            other = IMAPStore.connect(dovecot.address(account.address, security=Security.PLAIN))
            other.open("INBOX", writable=True)
            other.move(gone, "Trash")
            other.close()
        return number

    monkeypatch.setattr("mailsync.domain.sync.index", index_and_lose)
    run(account)
    assert gone
    run(account)
    assert account.error_code == ""
    assert is_whole(account, 30)


def test_server_that_has_had_enough_is_left_alone_until_it_has_not(
    alice: User, loopback_allowed: None
) -> None:
    with Dovecot(connections=1) as server:
        account = connect(server, alice)
        deliver(server, account.address, 3)
        other = IMAPStore.connect(server.address(account.address, security=Security.PLAIN))
        run(account)
        assert account.state == AccountState.THROTTLED
        assert account.throttled_until is not None
        other.close()
        run(account)
        assert (account.state, account.error_code) == (AccountState.OK, "")
        assert is_whole(account, 3)


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="a limit of SQLite's")
def test_full_disk_loses_nothing(dovecot: Dovecot, alice: User) -> None:
    account = connect(dovecot, alice)
    deliver(dovecot, account.address, 400)
    with connection.cursor() as cursor:
        # Pages that other tests have left free would be room after all.
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA page_count")
        pages = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages + 60}")
    try:
        with pytest.raises(OperationalError, match="full"):
            run(account)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 1073741823")
    assert Email.objects.count() < 400
    run(account)
    assert (account.state, account.error_code) == (AccountState.OK, "")
    assert is_whole(account, 400)


def test_little_room_stops_the_intake_until_there_is_more(
    dovecot: Dovecot, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = connect(dovecot, alice)
    deliver(dovecot, account.address, 3)
    monkeypatch.setattr("mailsync.domain.blobs.RESERVE_BYTES", 1 << 62)
    run(account)
    assert (account.state, Email.objects.count()) == (AccountState.DISK_FULL, 0)
    monkeypatch.setattr("mailsync.domain.blobs.RESERVE_BYTES", 1)
    run(account)
    assert account.state == AccountState.OK
    assert is_whole(account, 3)
