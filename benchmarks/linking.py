"""Linking stored mail to a person who got an address: `python -m benchmarks.linking [MAILS]`.

Fills a scratch database with MAILS mails (100,000 unless it is said) of one account, and gives
one person the address that all of them have; with three, nine in ten and a hundredth too. Prints
how long `link_person` takes the first time and again, when there is nothing left to do, and how
much of that this process worked: the rest is the database server's, or other programs'. With
DATABASE_URL it uses that server and a database of its own there, else SQLite.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.scratch import analyze, installation

BATCH = 5_000
# address -> the share of the mails that it takes part in
SHARES = {"everywhere@acme.example": 1, "often@acme.example": 3, "rare@acme.example": 100}


def main(mails: int) -> None:
    with installation():
        from django.db import connection

        owner = fill(mails)
        analyze()
        print(f"{connection.vendor}, {mails} mails", flush=True)
        measure(owner)


def fill(mails: int) -> Any:
    """One account whose every mail is a conversation: the most rows that linking can meet."""
    from mailsync.models import Email, MailAccount, Thread, ThreadAddress
    from users.models import Company, User

    Company.objects.create(pk=1, name="Northwind")
    owner = User.objects.create_user("sam@northwind.example", "a long password", name="Sam")
    account = MailAccount.objects.create(owner=owner, address=owner.email)
    start = datetime(2020, 1, 1, tzinfo=UTC)
    for first in range(0, mails, BATCH):
        numbers = range(first, min(first + BATCH, mails))
        threads = Thread.objects.bulk_create(
            Thread(
                account=account,
                subject=f"Offer {number}",
                visibility="shared",
                email_count=1,
                last_email_at=start + timedelta(minutes=number),
                in_inbox=True,
            )
            for number in numbers
        )
        Email.objects.bulk_create(
            Email(
                account=account,
                thread=thread,
                digest=number.to_bytes(32, "big"),
                message_id=f"mail{number}@acme.example",
                subject=thread.subject,
                from_address="everywhere@acme.example",
                recipients=[["to", "", account.address]],
                received_at=thread.last_email_at,
            )
            for number, thread in zip(numbers, threads, strict=True)
        )
        ThreadAddress.objects.bulk_create(
            ThreadAddress(thread=thread, address=address)
            for number, thread in zip(numbers, threads, strict=True)
            for address, share in SHARES.items()
            if number % share == 0
        )
    return owner


def measure(owner: Any) -> None:
    from crm.models import Deal, Person, PersonEmail, Pipeline, Stage
    from mailsync.domain import link_news
    from mailsync.models import ThreadLink

    pipeline = Pipeline.objects.create(name="Sales")
    stage = Stage.objects.create(pipeline=pipeline, name="New", position=0)
    for address in reversed(SHARES):
        person = Person.objects.create(owner=owner, name=address)
        PersonEmail.objects.create(person=person, address=address, is_primary=True)
        # One open deal, older than the mail: each conversation is linked to it as well.
        deal = Deal.objects.create(
            owner=owner, title=address, pipeline=pipeline, stage=stage, person=person
        )
        Deal.objects.filter(pk=deal.pk).update(created_at=datetime(2019, 1, 1, tzinfo=UTC))
        for what in ("first", "again"):
            started, worked = time.perf_counter(), time.process_time()
            number = link_news.link_person(person.pk)
            seconds, own = time.perf_counter() - started, time.process_time() - worked
            print(
                f"{address:26} {what:6} {number:7} conversations {seconds:7.1f} s"
                f" ({own:.1f} s of this process)",
                flush=True,
            )
    print(f"{ThreadLink.objects.count()} links", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
