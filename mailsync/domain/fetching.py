"""The two stages in which mail comes in.

Index: 500 messages become entries, each with its outcome, and the mailbox's watermark moves in
the same transaction. Content: entries that wait (`seen`) are fetched newest first, 250 to a
transaction. What waits is in the rows, so a killed process loses nothing, and a
changed choice of mail only has to set entries waiting again.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction
from django.db.models import BooleanField, F, Q
from django.db.models.expressions import RawSQL
from django.utils import timezone

from mailsync.domain import bulk
from mailsync.domain.collector import collector_paused
from mailsync.domain.filters import Choice, candidate, headers_of
from mailsync.domain.ingest import Batch, add_keywords_of_entries, ingest
from mailsync.domain.ingest_rows import Incoming
from mailsync.domain.leases import Lease
from mailsync.domain.mailboxes import places_of
from mailsync.domain.moved import entered_inbox
from mailsync.domain.news import tell_threads_changed
from mailsync.domain.subjects import key_of
from mailsync.domain.thread_figures import refresh_threads
from mailsync.domain.whole import forget_second_copy
from mailsync.enums import MailboxState, Outcome, Place
from mailsync.mime.parse import parse_header
from mailsync.models import Email, MailAccount, Mailbox, MailboxEntry
from mailsync.providers.base import Content, Indexed, MailStore, ProviderError, Reaction

if TYPE_CHECKING:
    from mailsync.mime.types import ParsedEmail

INDEX_BATCH = 500
# What a transaction costs apart from its rows is some forty statements; with so many messages it
# still holds other writers up for less than a quarter of a second.
CONTENT_BATCH = 250
CONTENT_BYTES = 16 * 1024 * 1024
PORTION = 50
PORTION_BYTES = 4 * 1024 * 1024
# Above this a message is stored without its attachments' bytes.
WHOLE_UP_TO = 25 * 1024 * 1024
# A message that the server does not give is asked for again after these pauses, then each day.
RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
RETRY_AT_LAST = timedelta(days=1)

ENTRY_COLUMNS = (
    "mailbox_id",
    "uidvalidity",
    "uid",
    "email_id",
    "outcome",
    "reason",
    "keywords",
    "places",
    "labels",
    "modseq",
    "size",
    "received_at",
    "headers",
    "attempts",
)


@dataclass(slots=True)
class Work:
    """One account's sync: what every step needs."""

    account: MailAccount
    store: MailStore
    lease: Lease
    choice: Choice


def index(work: Work, mailbox: Mailbox, uids: Sequence[int], **watermark: Any) -> int:
    """Writes entries for these UIDs and the watermark. The mailbox is open. Returns how many."""
    needs_headers = not work.choice.takes_everything or mailbox.state == MailboxState.RESYNC
    rows = list(work.store.index(uids, with_headers=needs_headers)) if uids else []
    drafts = [_Draft(row, places_of(mailbox, row.labels)) for row in rows]
    if needs_headers:
        _read_headers(work, drafts)
    for draft in drafts:
        wanted = work.choice.has_chosen(mailbox.role, draft.indexed.labels)
        if draft.outcome == Outcome.SEEN and not wanted:
            draft.outcome = Outcome.NOT_CHOSEN
        # Nobody's mail yet: it is shown to its writer alone, by the app above.
        if draft.places & Place.DRAFTS:
            draft.outcome = Outcome.DRAFT
    with transaction.atomic():
        work.lease.renew()
        _recognise(work.account, mailbox, drafts)
        bulk.insert_missing(MailboxEntry, ENTRY_COLUMNS, [draft.row(mailbox) for draft in drafts])
        for name, value in watermark.items():
            setattr(mailbox, name, value)
        if watermark:
            mailbox.save(update_fields=list(watermark))
        known = [draft.email_id for draft in drafts if draft.email_id]
        if mailbox.state == MailboxState.LIVE:
            entered_inbox(
                draft.email_id for draft in drafts if draft.email_id and draft.places & Place.INBOX
            )
        if known:
            _refresh_known(work.account, known)
    return len(rows)


class _Draft:
    """An entry to be."""

    __slots__ = ("email_id", "indexed", "outcome", "parsed", "places")

    def __init__(self, indexed: Indexed, places: int) -> None:
        self.indexed = indexed
        self.places = places
        self.outcome = Outcome.SEEN
        self.parsed: ParsedEmail | None = None
        self.email_id: int | None = None

    def row(self, mailbox: Mailbox) -> tuple[Any, ...]:
        one = self.indexed
        return (
            mailbox.pk,
            mailbox.uidvalidity or 0,
            one.uid,
            self.email_id,
            str(self.outcome),
            "",
            int(one.keywords),
            self.places,
            bulk.document(list(one.labels) or None),
            one.modseq,
            one.size,
            bulk.moment(one.received_at),
            bulk.document(self._headers()),
            0,
        )

    def _headers(self) -> dict[str, Any] | None:
        """Of what is left out, those that decided; of what was deleted, those that tell it."""
        if self.parsed is None or self.outcome in (Outcome.SEEN, Outcome.DUPLICATE):
            return None
        return headers_of(self.parsed)


def _read_headers(work: Work, drafts: Sequence[_Draft]) -> None:
    for draft in drafts:
        draft.parsed = parse_header(draft.indexed.header)
    candidates = [
        candidate(draft.parsed, draft.indexed.received_at) for draft in drafts if draft.parsed
    ]
    for draft, outcome in zip(drafts, work.choice.judge(candidates), strict=True):
        draft.outcome = outcome


def _recognise(account: MailAccount, mailbox: Mailbox, drafts: Sequence[_Draft]) -> None:
    """Finds messages that are here already and need no download.

    By the provider's own id; and, where the server numbered a mailbox anew, by Message-ID, size,
    date, sender and subject together with a row of the generation before.
    """
    ids = {d.indexed.provider_id for d in drafts if d.indexed.provider_id}
    found: dict[str, int] = {}
    for some in bulk.chunks(ids):
        found.update(
            Email.objects.filter(
                account=account, provider_id__in=some, has_content=True
            ).values_list("provider_id", "id")
        )
    for draft in drafts:
        draft.email_id = found.get(draft.indexed.provider_id)
    if mailbox.state == MailboxState.RESYNC:
        _recognise_renumbered(mailbox, [d for d in drafts if not d.email_id and d.parsed])
        _recognise_deleted(mailbox, [d for d in drafts if not d.email_id and d.parsed])
    for draft in drafts:
        if draft.email_id:
            draft.outcome = Outcome.DUPLICATE


def _recognise_deleted(mailbox: Mailbox, drafts: Sequence[_Draft]) -> None:
    """Mail that was deleted here for good stays so under its new number."""
    deleted = {
        ((headers or {}).get("message_id"), size)
        for headers, size in mailbox.entries.filter(
            email=None, outcome__in=(Outcome.STORED, Outcome.DUPLICATE), headers__isnull=False
        ).values_list("headers", "size")
    }
    for draft in drafts:
        name = draft.parsed.message_id[:998] if draft.parsed else ""
        if name and (name, draft.indexed.size) in deleted:
            draft.outcome = Outcome.STORED


def _recognise_renumbered(mailbox: Mailbox, drafts: Sequence[_Draft]) -> None:
    keys = {key_of(d.parsed.message_id) for d in drafts if d.parsed} - {0}
    known: dict[tuple[Any, ...], int] = {}
    for some in bulk.chunks(keys):
        for number, *marks in Email.objects.filter(
            account=mailbox.account_id,
            message_id_hash__in=some,
            has_content=True,
            entries__mailbox=mailbox,
        ).values_list("id", "message_id", "size", "sent_at", "from_address", "subject"):
            known[tuple(marks)] = number
    for draft in drafts:
        if draft.parsed and draft.parsed.message_id:
            one = draft.parsed
            draft.email_id = known.get(
                (
                    one.message_id[:998],
                    draft.indexed.size,
                    one.sent_at,
                    one.sender.address,
                    one.subject[:1000],
                )
            )


def _refresh_known(account: MailAccount, email_ids: list[int]) -> None:
    add_keywords_of_entries(email_ids)
    touched = set(Email.objects.filter(pk__in=email_ids).values_list("thread_id", flat=True))
    refresh_threads(touched)
    tell_threads_changed(account, touched)


# The index of what is not stored, in the words of the index, without which it is not used.
NOT_STORED = RawSQL(
    "NOT (mailsync_mailboxentry.outcome IN ('stored', 'duplicate'))",
    (),
    output_field=BooleanField(),
)


def waiting(mailbox: Mailbox) -> Any:
    """Entries whose content is still to come, newest first."""
    return (
        _all_waiting()
        .filter(mailbox=mailbox, uidvalidity=mailbox.uidvalidity or 0)
        .order_by("-uid")
    )


class _Waiting(NamedTuple):
    """An entry whose content is to come."""

    id: int
    uid: int
    email_id: int | None
    places: int
    size: int
    received_at: datetime | None
    attempts: int


def _first_waiting(mailbox: Mailbox, limit: int) -> dict[int, _Waiting]:
    rows = waiting(mailbox).values_list(*_Waiting._fields)[:limit]
    return {entry.uid: entry for entry in map(_Waiting._make, rows)}


def mailboxes_waiting(mailboxes: Iterable[Mailbox]) -> set[int]:
    """Which of these have such entries, in one question."""
    return set(
        _all_waiting()
        .filter(mailbox__in=[row.pk for row in mailboxes])
        .filter(uidvalidity=F("mailbox__uidvalidity"))
        .values_list("mailbox_id", flat=True)
        .distinct()
    )


def _all_waiting() -> Any:
    return MailboxEntry.objects.filter(
        NOT_STORED,
        Q(outcome=Outcome.SEEN)
        | Q(outcome=Outcome.FAILED, email=None, next_try_at__lte=timezone.now()),
        gone_at=None,
    )


def fetch_waiting(work: Work, mailbox: Mailbox, *, limit: int = INDEX_BATCH) -> Iterator[int]:
    """Brings waiting messages in; yields after each transaction how many came. The mailbox
    is open."""
    entries = _first_waiting(mailbox, limit)
    big = [entry for entry in entries.values() if entry.size > WHOLE_UP_TO]
    small = [uid for uid, entry in entries.items() if entry.size <= WHOLE_UP_TO]
    answered: set[int] = set()
    with collector_paused(), _writer(small) as writer:
        arriving = _portions(work.store.content(small))
        read = (
            [_incoming(entries[one.uid], one, mailbox) for one in portion if one.uid in entries]
            for portion in arriving
        )
        for batch in _batches(work, read, writer):
            batch.store()
            answered |= batch.entry_ids
            yield len(batch)
    for entry in big:
        try:
            content = work.store.text_only(entry.uid)
        except ProviderError as error:
            if error.reaction != Reaction.MESSAGE:
                raise
            continue
        answered.add(entry.id)
        item = _incoming(entry, content, mailbox)
        item.is_cut, item.size = True, entry.size
        if not ingest(work.account, [item], lease=work.lease).email_ids:
            forget_second_copy(work.account.pk, content.raw)
        yield 1
    missing = [entry for entry in entries.values() if entry.id not in answered]
    if missing:
        _note_missing(work, missing)
        yield 0


@contextmanager
def _writer(uids: Sequence[int]) -> Iterator[Executor | None]:
    """Who puts the bytes of these messages on the disk while they are read here. For a few that
    is not worth a thread."""
    if len(uids) <= PORTION:
        yield None
        return
    with ThreadPoolExecutor(1, "pack") as writer:
        yield writer


def _batches(
    work: Work, arriving: Iterator[list[Incoming]], writer: Executor | None
) -> Iterator[Batch]:
    """What arrives, read and ready to be stored. After trouble with the server comes what had
    arrived before it, so that a line that breaks each minute brings the mailbox in all the same."""
    full, batch = None, Batch(work.account, lease=work.lease, writer=writer)
    trouble: ProviderError | None = None
    while True:
        try:
            portion = next(arriving)
        except StopIteration:
            break
        except ProviderError as error:
            trouble = error
            break
        batch.read(portion)
        if full is not None:
            # Given one portion later: meanwhile its last bytes have come to the disk.
            yield full
            full = None
        if len(batch) >= CONTENT_BATCH or batch.bytes >= CONTENT_BYTES:
            full, batch = batch, Batch(work.account, lease=work.lease, writer=writer)
    yield from (last for last in (full, batch) if last)
    if trouble is not None:
        raise trouble


def _portions(contents: Iterable[Content]) -> Iterator[list[Content]]:
    """By the handful: so much is held as raw bytes at a time, and the next are on their way."""
    portion: list[Content] = []
    size = 0
    try:
        for content in contents:
            portion.append(content)
            size += len(content.raw)
            if len(portion) >= PORTION or size >= PORTION_BYTES:
                yield portion
                portion, size = [], 0
    except ProviderError:
        if portion:
            yield portion
        raise
    if portion:
        yield portion


def _incoming(entry: _Waiting, content: Content, mailbox: Mailbox) -> Incoming:
    return Incoming(
        entry_id=entry.id,
        raw=content.raw,
        keywords=int(content.keywords),
        places=places_of(mailbox, content.labels) if content.labels else entry.places,
        received_at=content.received_at or entry.received_at,
        provider_id=content.provider_id,
        provider_thread_id=content.provider_thread_id,
        was_email=entry.email_id,
        is_news=mailbox.state == MailboxState.LIVE,
    )


def _note_missing(work: Work, entries: Sequence[_Waiting]) -> None:
    """The server gave nothing for these: they were expunged meanwhile, or it failed."""
    there = set(work.store.uids())
    now = timezone.now()
    with transaction.atomic():
        work.lease.renew()
        MailboxEntry.objects.filter(
            pk__in=[entry.id for entry in entries if entry.uid not in there]
        ).update(gone_at=now)
        bulk.update(
            MailboxEntry,
            columns=("outcome", "reason", "attempts", "next_try_at"),
            rows=[
                (
                    *(str(Outcome.FAILED.value), "message_not_had", min(entry.attempts + 1, 1000)),
                    *(bulk.moment(now + _pause(entry.attempts)), entry.id),
                )
                for entry in entries
                if entry.uid in there
            ],
        )


def _pause(attempts: int) -> timedelta:
    return RETRY_AFTER[attempts] if attempts < len(RETRY_AFTER) else RETRY_AT_LAST
