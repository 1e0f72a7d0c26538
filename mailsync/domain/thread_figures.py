"""The copies on a thread's row of what its emails say: figures, names, places.

Always computed from the emails, never counted up or down, so that they cannot drift; always for
a set of threads, in a fixed number of queries.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from mailsync.domain import bulk
from mailsync.enums import Keyword, Place, Placement
from mailsync.models import Thread

MAX_NAMES = 20

# Plain numbers: these are asked for once for each email of a first sync.
SEEN, FLAGGED, DRAFT = int(Keyword.SEEN), int(Keyword.FLAGGED), int(Keyword.DRAFT)
IN_INBOX = int(Place.INBOX)
FIGURES = (
    "subject",
    "subject_hash",
    "people",
    "preview",
    "email_count",
    "unread_count",
    "has_attachments",
    "is_flagged",
    "first_email_at",
    "last_email_at",
    "last_inbound_at",
    "last_outbound_at",
)
PLACES_SHOWN = ("in_inbox", "in_sent", "in_archive", "in_trash", "in_junk")
COLUMNS = (*FIGURES, *PLACES_SHOWN)
EMAILS = """
    SELECT id, thread_id, {plain}received_at, keywords, is_outgoing, has_attachments, from_name,
        from_address, preview, subject, subject_hash
    FROM mailsync_email WHERE thread_id {among} ORDER BY received_at, id
"""
PLACES = """
    SELECT entry.email_id, entry.places
    FROM mailsync_email AS email
    JOIN mailsync_mailboxentry AS entry ON entry.email_id = email.id
    WHERE email.thread_id {among} AND entry.gone_at IS NULL
"""
ONLY_HERE = """
    SELECT submission.email_id
    FROM mailsync_email AS email
    JOIN mailsync_submission AS submission ON submission.email_id = email.id
    WHERE email.thread_id {among} AND email.gone_from_server_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM mailsync_mailboxentry WHERE email_id = email.id)
"""
DECISIONS = """
    SELECT thread.id, {plain}trashed_at, placement, {plain}placed_at, {plain}muted_at,
        account.address
    FROM mailsync_thread AS thread
    JOIN mailsync_mailaccount AS account ON account.id = thread.account_id
    WHERE thread.id {among}
"""


def refresh_threads(thread_ids: Iterable[int]) -> None:
    """Makes these threads' rows say what their emails say."""
    for ids in bulk.chunks(sorted(set(thread_ids)), 400):
        _refresh(ids)


class _Mail(NamedTuple):
    """An email as `EMAILS` gives it. Moments are as the driver gives them, here and in the
    decisions: they are only compared and written back."""

    id: int
    thread_id: int
    received_at: Any
    keywords: int
    is_outgoing: bool
    has_attachments: bool
    from_name: str
    from_address: str
    preview: str
    subject: str
    subject_hash: int


class _Decisions(NamedTuple):
    """What people decided about a thread."""

    trashed_at: Any
    placement: str
    placed_at: Any
    muted_at: Any
    own_address: str


@dataclass(slots=True)
class _Found:
    """What is asked about the emails of many threads at once, by the email's id."""

    places: dict[int, int]
    recipients: dict[int, list[list[str]]]


def _refresh(ids: list[int]) -> None:
    mails: dict[int, list[_Mail]] = {number: [] for number in ids}
    for row in map(_Mail._make, bulk.select(EMAILS, ids)):
        mails[row.thread_id].append(row)
    found = _Found({}, {})
    for email_id, places in bulk.select(PLACES, ids):
        found.places[email_id] = found.places.get(email_id, 0) | places
    for email_id in _only_here(ids):
        found.places[email_id] = found.places.get(email_id, 0) | Place.SENT
    decisions = {row[0]: _Decisions._make(row[1:]) for row in bulk.select(DECISIONS, ids)}
    found.recipients = _recipients(
        row.id
        for thread_id, decided in decisions.items()
        for row in _with_recipients(mails[thread_id], decided)
    )
    bulk.update(
        Thread,
        columns=COLUMNS,
        rows=[
            (
                *_figures(mails[thread_id], found),
                *_places(mails[thread_id], found, decided),
                thread_id,
            )
            for thread_id, decided in decisions.items()
        ],
    )


def _with_recipients(rows: list[_Mail], decided: _Decisions) -> Iterable[_Mail]:
    """The few whose recipients matter: where only we write they name the conversation, and in a
    muted one they say whether it comes back."""
    mails = _mails(rows)
    if mails and all(row.is_outgoing for row in mails):
        yield mails[0]
    if decided.muted_at:
        yield from (row for row in rows if row.received_at > decided.muted_at)


def _recipients(email_ids: Iterable[int]) -> dict[int, list[list[str]]]:
    rows = bulk.select("SELECT id, recipients FROM mailsync_email WHERE id {among}", set(email_ids))
    return {number: bulk.document_of(recipients) for number, recipients in rows}


def _only_here(ids: list[int]) -> Iterable[int]:
    """Emails sent from here of which the Sent mailbox has no copy yet."""
    return [number for (number,) in bulk.select(ONLY_HERE, ids)]


def _mails(rows: list[_Mail]) -> list[_Mail]:
    """A draft is nobody's mail yet: it counts only where there is nothing else."""
    return [row for row in rows if not row.keywords & DRAFT] or rows


def _figures(rows: list[_Mail], found: _Found) -> tuple[Any, ...]:
    """The values of FIGURES."""
    mails = _mails(rows)
    if not mails:
        return ("", 0, "[]", "", 0, 0, False, False, None, None, None, None)
    # In the order of arrival.
    inbound = [row for row in mails if not row.is_outgoing]
    outbound = [row for row in mails if row.is_outgoing]
    first, last = mails[0], mails[-1]
    return (
        first.subject,
        first.subject_hash,
        bulk.document(_names(inbound) if inbound else _named(found.recipients[first.id])),
        last.preview,
        len(mails),
        sum(not row.keywords & SEEN for row in mails),
        any(row.has_attachments for row in mails),
        any(row.keywords & FLAGGED for row in mails),
        first.received_at,
        last.received_at,
        inbound[-1].received_at if inbound else None,
        outbound[-1].received_at if outbound else None,
    )


def _names(inbound: Iterable[_Mail]) -> list[str]:
    """Who writes here."""
    return _bounded(row.from_name or row.from_address for row in inbound)


def _named(recipients: list[list[str]]) -> list[str]:
    """Where only we write: to whom."""
    return _bounded(name or address for _, name, address in recipients)


def _bounded(names: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name][:MAX_NAMES]


def _places(rows: list[_Mail], found: _Found, decided: _Decisions) -> tuple[bool, ...]:
    """The values of PLACES_SHOWN."""
    everywhere = 0
    newest_in_inbox = None
    for row in rows:
        places = found.places.get(row.id, 0)
        everywhere |= places
        if places & IN_INBOX and not _is_silent(row, found, decided):
            newest_in_inbox = row.received_at
    in_inbox = newest_in_inbox is not None
    if decided.placement == Placement.INBOX:
        in_inbox = True
    elif decided.placement == Placement.ARCHIVE and in_inbox and decided.placed_at:
        in_inbox = bool(newest_in_inbox and newest_in_inbox > decided.placed_at)
    elsewhere = everywhere & ~(Place.TRASH | Place.JUNK)
    in_trash = decided.trashed_at is not None or (bool(everywhere & Place.TRASH) and not elsewhere)
    in_junk = not in_trash and bool(everywhere & Place.JUNK) and not elsewhere
    in_inbox = in_inbox and not in_trash and not in_junk
    in_sent = not in_trash and any(row.is_outgoing for row in rows)
    filed = bool(everywhere & (Place.INBOX | Place.ARCHIVE | Place.OTHER))
    # Kept here although gone from the mailbox, because it is linked.
    kept = bool(rows) and not everywhere
    in_archive = not (in_inbox or in_trash or in_junk) and (filed or kept)
    return in_inbox, in_sent, in_archive, in_trash, in_junk


def _is_silent(row: _Mail, found: _Found, decided: _Decisions) -> bool:
    """Mail that came after a conversation was muted does not bring it into the inbox, unless it
    is to us and nobody else."""
    if not decided.muted_at or row.received_at <= decided.muted_at:
        return False
    recipients = found.recipients[row.id]
    others = {address for role, _, address in recipients if role in ("to", "cc")}
    return others != {decided.own_address}
