"""From raw messages to rows: one transaction a batch, the same number of statements for any size.

Parsing and the bytes on disk come first, outside the transaction, while more arrives. Then one transaction writes
emails, texts, attachments, references, threads, addresses, links and the entries' outcome. Doing
a batch again does nothing: digest, provider id and entry are unique. The same content in two
mailboxes is one email; the same Message-ID with other content is two.
"""

import hashlib
import logging
import random
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils import timezone

from mailsync.domain import blobs, bulk, threads
from mailsync.domain.ingest_rows import (
    Incoming,
    Reading,
    insert_blobs,
    insert_emails,
    insert_threads,
)
from mailsync.domain.leases import Lease
from mailsync.domain.linking import link_threads
from mailsync.domain.moved import entered_inbox
from mailsync.domain.news import tell_threads_changed
from mailsync.domain.thread_figures import refresh_threads
from mailsync.domain.thread_joins import apply_merges
from mailsync.enums import Outcome, Place
from mailsync.mime.parse import parse
from mailsync.models import Email, MailAccount, MailboxEntry, Thread
from mailsync.signals import emails_stored

logger = logging.getLogger(__name__)

# How far ahead of our clock a server's may be (a Date of 2099 must not lead every list).
MAX_AHEAD = timedelta(minutes=5)
TRIES = 3


@dataclass(slots=True)
class Ingested:
    """What became of a batch."""

    email_ids: list[int] = field(default_factory=list)
    thread_ids: set[int] = field(default_factory=set)


def ingest(account: MailAccount, items: Sequence[Incoming], *, lease: Lease) -> Ingested:
    """Stores a batch. Raises LeaseLostError when another process took the account over."""
    batch = Batch(account, lease=lease)
    batch.read(items)
    return batch.store()


class Batch:
    """Messages on their way in. `read` takes them as they arrive, `store` makes rows of all.

    With a `writer` the bytes go to the disk in its thread while messages are parsed here; they
    are there, and safe, before a row names them.
    """

    def __init__(
        self, account: MailAccount, *, lease: Lease, writer: Executor | None = None
    ) -> None:
        self.bytes = 0
        self._account = account
        self._lease = lease
        self._writer = writer
        self._own = own_addresses(account)
        self._reads: list[Reading] = []
        self._written: list[Future[list[blobs.Stored]]] = []
        self._placed: list[blobs.Stored] = []
        self._digests: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._reads)

    @property
    def entry_ids(self) -> set[int]:
        return {read.item.entry_id for read in self._reads}

    def read(self, items: Sequence[Incoming]) -> None:
        raws = [(hashlib.sha256(item.raw).digest(), item.raw) for item in items]
        self._write_bytes(dict(raws))
        latest = timezone.now() + MAX_AHEAD
        for item, (digest, raw) in zip(items, raws, strict=True):
            self.bytes += len(raw)
            item.raw = b""  # on its way to the disk, and read here
            parsed = parse(raw, digest)
            self._reads.append(
                Reading(
                    item,
                    parsed,
                    received_at=min(item.received_at or parsed.sent_at or latest, latest),
                    is_outgoing=parsed.sender.address in self._own
                    or bool(item.places & Place.SENT),
                )
            )

    def _write_bytes(self, content: dict[bytes, bytes]) -> None:
        """Puts new content on disk. What is written and then not used is swept by compaction."""
        stored = blobs.ids_of(self._account.pk, content.keys() - self._digests)
        fresh = [
            (digest, raw)
            for digest, raw in content.items()
            if digest not in stored and digest not in self._digests
        ]
        self._digests |= content.keys()
        if fresh and self._writer is not None:
            self._written.append(self._writer.submit(blobs.append, self._account.pk, fresh))
        elif fresh:
            self._placed += blobs.append(self._account.pk, fresh)

    def store(self) -> Ingested:
        for written in self._written:
            self._placed += written.result()
        placed = {place.digest: place for place in self._placed}
        try:
            return self._with_retries(self._reads, placed)
        except OperationalError:
            raise
        except DatabaseError:
            # One message that the database refuses must not hold up its neighbours.
            return self._one_by_one(placed)

    def _one_by_one(self, placed: dict[bytes, blobs.Stored]) -> Ingested:
        result = Ingested()
        for read in self._reads:
            digest = read.parsed.digest
            try:
                one = self._with_retries(
                    [read], {digest: placed[digest]} if digest in placed else {}
                )
            except OperationalError:
                raise
            except DatabaseError as error:
                # The text of the error may hold the message's.
                logger.error(  # noqa: TRY400 -- see above
                    "entry %s refused by the database: %s",
                    read.item.entry_id,
                    type(error).__name__,
                )
                MailboxEntry.objects.filter(pk=read.item.entry_id).update(
                    outcome=Outcome.FAILED, reason="internal"
                )
                continue
            result.email_ids += one.email_ids
            result.thread_ids |= one.thread_ids
        return result

    def _with_retries(
        self, reads: Sequence[Reading], placed: dict[bytes, blobs.Stored]
    ) -> Ingested:
        """A deadlock or a serialisation failure is the database's way to say "once more"."""
        for attempt in range(TRIES):
            try:
                with transaction.atomic():
                    self._lease.renew()
                    return _write_rows(self._account, reads, placed=placed, own=self._own)
            except OperationalError:
                if attempt == TRIES - 1 or connection.in_atomic_block:
                    raise
                time.sleep(random.uniform(0.05, 0.3) * (attempt + 1))
        raise AssertionError("unreachable")


def own_addresses(account: MailAccount) -> frozenset[str]:
    """The addresses that this mailbox's own mail comes from."""
    return frozenset({account.address})


def _write_rows(
    account: MailAccount,
    reads: Sequence[Reading],
    *,
    placed: dict[bytes, blobs.Stored],
    own: frozenset[str],
) -> Ingested:
    new = _claim_ids(account, reads)
    arrivals = [
        threads.arrival(
            read.parsed,
            at=read.received_at,
            provider_thread_id=read.item.provider_thread_id,
            own_addresses=own,
        )
        for read in new
    ]
    placing = threads.place(account.pk, arrivals, own_addresses=own)
    insert_threads(account, placing, arrivals)
    apply_merges(placing.merges)
    blob_ids = insert_blobs(account, placed, {read.parsed.digest for read in reads})
    insert_emails(account, new, arrivals, placing.thread_ids, blob_ids=blob_ids, own=own)
    _settle_entries(reads)
    _wake_snoozed(new, placing.thread_ids)
    touched = set(placing.thread_ids) | _threads_of([r.email_id for r in reads if not r.is_new])
    if len(reads) > len(new):
        add_keywords_of_entries([read.email_id for read in reads if not read.is_new])
        entered_inbox(
            read.email_id
            for read in reads
            if not read.is_new
            and read.item.is_news
            and read.item.was_email is None
            and read.item.places & Place.INBOX
        )
        _restore_bytes(reads, blob_ids)
    refresh_threads(touched)
    email_ids = [read.email_id for read in new]
    if new:
        link_threads(sorted(set(placing.thread_ids)))
        emails_stored.send(sender=None, account_id=account.pk, email_ids=email_ids)
    tell_threads_changed(account, touched)
    return Ingested(email_ids, touched)


def _claim_ids(account: MailAccount, reads: Sequence[Reading]) -> list[Reading]:
    """Gives each message its email: one that is here already, or a fresh id."""
    by_digest = _emails_by_digest(account, (read.parsed.digest for read in reads))
    by_provider = _emails_by_provider_id(
        account, (r.item.provider_id for r in reads if r.item.provider_id)
    )
    sent = _sent_by_us(account, (r.parsed.message_id for r in reads if r.is_outgoing))
    new: list[Reading] = []
    for read in reads:
        known = (
            by_digest.get(read.parsed.digest)
            or by_provider.get(read.item.provider_id)
            or (sent.get(read.parsed.message_id) if read.is_outgoing else None)
        )
        read.is_new = known is None
        if known is not None:
            read.email_id = known
            continue
        # Stands for the id to come, so that a twin in this batch finds it.
        by_digest[read.parsed.digest] = -len(new) - 1
        if read.item.provider_id:
            by_provider[read.item.provider_id] = -len(new) - 1
        new.append(read)
    ids = bulk.allocate_ids(Email, len(new))
    for read, number in zip(new, ids, strict=True):
        read.email_id = number
    for read in reads:
        if read.email_id < 0:
            read.email_id = ids[-read.email_id - 1]
    return new


def _emails_by_digest(account: MailAccount, digests: Iterable[bytes]) -> dict[bytes, int]:
    return dict(
        bulk.select_by_bytes(
            "SELECT digest, id FROM mailsync_email WHERE digest {among} AND account_id = %s",
            set(digests),
            account.pk,
        )
    )


def _emails_by_provider_id(account: MailAccount, names: Iterable[str]) -> dict[str, int]:
    return dict(
        bulk.select(
            "SELECT provider_id, id FROM mailsync_email"
            " WHERE provider_id {among} AND account_id = %s AND NOT (provider_id = '')",
            set(names),
            account.pk,
        )
    )


def _sent_by_us(account: MailAccount, message_ids: Iterable[str]) -> dict[str, int]:
    """Mail sent from here has its email already; a server may alter the copy in Sent."""
    return dict(
        bulk.select(
            "SELECT message_id, email_id FROM mailsync_submission"
            " WHERE message_id {among} AND account_id = %s AND email_id IS NOT NULL",
            {name for name in message_ids if name},
            account.pk,
        )
    )


def _restore_bytes(reads: Sequence[Reading], blob_ids: dict[bytes, int]) -> None:
    """Emails whose bytes were lost get them back when the same content comes again."""
    by_email = {read.email_id: read.parsed.digest for read in reads if not read.is_new}
    for email in Email.objects.filter(pk__in=by_email, blob=None).only("id", "digest"):
        if email.digest is not None and bytes(email.digest) == by_email[email.pk]:
            Email.objects.filter(pk=email.pk).update(blob_id=blob_ids[by_email[email.pk]])


def _settle_entries(reads: Sequence[Reading]) -> None:
    rows = []
    for read in reads:
        is_first = read.is_new or read.item.was_email == read.email_id
        outcome = Outcome.STORED if is_first else Outcome.DUPLICATE
        if is_first and read.item.is_cut:
            outcome = Outcome.TOO_BIG
        rows.append((read.email_id, str(outcome), "", read.item.keywords, None, read.item.entry_id))
    bulk.update(
        MailboxEntry,
        columns=("email_id", "outcome", "reason", "keywords", "headers"),
        rows=rows,
    )


def _wake_snoozed(new: Sequence[Reading], thread_ids: Sequence[int]) -> None:
    """New mail of somebody else brings a snoozed conversation back before its moment. Older mail
    that is only now fetched does not; nor does any, while the conversation is muted."""
    newest: dict[int, datetime] = {}
    for read, thread in zip(new, thread_ids, strict=True):
        if not read.is_outgoing:
            newest[thread] = max(read.received_at, newest.get(thread, read.received_at))
    rows = bulk.select(
        "SELECT id, last_email_at FROM mailsync_thread"
        " WHERE id {among} AND snoozed_until IS NOT NULL AND muted_at IS NULL",
        newest,
    )
    woken = [
        thread for thread, last in rows if last is None or bulk.moment_of(last) < newest[thread]
    ]
    if woken:
        Thread.objects.filter(pk__in=woken).update(snoozed_until=None)


def add_keywords_of_entries(email_ids: Iterable[int]) -> None:
    """Makes these emails' keywords the union of those of their copies."""
    for ids in bulk.chunks(sorted(set(email_ids))):
        union: dict[int, int] = {}
        for email_id, keywords in bulk.select(
            "SELECT email_id, keywords FROM mailsync_mailboxentry"
            " WHERE email_id {among} AND gone_at IS NULL",
            ids,
        ):
            union[email_id] = union.get(email_id, 0) | keywords
        bulk.update(
            Email,
            columns=("keywords",),
            rows=[(keywords, email_id) for email_id, keywords in union.items()],
        )


def _threads_of(email_ids: Iterable[int]) -> set[int]:
    rows = bulk.select("SELECT thread_id FROM mailsync_email WHERE id {among}", set(email_ids))
    return {thread for (thread,) in rows}
