"""Server time of the inbox page over many accounts: `python -m benchmarks.inbox_page [MAILS]`.

Fills an empty scratch database with conversations in 20 accounts of one user and asks for the
first page, the unread tab, a page far down and the counts through the test client. Prints the
median and the slowest of 20 requests, and the processor's part of them, which other programs on
the machine do not change. How many queries a list takes is fixed by tests.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from typing import Any

ACCOUNTS = 20
ROUNDS = 20
BATCH = 10_000


def main(mails: int) -> None:
    folder = tempfile.mkdtemp(prefix="dealpost-benchmark-")
    os.environ |= {
        "DEALPOST_DATA": folder,
        "DEALPOST_HOSTS": "testserver",
        "DJANGO_SETTINGS_MODULE": "config.settings_test",
    }
    import django

    django.setup()
    from django.core.management import call_command

    try:
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        measure(fill(mails))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fill(mails: int) -> Any:
    """One user, 20 accounts, three mails to a conversation, one in twenty unread."""
    from mailsync.models import MailAccount, Thread
    from users.models import Company, User

    Company.objects.create(pk=1, name="Northwind")
    user = User.objects.create_user("sam@northwind.example", "a long password", name="Sam")
    accounts = [
        MailAccount.objects.create(owner=user, address=f"box{n}@northwind.example")
        for n in range(ACCOUNTS)
    ]
    start = datetime(2020, 1, 1, tzinfo=UTC)
    threads = mails // 3
    for first in range(0, threads, BATCH):
        Thread.objects.bulk_create(
            Thread(
                account=accounts[number % ACCOUNTS],
                subject=f"Offer {number}",
                visibility="private",
                people=["Ada Byron"],
                preview="Thanks, two questions about the quarterly option.",
                email_count=3,
                unread_count=number % 20 == 0,
                last_email_at=start + timedelta(minutes=number),
                last_inbound_at=start + timedelta(minutes=number),
                in_inbox=number % 4 != 0,
                in_archive=number % 4 == 0,
            )
            for number in range(first, min(first + BATCH, threads))
        )
    return user


def measure(user: Any) -> None:
    from django.test import Client

    from inbox.domain.queries.lists import Cursor
    from mailsync.models import Thread

    client = Client(headers={"HX-Request": "true"})
    client.force_login(user)
    deep = Thread.objects.order_by("pk")[Thread.objects.count() // 10]
    cursor = Cursor(at=deep.last_email_at, thread_id=deep.pk).text()
    pages = {
        "first page": "/mail/inbox/",
        "unread tab": "/mail/inbox/?tab=unread",
        "nine tenths down": f"/mail/inbox/?after={cursor}",
        "all mail": "/mail/all/",
        "not linked": "/mail/inbox/?tab=unlinked",
        "counts": "/mail/counts/",
    }
    for name, path in pages.items():
        client.get(path)
        times, computing = [], []
        for _round in range(ROUNDS):
            begin, cpu = time.perf_counter(), time.process_time()
            assert client.get(path).status_code == 200
            times.append((time.perf_counter() - begin) * 1000)
            computing.append((time.process_time() - cpu) * 1000)
        print(
            f"{name:18} median {statistics.median(times):6.1f} ms  slowest {max(times):6.1f} ms  "
            f"processor {statistics.median(computing):6.1f} ms"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
