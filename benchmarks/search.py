"""Time of the first page of a search: `python -m benchmarks.search [MAILS]`.

Fills a scratch database (SQLite, or one on the server of DATABASE_URL) with
generated mail in 20 accounts of 20 users: bodies of 150 words by Zipf's law out of 30,000. One
mail in fifty of the others is shared and linked to a deal that everybody sees. Asks as the owner
of one account and prints, for each kind of search, median and 95th percentile over different
words, with the marking of hits, and the CPU time that this process spent (SQLite runs in it).
"""

import random
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from benchmarks.scratch import analyze, installation

ACCOUNTS = 20
VOCABULARY = 30_000
BODY = 150
BATCH = 5_000
ROUNDS = 20
SHARED_OF = 50


def main(mails: int) -> None:
    with installation():
        from django.db import connection

        begin = time.perf_counter()
        user, words = fill(mails)
        analyze()
        print(f"{connection.vendor}, {mails} mails, filled in {time.perf_counter() - begin:.0f} s")
        measure(user, words)


def fill(mails: int) -> tuple[Any, list[str]]:
    """The user who searches, and the words from the commonest to the rarest."""
    from crm.domain.defaults import make_defaults
    from crm.models import Deal, Pipeline
    from mailsync.models import MailAccount
    from users.models import Company, User

    chance = random.Random(7)
    Company.objects.create(pk=1, name="Northwind")
    make_defaults()
    users = [
        User.objects.create(email=f"user{n}@northwind.example", name=f"User {n}")
        for n in range(ACCOUNTS)
    ]
    accounts = [MailAccount.objects.create(owner=one, address=one.email) for one in users]
    pipeline = Pipeline.objects.first()
    deal = Deal.objects.create(
        owner=users[1], title="Acme", pipeline=pipeline, stage=pipeline.stages.first()
    )
    words = ["".join(chance.choices("abcdefghijklmnoprstuvwyz", k=8)) for _ in range(VOCABULARY)]
    weights = list(accumulate(1 / (rank + 1) for rank in range(VOCABULARY)))
    for first in range(0, mails, BATCH):
        numbers = range(first, min(first + BATCH, mails))
        texts = [" ".join(chance.choices(words, cum_weights=weights, k=BODY)) for _ in numbers]
        store(accounts, deal, numbers, texts)
    return users[0], words


def store(accounts: list[Any], deal: Any, numbers: range, texts: list[str]) -> None:
    """Mails with conversations of their own, and what the index has of them."""
    from django.db import transaction

    from mailsync.domain import search_index
    from mailsync.models import Email, EmailBody, Thread, ThreadLink

    start = datetime(2015, 1, 1, tzinfo=UTC)
    with transaction.atomic():
        threads = Thread.objects.bulk_create(
            Thread(
                account=accounts[number % ACCOUNTS],
                subject=text[:40],
                visibility="shared" if number % SHARED_OF == 1 else "private",
                people=["Ada Byron"],
                preview=text[:200],
                email_count=1,
                last_email_at=start + timedelta(minutes=number),
                in_inbox=True,
            )
            for number, text in zip(numbers, texts, strict=True)
        )
        emails = Email.objects.bulk_create(
            Email(
                account=thread.account,
                thread=thread,
                digest=number.to_bytes(32, "big"),
                subject=thread.subject,
                from_name=f"Person {number % 2000}",
                from_address=f"person{number % 2000}@acme.example",
                recipients=[["to", "", thread.account.address]],
                received_at=thread.last_email_at,
                preview=thread.preview,
            )
            for number, thread in zip(numbers, threads, strict=True)
        )
        EmailBody.objects.bulk_create(
            EmailBody(email=email, text=text) for email, text in zip(emails, texts, strict=True)
        )
        ThreadLink.objects.bulk_create(
            ThreadLink(thread=thread, deal=deal, origin="hand")
            for thread in threads
            if thread.visibility == "shared"
        )
        search_index.index_emails([email.pk for email in emails])


def measure(user: Any, words: list[str]) -> None:
    from inbox.domain import hits, search

    chance = random.Random(11)
    rare = lambda: chance.choice(words[20_000:])  # noqa: E731
    middling = lambda: chance.choice(words[500:2_000])  # noqa: E731
    common = lambda: chance.choice(words[:20])  # noqa: E731
    kinds = {
        "rare word": lambda: f"{rare()} ",
        "middling word": lambda: f"{middling()} ",
        "common word": lambda: f"{common()} ",
        "two words": lambda: f"{middling()} {common()} ",
        "beginning of a word": lambda: middling()[:3],
        "phrase": lambda: f'"{common()} {common()}"',
        "from: and a word": lambda: f"from:person{chance.randrange(2000)} {common()} ",
        "a word nobody wrote": lambda: f"nothing{chance.randrange(10**6)} ",
        "is:read alone": lambda: "is:read",
    }
    for name, ask in kinds.items():
        times, ours, found = [], [], 0
        search.find(user, ask())
        for _ in range(ROUNDS):
            text = ask()
            begin, spent = time.perf_counter(), time.process_time()
            page = search.find(user, text)
            hits.shown(page)
            times.append((time.perf_counter() - begin) * 1000)
            ours.append((time.process_time() - spent) * 1000)
            found += len(page.rows)
        times.sort()
        print(
            f"{name:20} median {statistics.median(times):7.1f} ms  "
            f"p95 {times[int(len(times) * 0.95)]:7.1f} ms  "
            f"our CPU {statistics.median(ours):6.1f} ms  rows {found / ROUNDS:5.1f}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500_000)
