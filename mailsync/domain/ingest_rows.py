"""The rows that a batch of messages becomes. Called inside the transaction of `ingest`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from mailsync.domain import blobs, bulk, search_index, threads
from mailsync.domain.threads import Arrival
from mailsync.enums import ParseState
from mailsync.mime.types import ParsedEmail, Party
from mailsync.models import (
    Attachment,
    Blob,
    Email,
    EmailBody,
    EmailReference,
    MailAccount,
    Thread,
    ThreadAddress,
)

MAX_ADDRESSES = 200
MAX_ATTACHMENTS = 500

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
    # It came into a mailbox that was up to date, so that its place there is news.
    is_news: bool = False


@dataclass(slots=True)
class Reading:
    """A message after reading: what it says, and where it will be."""

    item: Incoming
    parsed: ParsedEmail
    received_at: datetime
    is_outgoing: bool
    email_id: int = 0
    is_new: bool = False


def insert_threads(
    account: MailAccount, placing: threads.Placing, arrivals: Sequence[Arrival]
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
    bulk.insert_missing(
        EmailReference,
        ("account_id", "message_id_hash", "thread_id"),
        [(account.pk, key, thread) for key, thread in placing.references],
    )


def insert_blobs(
    account: MailAccount, placed: dict[bytes, blobs.Stored], wanted: Iterable[bytes]
) -> dict[bytes, int]:
    """Rows for the stretches that were written. Gives the blobs of all wanted digests."""
    bulk.insert_missing(
        Blob,
        ("account_id", "digest", "pack", "offset", "size"),
        [
            (account.pk, place.digest, place.pack, place.offset, place.size)
            for place in placed.values()
        ],
    )
    return blobs.ids_of(account.pk, wanted)


def insert_emails(
    account: MailAccount,
    new: Sequence[Reading],
    arrivals: Sequence[Arrival],
    thread_ids: Sequence[int],
    *,
    blob_ids: dict[bytes, int],
    own: frozenset[str],
) -> None:
    """Emails, their texts and files, and their words for the search."""
    people = [recipients_of(read.parsed) for read in new]
    bulk.insert(
        Email,
        EMAIL_COLUMNS,
        [
            _email_row(
                account.pk,
                read,
                arrival,
                thread,
                recipients=recipients,
                blob=blob_ids.get(read.parsed.digest),
            )
            for read, arrival, thread, recipients in zip(
                new, arrivals, thread_ids, people, strict=True
            )
        ],
    )
    bulk.insert(
        EmailBody,
        ("email_id", "text", "has_html"),
        [(read.email_id, read.parsed.text, read.parsed.has_html) for read in new],
    )
    insert_attachments([(read.email_id, read.parsed) for read in new])
    search_index.add(
        search_index.document(
            read.email_id,
            account.pk,
            subject=read.parsed.subject[:1000],
            sender=f"{read.parsed.sender.name[:200]} {read.parsed.sender.address}",
            recipients=recipients,
            received_at=read.received_at,
            text=read.parsed.text,
            files=[part.name[:255] for part in read.parsed.attachments[:MAX_ATTACHMENTS]],
        )
        for read, recipients in zip(new, people, strict=True)
    )
    _insert_addresses(new, people, thread_ids, own)


def insert_attachments(read: Iterable[tuple[int, ParsedEmail]]) -> None:
    """Rows for the files of these emails, by the emails' keys."""
    bulk.insert(
        Attachment,
        ("email_id", "section", "name", "content_type", "size", "content_id", "is_inline"),
        [
            (
                *(email_id, part.section[:100], part.name[:255], part.content_type[:127]),
                *(part.size, part.content_id[:255], part.is_inline),
            )
            for email_id, parsed in read
            for part in parsed.attachments[:MAX_ATTACHMENTS]
        ],
    )


def _email_row(
    account_id: int,
    read: Reading,
    arrival: Arrival,
    thread: int,
    *,
    recipients: list[list[str]],
    blob: int | None,
) -> tuple[Any, ...]:
    parsed, item = read.parsed, read.item
    state, note = str(parsed.readability), parsed.note
    if item.is_cut and state != ParseState.UNREADABLE:
        state, note = ParseState.PARTIAL, "too_big"
    return (
        read.email_id,
        account_id,
        thread,
        parsed.digest,
        item.provider_id[:255],
        parsed.message_id[:998],
        arrival.own,
        bulk.document(arrival.references),
        parsed.subject[:1000],
        arrival.subject_key,
        parsed.sender.name[:200],
        parsed.sender.address,
        bulk.document(recipients),
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


def _insert_addresses(
    new: Sequence[Reading],
    people: Sequence[list[list[str]]],
    thread_ids: Sequence[int],
    own: frozenset[str],
) -> None:
    found: dict[tuple[int, str], str] = {}
    for read, recipients, thread in zip(new, people, thread_ids, strict=True):
        sender = read.parsed.sender
        for _, name, address in (("from", sender.name[:200], sender.address), *recipients):
            if address and address not in own:
                found[thread, address] = found.get((thread, address)) or name
    bulk.insert_missing(
        ThreadAddress,
        ("thread_id", "address", "name"),
        [(thread, address, name) for (thread, address), name in found.items()],
    )
