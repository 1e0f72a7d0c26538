"""First sync, no-op rounds and a flag storm, against mbsync and plain fetching in one run.

    .venv/bin/python -m benchmarks.sync --messages 10000 [--processes 1 2] [--database URL]
    .venv/bin/python -m benchmarks.sync --messages 50000 --processes 1 --folders 20

Starts a private Dovecot on loopback and fills it with generated mail. Every contender works on
the same mailbox, one after another; what counts is the ratio to mbsync in the same run, because
rates change with the machine. Of our process it prints the processor time and the peak of memory,
the milliseconds to the first conversation, and rounds without news: with CONDSTORE, without it,
and without it when all marks are compared, as every ten minutes. Needs dovecot and mbsync; needs no settings and leaves nothing.
"""

import argparse
import base64
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("INBOX", "Sent", "Archive")
WORDS = [
    "offer",
    "invoice",
    "contract",
    "price",
    "meeting",
    "call",
    "delivery",
    "order",
    "project",
    "team",
    "budget",
    "demo",
    "product",
    "service",
    "question",
    "answer",
    "please",
    "thanks",
    "regards",
    "quote",
    "schedule",
    "review",
    "customer",
    "partner",
    "sign",
    "the",
    "and",
    "for",
    "with",
    "that",
    "this",
    "from",
    "have",
    "will",
    "your",
    "next",
    "week",
    "month",
    "attached",
    "below",
    "above",
]
MBSYNCRC = """
FSync no

IMAPAccount a
Host 127.0.0.1
Port {port}
User {user}
Pass {password}
SSLType None
AuthMechs LOGIN

IMAPStore far
Account a

MaildirStore near
Path {root}/
Inbox {root}/INBOX
SubFolders Verbatim

Channel c
Far :far:
Near :near:
Patterns *
Create Near
Sync Pull
SyncState *
CopyArrivalDate yes
"""


class Generator:
    """Mail of a sales person: 22 % plain, 66 % with HTML of 5-60 KB, 12 % with attachments."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.at = datetime(2026, 1, 1, tzinfo=UTC)
        self.threads: list[tuple[str, list[str], int]] = []
        self.number = 0

    def words(self, count: int) -> str:
        return " ".join(self.random.choices(WORDS, k=count))

    def message(self, owner: str) -> tuple[str, bytes]:
        """(folder, bytes) of the next message, oldest first."""
        self.number += 1
        self.at += timedelta(minutes=self.random.randint(1, 30))
        mail = EmailMessage()
        message_id = f"<{self.number}.{self.random.getrandbits(40):x}@mail.example>"
        answers = self.threads and self.random.random() < 0.7
        if answers:
            subject, ids, customer = self.random.choice(self.threads[-200:])
            mail["Subject"] = f"Re: {subject}"
            mail["In-Reply-To"] = ids[-1]
            mail["References"] = " ".join(ids[-12:])
            ids.append(message_id)
        else:
            subject, customer = self.words(4), self.random.randint(0, 400)
            self.threads.append((subject, [message_id], customer))
            mail["Subject"] = subject
        them, us = f"Person {customer} <person{customer}@acme.example>", f"Sales <{owner}>"
        is_ours = self.random.random() < 0.3
        mail["From"], mail["To"] = (us, them) if is_ours else (them, us)
        mail["Date"] = format_datetime(self.at)
        mail["Message-ID"] = message_id
        mail.set_content(self.words(self.random.randint(30, 300)))
        if self.random.random() > 0.22:
            mail.add_alternative(self.html(), subtype="html")
        if self.random.random() < 0.12:
            data = base64.b85encode(self.random.randbytes(self.random.randint(20_000, 300_000)))
            mail.add_attachment(data, maintype="application", subtype="pdf", filename="offer.pdf")
        folder = "Sent" if is_ours else ("INBOX" if self.random.random() < 0.7 else "Archive")
        return folder, mail.as_bytes()

    def spread(self, folder: str, folders: int) -> str:
        """Most of what is filed goes to folders of projects, where there are more than three."""
        more = folders - len(FOLDERS)
        number = self.random.randint(0, more) if folder != "Sent" and more > 0 else 0
        return f"Project {number}" if number else folder

    def html(self) -> str:
        rows = "".join(
            f'<tr><td style="padding:4px;color:#333">{self.words(12)}</td></tr>'
            for _ in range(self.random.randint(40, 500))
        )
        return f"<html><body><table>{rows}</table></body></html>"


def fill(server, user: str, count: int, seed: int, *, folders: int = len(FOLDERS)) -> int:
    maker = Generator(seed)
    size = 0
    for _ in range(count):
        folder, raw = maker.message(user)
        size += len(raw)
        server.deliver(user, raw, mailbox=maker.spread(folder, folders), flags="S")
    return size


def child(user: str, port: int) -> None:
    """One process of ours: connects the account, syncs it, then does rounds without news."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.conf import settings
    from django.db import connection

    settings.ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    settings.MAIL_PORTS = range(1, 65536)
    settings.CELERY_TASK_ALWAYS_EAGER = True
    from mailsync import tasks
    from mailsync.domain.accounts import Server, connect_account
    from mailsync.domain.sync import sync_account
    from mailsync.models import Email, Mailbox
    from mailsync.signals import threads_changed
    from tests.servers.dovecot import PASSWORD
    from users.models import User

    for task in (tasks.sync_account, tasks.replay_changes):
        task.delay_on_commit = lambda *_: None
    owner = User.objects.create_user(user, "not a password", name=user)
    account = connect_account(
        owner, address=user, incoming=Server("127.0.0.1", port, "plain", user, PASSWORD)
    )
    print("ready", flush=True)
    sys.stdin.readline()
    shown: list[float] = []

    def note_first(**_: object) -> None:
        if not shown:
            shown.append(time.perf_counter())

    threads_changed.connect(note_first)
    started, cpu = time.perf_counter(), time.process_time()
    while sync_account(account.pk).has_more:
        pass
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    count = Email.objects.filter(account=account).count()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    account.refresh_from_db()
    print(
        json.dumps(
            {
                "messages": count,
                "wall": wall,
                "cpu": cpu,
                "peak_mb": peak,
                "first_ms": (shown[0] - started) * 1000 if shown else 0.0,
                "error": account.error_code,
                "noop": noop(account.pk, sync_account),
                "bare": bare_rounds(account, sync_account),
            }
        ),
        flush=True,
    )
    sys.stdin.readline()
    started, cpu = time.perf_counter(), time.process_time()
    sync_account(account.pk)
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    seen = Email.objects.filter(account=account, keywords__gte=2).count()
    mailboxes = Mailbox.objects.filter(account=account).count()
    print(
        json.dumps({"wall": wall, "cpu": cpu, "marked": seen, "mailboxes": mailboxes}), flush=True
    )
    connection.close()


def noop(account_id: int, sync_account) -> dict[str, float]:
    """The median round without news on the connection that a worker keeps; the first of them
    connects."""
    walls, cpus = [], []
    for _ in range(7):
        started, cpu = time.perf_counter(), time.process_time()
        sync_account(account_id)
        walls.append(time.perf_counter() - started)
        cpus.append(time.process_time() - cpu)
    return {"wall_ms": sorted(walls)[3] * 1000, "cpu_ms": sorted(cpus)[3] * 1000}


def bare_rounds(account, sync_account) -> dict[str, float]:
    """Processor time of rounds without news where the server has no CONDSTORE: the ordinary one,
    and the one every ten minutes that compares the marks of all messages."""
    from mailsync.models import Mailbox

    account.refresh_from_db()
    account.quirks["without"] = ["CONDSTORE", "QRESYNC"]
    account.save()
    sync_account(account.pk)
    ordinary = noop(account.pk, sync_account)["cpu_ms"]
    cpus = []
    for _ in range(3):
        Mailbox.objects.filter(account=account).update(last_full_at=None)
        cpu = time.process_time()
        sync_account(account.pk)
        cpus.append(time.process_time() - cpu)
    account.refresh_from_db()
    del account.quirks["without"]
    account.save()
    sync_account(account.pk)
    return {"noop_cpu_ms": ordinary, "marks_cpu_ms": sorted(cpus)[1] * 1000}


def ours(server, users: list[str], database: str) -> dict[str, float]:
    scratch = Path(tempfile.mkdtemp(prefix="dealpost-bench-"))
    environment = {
        # Not those of the tests, which this process has: they keep no connection between rounds.
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEALPOST_DATA": str(scratch),
        "DEALPOST_SECRET_KEY": "bench",
    }
    if database:
        environment["DATABASE_URL"] = database
    try:
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        if database:
            empty(database)
        subprocess.run(migrate, cwd=ROOT, env={**os.environ, **environment}, check=True)
        processes = []
        for user in users:
            process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.sync", "--child", user, str(server.port)],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            process.stdout.readline()
            processes.append(process)
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        results = [json.loads(process.stdout.readline()) for process in processes]
        wall = max(result["wall"] for result in results)
        storm(server, users)
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        storms = [json.loads(process.stdout.readline()) for process in processes]
        for process in processes:
            process.wait(30)
        count = sum(result["messages"] for result in results)
        cpu = sum(result["cpu"] for result in results)
        return {
            "messages": count,
            "rate": count / wall,
            "cpu_us": cpu / max(count, 1) * 1e6,
            "peak_mb": max(result["peak_mb"] for result in results),
            "first_ms": max(result["first_ms"] for result in results),
            "noop_cpu_ms": results[0]["noop"]["cpu_ms"],
            "noop_wall_ms": results[0]["noop"]["wall_ms"],
            "bare_noop_cpu_ms": results[0]["bare"]["noop_cpu_ms"],
            "bare_marks_cpu_ms": results[0]["bare"]["marks_cpu_ms"],
            "storm_ms": max(one["wall"] for one in storms) * 1000,
            "storm_marked": sum(one["marked"] for one in storms),
            "errors": [result["error"] for result in results if result["error"]],
        }
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def empty(database: str) -> None:
    """Takes everything out of the PostgreSQL database: `flush` knows no tables but the models'."""
    import psycopg

    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def storm(server, users: list[str]) -> None:
    """Another program flags 1,000 messages of INBOX."""
    from mailsync.providers.base import Keyword

    for user in users:
        store = connect(server, user)
        store.open("INBOX", writable=True)
        store.set_keywords(store.uids()[:1000], add=Keyword.FLAGGED)
        store.close()


def unstorm(server, users: list[str]) -> None:
    from mailsync.providers.base import Keyword

    for user in users:
        store = connect(server, user)
        store.open("INBOX", writable=True)
        store.set_keywords(store.uids()[:1000], remove=Keyword.FLAGGED)
        store.close()


def connect(server, user: str):
    from mailsync.enums import Security
    from mailsync.providers.imap import IMAPStore

    return IMAPStore.connect(server.address(user, security=Security.PLAIN))


def raw_fetch(server, users: list[str]) -> dict[str, float]:
    """Every byte over the wire and away: what the server and our wire code can give."""
    started, cpu, count = time.perf_counter(), time.process_time(), 0
    for user in users:
        store = connect(server, user)
        for folder in store.mailboxes():
            store.open(folder.path)
            count += sum(1 for _ in store.content(store.uids()))
        store.close()
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    return {"messages": count, "rate": count / wall, "cpu_us": cpu / count * 1e6}


def mbsync(server, users: list[str]) -> dict[str, float]:
    from tests.servers.dovecot import PASSWORD

    wall = cpu = noop_wall = noop_cpu = 0.0
    count = 0
    for user in users:
        root = Path(tempfile.mkdtemp(prefix="dealpost-mbsync-"))
        rc = root / "rc"
        rc.write_text(MBSYNCRC.format(port=server.port, user=user, password=PASSWORD, root=root))
        for is_noop in (False, True):
            before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            subprocess.run(["mbsync", "-q", "-c", str(rc), "c"], check=True)
            took = time.perf_counter() - started
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            if is_noop:
                noop_wall, noop_cpu = noop_wall + took, noop_cpu + used
            else:
                wall, cpu = wall + took, cpu + used
        count += sum(1 for path in root.glob("*/cur/*")) + sum(1 for path in root.glob("*/new/*"))
        shutil.rmtree(root)
    return {
        "messages": count,
        "rate": count / wall,
        "cpu_us": cpu / count * 1e6,
        "noop_wall_ms": noop_wall * 1000,
        "noop_cpu_ms": noop_cpu * 1000,
    }


def show(name: str, result: dict[str, float], base: float) -> None:
    figures = {k: round(v, 1) if isinstance(v, float) else v for k, v in result.items()}
    load = os.getloadavg()[0]
    print(
        f"{name:24} {result['rate'] / base:5.2f} x mbsync, load {load:.1f}  {figures}", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--folders", type=int, default=len(FOLDERS))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument(
        "--database", default="", help="a PostgreSQL URL, whose database is emptied; SQLite without"
    )
    parser.add_argument("--child", nargs=2, metavar=("USER", "PORT"))
    options = parser.parse_args()
    if options.child:
        child(options.child[0], int(options.child[1]))
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")
    import django

    django.setup()
    from django.conf import settings

    settings.ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    settings.MAIL_PORTS = range(1, 65536)
    from tests.servers.dovecot import Dovecot

    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores", flush=True)
    with Dovecot() as server:
        halves = {}
        for count in options.processes:
            users = [server.new_user() for _ in range(count)]
            size = sum(
                fill(server, user, options.messages // count, seed, folders=options.folders)
                for seed, user in enumerate(users)
            )
            halves[count] = users
            print(f"{count} mailbox(es): {options.messages} messages, {size >> 20} MB", flush=True)
        for _ in range(options.rounds):
            for count, users in halves.items():
                raw_fetch(server, users)  # warms the server's caches for everyone alike
                peer = mbsync(server, users)
                show(f"mbsync, {count} mailboxes", peer, peer["rate"])
                show("fetch alone", raw_fetch(server, users), peer["rate"])
                show(
                    f"dealpost, {count} process(es)",
                    ours(server, users, options.database),
                    peer["rate"],
                )
                unstorm(server, users)


if __name__ == "__main__":
    main()
