"""From raw messages to rows: one transaction a batch, the same number of statements for any size.

Parsing and the bytes on disk come first, outside the transaction. Then one transaction writes
emails, texts, attachments, references, threads, addresses, links and the entries' outcome. Doing
a batch again does nothing: digest, provider id and entry are unique. The same content in two
mailboxes is one email; the same Message-ID with other content is two.
"""

import logging
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils import timezone

from mailsync.domain import blobs, bulk, threads
from mailsync.domain.leases import Lease
from mailsync.domain.linking import link_threads
from mailsync.domain.news import tell_threads_changed
from mailsync.domain.subjects import base_subject, key_of
from mailsync.domain.thread_figures import refresh_threads
from mailsync.domain.thread_joins import apply_merges
from mailsync.enums import Outcome, ParseState, Place
from mailsync.mime.parse import parse_many
from mailsync.mime.types import ParsedEmail, Party
from mailsync.models import (
    Attachment,
    Blob,
    Email,
    EmailBody,
    EmailReference,
    MailAccount,
    MailboxEntry,
    Thread,
    ThreadAddress,
)
from mailsync.signals import emails_stored

logger = logging.getLogger(__name__)

# How far ahead of our clock a server's may be (a Date of 2099 must not lead every list).
MAX_AHEAD = timedelta(minutes=5)
MAX_ADDRESSES = 200
MAX_ATTACHMENTS = 500
TRIES = 3

EMAIL_COLUMNS = (
    "id",
    "account_id",
    "thread_id",
    "digest",
    "provider_id",
    "message_id",
    "message_id_hash",
    "references",
    "subject",
    "subject_hash",
    "from_name",
    "from_address",
    "recipients",
    "sent_at",
    "received_at",
    "size",
    "preview",
    "keywords",
    "is_outgoing",
    "has_attachments",
    "kind",
    "parse_state",
    "parse_note",
    "has_content",
    "blob_id",
)
THREAD_COLUMNS = (
    "id",
    "account_id",
    "provider_thread_id",
    "visibility",
    "created_at",
    "subject",
    "subject_hash",
    "people",
    "preview",
    "email_count",
    "unread_count",
    "has_attachments",
    "is_flagged",
    "in_inbox",
    "in_sent",
    "in_archive",
    "in_trash",
    "in_junk",
    "possible_items",
    "placement",
)


@dataclass(slots=True)
class Incoming:
    """A message that came from a mailbox, and the entry that waits for it."""

    entry_id: int
    raw: bytes
    keywords: int
    places: int
    received_at: datetime | None
    provider_id: str = ""
    provider_thread_id: str = ""
    # Stored without its attachments' bytes; `size` is then that of the whole.
    is_cut: bool = False
    size: int = 0
    # The email that this copy belonged to already, when it is fetched once more.
    was_email: int | None = None


@dataclass(slots=True)
class Ingested:
    """What became of a batch."""

    email_ids: list[int] = field(default_factory=list)
    thread_ids: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Read:
    """A message after reading: what it says, and where it will be."""

    item: Incoming
    parsed: ParsedEmail
    received_at: datetime
    is_outgoing: bool
    email_id: int = 0
    is_new: bool = False


def ingest(account: MailAccount, items: Sequence[Incoming], *, lease: Lease) -> Ingested:
    """Stores a batch. Raises LeaseLostError when another process took the account over."""
    parsed = parse_many([item.raw for item in items])
    own = own_addresses(account)
    latest = timezone.now() + MAX_AHEAD
    reads = [
        _Read(
            item,
            one,
            received_at=min(item.received_at or one.sent_at or latest, latest),
            is_outgoing=one.sender.address in own or bool(item.places & Place.SENT),
        )
        for item, one in zip(items, parsed, strict=True)
    ]
    try:
        return _with_retries(account, reads, own=own, lease=lease)
    except OperationalError:
        raise
    except DatabaseError:
        # One message that the database refuses must not hold up its neighbours.
        return _one_by_one(account, reads, own=own, lease=lease)


def own_addresses(account: MailAccount) -> frozenset[str]:
    """The addresses that this mailbox's own mail comes from."""
    return frozenset({account.address})


def _one_by_one(
    account: MailAccount, reads: Sequence[_Read], *, own: frozenset[str], lease: Lease
) -> Ingested:
    result = Ingested()
    for read in reads:
        try:
            one = _with_retries(account, [read], own=own, lease=lease)
        except OperationalError:
            raise
        except DatabaseError as error:
            # The text of the error may hold the message's.
            logger.error(  # noqa: TRY400 -- see above
                "entry %s refused by the database: %s", read.item.entry_id, type(error).__name__
            )
            MailboxEntry.objects.filter(pk=read.item.entry_id).update(
                outcome=Outcome.FAILED, reason="internal"
            )
            continue
        result.email_ids += one.email_ids
        result.thread_ids |= one.thread_ids
    return result


def _with_retries(
    account: MailAccount, reads: Sequence[_Read], *, own: frozenset[str], lease: Lease
) -> Ingested:
    """A deadlock or a serialisation failure is the database's way to say "once more"."""
    placed = _write_bytes(account, reads)
    for attempt in range(TRIES):
        try:
            with transaction.atomic():
                lease.renew()
                return _write_rows(account, reads, placed=placed, own=own)
        except OperationalError:
            if attempt == TRIES - 1 or connection.in_atomic_block:
                raise
            time.sleep(random.uniform(0.05, 0.3) * (attempt + 1))
    raise AssertionError("unreachable")


def _write_bytes(account: MailAccount, reads: Sequence[_Read]) -> dict[bytes, blobs.Stored]:
    """Puts new content on disk. What is written and then not used is swept by compaction."""
    content = {read.parsed.digest: read.item.raw for read in reads}
    stored = set()
    for digests in bulk.chunks(content):
        stored |= {
            bytes(digest)
            for digest in Blob.objects.filter(account=account, digest__in=digests).values_list(
                "digest", flat=True
            )
        }
    fresh = [(digest, raw) for digest, raw in content.items() if digest not in stored]
    if not fresh:
        return {}
    return {place.digest: place for place in blobs.append(account.pk, fresh)}


def _write_rows(
    account: MailAccount,
    reads: Sequence[_Read],
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
    _insert_threads(account, placing, arrivals)
    apply_merges(placing.merges)
    blob_ids = _insert_blobs(account, placed, {read.parsed.digest for read in reads})
    _insert_emails(account, new, placing.thread_ids, blob_ids)
    bulk.insert_missing(
        EmailReference,
        ("account_id", "message_id_hash", "thread_id"),
        [(account.pk, key, thread) for key, thread in placing.references],
    )
    _insert_addresses(new, placing.thread_ids, own)
    _settle_entries(reads)
    _wake_snoozed(new, placing.thread_ids)
    touched = set(placing.thread_ids) | _threads_of([r.email_id for r in reads if not r.is_new])
    if len(reads) > len(new):
        add_keywords_of_entries([read.email_id for read in reads if not read.is_new])
        _restore_bytes(reads, blob_ids)
    refresh_threads(touched)
    email_ids = [read.email_id for read in new]
    if new:
        link_threads(sorted(set(placing.thread_ids)))
        emails_stored.send(sender=None, account_id=account.pk, email_ids=email_ids)
    tell_threads_changed(account, touched)
    return Ingested(email_ids, touched)


def _claim_ids(account: MailAccount, reads: Sequence[_Read]) -> list[_Read]:
    """Gives each message its email: one that is here already, or a fresh id."""
    by_digest = _emails_by_digest(account, [read.parsed.digest for read in reads])
    by_provider = _emails_by_provider_id(
        account, (r.item.provider_id for r in reads if r.item.provider_id)
    )
    sent = _sent_by_us(account, (r.parsed.message_id for r in reads if r.is_outgoing))
    new: list[_Read] = []
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


def _emails_by_digest(account: MailAccount, digests: Sequence[bytes]) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for some in bulk.chunks(set(digests)):
        found.update(
            (bytes(digest), number)
            for digest, number in Email.objects.filter(
                account=account, digest__in=some
            ).values_list("digest", "id")
            if digest is not None
        )
    return found


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


def _insert_threads(
    account: MailAccount, placing: threads.Placing, arrivals: Sequence[threads.Arrival]
) -> None:
    provider_ids = {
        thread: item.provider_thread_id
        for thread, item in zip(placing.thread_ids, arrivals, strict=True)
        if item.provider_thread_id
    }
    now = bulk.moment(timezone.now())
    bulk.insert(
        Thread,
        THREAD_COLUMNS,
        [
            (
                *(thread, account.pk, provider_ids.get(thread, ""), account.default_visibility),
                *(now, "", 0, "[]", "", 0, 0),
                *([False] * 7),
                *(0, ""),
            )
            for thread in placing.new_ids
        ],
    )


def _insert_blobs(
    account: MailAccount, placed: dict[bytes, blobs.Stored], wanted: set[bytes]
) -> dict[bytes, int]:
    bulk.insert_missing(
        Blob,
        ("account_id", "digest", "pack", "offset", "size"),
        [
            (account.pk, place.digest, place.pack, place.offset, place.size)
            for place in placed.values()
        ],
    )
    ids: dict[bytes, int] = {}
    for digests in bulk.chunks(wanted):
        for digest, number in Blob.objects.filter(account=account, digest__in=digests).values_list(
            "digest", "id"
        ):
            ids[bytes(digest)] = number
    return ids


def _insert_emails(
    account: MailAccount,
    new: Sequence[_Read],
    thread_ids: Sequence[int],
    blob_ids: dict[bytes, int],
) -> None:
    bulk.insert(
        Email,
        EMAIL_COLUMNS,
        [
            _email_row(account.pk, read, thread, blob_ids.get(read.parsed.digest))
            for read, thread in zip(new, thread_ids, strict=True)
        ],
    )
    bulk.insert(
        EmailBody,
        ("email_id", "text", "has_html"),
        [(read.email_id, read.parsed.text, read.parsed.has_html) for read in new],
    )
    bulk.insert(
        Attachment,
        ("email_id", "section", "name", "content_type", "size", "content_id", "is_inline"),
        [
            (
                *(read.email_id, part.section[:100], part.name[:255], part.content_type[:127]),
                *(part.size, part.content_id[:255], part.is_inline),
            )
            for read in new
            for part in read.parsed.attachments[:MAX_ATTACHMENTS]
        ],
    )


def _email_row(account_id: int, read: _Read, thread: int, blob: int | None) -> tuple[Any, ...]:
    parsed, item = read.parsed, read.item
    state, note = str(parsed.readability), parsed.note
    if item.is_cut and state == ParseState.COMPLETE:
        state, note = ParseState.PARTIAL, "too_big"
    return (
        read.email_id,
        account_id,
        thread,
        parsed.digest,
        item.provider_id[:255],
        parsed.message_id[:998],
        key_of(parsed.message_id),
        bulk.document(threads.bounded_references(parsed.references)),
        parsed.subject[:1000],
        key_of(base_subject(parsed.subject)[0]),
        parsed.sender.name[:200],
        parsed.sender.address,
        bulk.document(recipients_of(parsed)),
        bulk.moment(parsed.sent_at),
        bulk.moment(read.received_at),
        item.size or parsed.size,
        parsed.preview[:250],
        item.keywords,
        read.is_outgoing,
        any(not part.is_inline for part in parsed.attachments),
        str(parsed.kind),
        state,
        note[:40],
        True,
        blob,
    )


def recipients_of(parsed: ParsedEmail) -> list[list[str]]:
    """[role, name, address] of everyone but the sender, bounded."""
    roles: tuple[tuple[str, tuple[Party, ...]], ...] = (
        ("to", parsed.to),
        ("cc", parsed.cc),
        ("bcc", parsed.bcc),
        ("reply-to", parsed.reply_to),
    )
    rows = [[role, p.name[:200], p.address] for role, parties in roles for p in parties]
    return rows[:MAX_ADDRESSES]


def _restore_bytes(reads: Sequence[_Read], blob_ids: dict[bytes, int]) -> None:
    """Emails whose bytes were lost get them back when the same content comes again."""
    by_email = {read.email_id: read.parsed.digest for read in reads if not read.is_new}
    for email in Email.objects.filter(pk__in=by_email, blob=None).only("id", "digest"):
        if email.digest is not None and bytes(email.digest) == by_email[email.pk]:
            Email.objects.filter(pk=email.pk).update(blob_id=blob_ids[by_email[email.pk]])


def _insert_addresses(new: Sequence[_Read], thread_ids: Sequence[int], own: frozenset[str]) -> None:
    found: dict[tuple[int, str], str] = {}
    for read, thread in zip(new, thread_ids, strict=True):
        sender = read.parsed.sender
        people = [("from", sender.name, sender.address), *recipients_of(read.parsed)]
        for _, name, address in people:
            if address and address not in own:
                found[thread, address] = found.get((thread, address)) or name[:200]
    bulk.insert_missing(
        ThreadAddress,
        ("thread_id", "address", "name"),
        [(thread, address, name) for (thread, address), name in found.items()],
    )


def _settle_entries(reads: Sequence[_Read]) -> None:
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
        keys=("id",),
        rows=rows,
    )


def _wake_snoozed(new: Sequence[_Read], thread_ids: Sequence[int]) -> None:
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
            keys=("id",),
            rows=[(keywords, email_id) for email_id, keywords in union.items()],
        )


def _threads_of(email_ids: Iterable[int]) -> set[int]:
    rows = bulk.select("SELECT thread_id FROM mailsync_email WHERE id {among}", set(email_ids))
    return {thread for (thread,) in rows}
