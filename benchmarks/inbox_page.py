"""Server time of the inbox page over many accounts: `python -m benchmarks.inbox_page [MAILS]`.

Fills a scratch database (SQLite, or one on the server of DATABASE_URL) with conversations in 20
accounts of one user, one in twenty unread and one in three linked, and asks for the first page,
the tabs, a page far down and the counts through the test client. Prints the median and the
slowest of 20 requests, and the processor's part of them, which other programs on the machine do
not change: with SQLite that is everything, with PostgreSQL the server's own work is beside it.
How many queries a list takes is fixed by tests.
"""

import statistics
import sys
import time
from typing import Any

from benchmarks.scratch import analyze, copies, installation, minutes

ACCOUNTS = 20
ROUNDS = 20


def main(mails: int) -> None:
    with installation():
        from django.db import connection

        begin = time.perf_counter()
        user = fill(mails)
        print(f"{connection.vendor}, {mails} mails, filled in {time.perf_counter() - begin:.0f} s")
        measure(user)


def fill(mails: int) -> Any:
    """One user, 20 accounts, three mails to a conversation."""
    from django.utils import timezone

    from crm.models import Deal, Pipeline, Stage
    from mailsync.models import MailAccount, Thread, ThreadLink
    from users.models import Company, User

    Company.objects.create(pk=1, name="Northwind")
    user = User.objects.create_user("sam@northwind.example", "a long password", name="Sam")
    accounts = [
        MailAccount.objects.create(
            owner=user, address=f"box{n}@northwind.example", last_synced_at=timezone.now()
        )
        for n in range(ACCOUNTS)
    ]
    base = Thread.objects.create(
        account=accounts[0],
        visibility="private",
        people=["Ada Byron"],
        preview="Thanks, two questions about the quarterly option.",
        email_count=3,
    )
    moment = minutes("2020-01-01")
    copies(
        base,
        mails // 3,
        account_id=f"{accounts[0].pk} + n %% {ACCOUNTS}",
        subject="'Offer ' || n",
        unread_count="CASE WHEN n / 20 %% 20 = 1 THEN 1 ELSE 0 END",
        last_email_at=moment,
        last_inbound_at=moment,
        in_inbox="n / 20 %% 4 <> 0",
        in_archive="n / 20 %% 4 = 0",
    )
    pipeline = Pipeline.objects.create(name="Sales")
    stage = Stage.objects.create(pipeline=pipeline, name="New", position=0)
    deal = Deal.objects.create(owner=user, title="Acme", pipeline=pipeline, stage=stage)
    first = Thread.objects.order_by("pk").first()
    link = ThreadLink.objects.create(thread=first, deal=deal, origin="hand")
    copies(link, mails // 9, thread_id=f"{first.pk} + 1 + 3 * n")
    analyze()
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
