"""The copies on a thread's row of what its emails say: figures, names, places.

Always computed from the emails, never counted up or down, so that they cannot drift; always for
a set of threads, in a fixed number of queries.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailsync.domain import bulk
from mailsync.enums import Keyword, Place, Placement
from mailsync.models import Email, Submission, Thread

MAX_NAMES = 20

COLUMNS = (
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
    "in_inbox",
    "in_sent",
    "in_archive",
    "in_trash",
    "in_junk",
)
EMAILS = """
    SELECT id, thread_id, received_at, keywords, is_outgoing, has_attachments, from_name,
        from_address, preview, subject, subject_hash
    FROM mailsync_email WHERE thread_id {among} ORDER BY received_at, id
"""
PLACES = """
    SELECT entry.email_id, entry.places
    FROM mailsync_email AS email
    JOIN mailsync_mailboxentry AS entry ON entry.email_id = email.id
    WHERE email.thread_id {among} AND entry.gone_at IS NULL
"""
DECISIONS = """
    SELECT thread.id, trashed_at, placement, placed_at, muted_at, account.address
    FROM mailsync_thread AS thread
    JOIN mailsync_mailaccount AS account ON account.id = thread.account_id
    WHERE thread.id {among}
"""
EMAIL_COLUMNS = (
    "id",
    "thread_id",
    "received_at",
    "keywords",
    "is_outgoing",
    "has_attachments",
    "from_name",
    "from_address",
    "preview",
    "subject",
    "subject_hash",
)


def refresh_threads(thread_ids: Iterable[int]) -> None:
    """Makes these threads' rows say what their emails say."""
    for ids in bulk.chunks(sorted(set(thread_ids)), 400):
        _refresh(ids)


@dataclass(frozen=True, slots=True)
class _Decisions:
    """What people decided about a thread. Moments are as the driver gives them, those of the
    emails too: they are only compared and written back."""

    trashed_at: datetime | None
    placement: str
    placed_at: datetime | None
    muted_at: datetime | None
    own_address: str


def _refresh(ids: list[int]) -> None:
    emails: dict[int, list[dict[str, Any]]] = {number: [] for number in ids}
    by_id: dict[int, dict[str, Any]] = {}
    for values in bulk.select(EMAILS, ids):
        row = dict(zip(EMAIL_COLUMNS, values, strict=True))
        row["places"] = 0
        by_id[row["id"]] = row
        emails[row["thread_id"]].append(row)
    for email_id, places in bulk.select(PLACES, ids):
        by_id[email_id]["places"] |= places
    for email_id in _only_here(ids):
        by_id[email_id]["places"] |= Place.SENT
    decisions = {row[0]: _Decisions(*row[1:]) for row in bulk.select(DECISIONS, ids)}
    _add_recipients(
        row
        for thread_id, decided in decisions.items()
        for row in _with_recipients(emails[thread_id], decided)
    )
    updates = []
    for thread_id, decided in decisions.items():
        figures = _figures(emails[thread_id]) | _places(emails[thread_id], decided)
        updates.append([*(figures[name] for name in COLUMNS), thread_id])
    bulk.update(Thread, columns=COLUMNS, keys=("id",), rows=updates)


def _with_recipients(rows: list[dict[str, Any]], decided: _Decisions) -> Iterable[dict[str, Any]]:
    """The few whose recipients matter: where only we write they name the conversation, and in a
    muted one they say whether it comes back."""
    mails = _mails(rows)
    if mails and all(row["is_outgoing"] for row in mails):
        yield mails[0]
    if decided.muted_at:
        yield from (row for row in rows if row["received_at"] > decided.muted_at)


def _add_recipients(rows: Iterable[dict[str, Any]]) -> None:
    by_id = {row["id"]: row for row in rows}
    for some in bulk.chunks(by_id):
        for number, recipients in Email.objects.filter(pk__in=some).values_list("id", "recipients"):
            by_id[number]["recipients"] = recipients


def _only_here(ids: list[int]) -> Iterable[int]:
    """Emails sent from here of which the Sent mailbox has no copy yet."""
    return Submission.objects.filter(
        email__thread_id__in=ids, email__entries=None, email__gone_from_server_at=None
    ).values_list("email_id", flat=True)


def _mails(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A draft is nobody's mail yet: it counts only where there is nothing else."""
    return [row for row in rows if not row["keywords"] & Keyword.DRAFT] or rows


def _figures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    mails = _mails(rows)
    if not mails:
        return dict.fromkeys(COLUMNS, 0) | _EMPTY
    inbound = [row["received_at"] for row in mails if not row["is_outgoing"]]
    outbound = [row["received_at"] for row in mails if row["is_outgoing"]]
    return {
        "subject": mails[0]["subject"],
        "subject_hash": mails[0]["subject_hash"],
        "people": bulk.document(_names(mails)),
        "preview": mails[-1]["preview"],
        "email_count": len(mails),
        "unread_count": sum(not row["keywords"] & Keyword.SEEN for row in mails),
        "has_attachments": any(row["has_attachments"] for row in mails),
        "is_flagged": any(row["keywords"] & Keyword.FLAGGED for row in mails),
        "first_email_at": mails[0]["received_at"],
        "last_email_at": mails[-1]["received_at"],
        "last_inbound_at": max(inbound, default=None),
        "last_outbound_at": max(outbound, default=None),
    }


_EMPTY: dict[str, Any] = {
    "subject": "",
    "people": "[]",
    "preview": "",
    "has_attachments": False,
    "is_flagged": False,
    "first_email_at": None,
    "last_email_at": None,
    "last_inbound_at": None,
    "last_outbound_at": None,
}


def _names(mails: list[dict[str, Any]]) -> list[str]:
    """Who writes here; where only we do, to whom."""
    writers = [
        row["from_name"] or row["from_address"] for row in mails if not row["is_outgoing"]
    ] or [name or address for _, name, address in mails[0]["recipients"]]
    return [name for name in dict.fromkeys(writers) if name][:MAX_NAMES]


def _places(rows: list[dict[str, Any]], decided: _Decisions) -> dict[str, bool]:
    everywhere = 0
    for row in rows:
        everywhere |= row["places"]
    newest_in_inbox = max(
        (
            row["received_at"]
            for row in rows
            if row["places"] & Place.INBOX and not _is_silent(row, decided)
        ),
        default=None,
    )
    in_inbox = newest_in_inbox is not None
    if decided.placement == Placement.INBOX:
        in_inbox = True
    elif decided.placement == Placement.ARCHIVE and in_inbox and decided.placed_at:
        in_inbox = bool(newest_in_inbox and newest_in_inbox > decided.placed_at)
    elsewhere = everywhere & ~(Place.TRASH | Place.JUNK)
    in_trash = decided.trashed_at is not None or (bool(everywhere & Place.TRASH) and not elsewhere)
    in_junk = not in_trash and bool(everywhere & Place.JUNK) and not elsewhere
    in_inbox = in_inbox and not in_trash and not in_junk
    filed = bool(everywhere & (Place.INBOX | Place.ARCHIVE | Place.OTHER))
    # Kept here although gone from the mailbox, because it is linked.
    kept = bool(rows) and not everywhere
    return {
        "in_inbox": in_inbox,
        "in_sent": not in_trash and any(row["is_outgoing"] for row in rows),
        "in_archive": not (in_inbox or in_trash or in_junk) and (filed or kept),
        "in_trash": in_trash,
        "in_junk": in_junk,
    }


def _is_silent(row: dict[str, Any], decided: _Decisions) -> bool:
    """Mail that came after a conversation was muted does not bring it into the inbox, unless it
    is to us and nobody else."""
    if not decided.muted_at or row["received_at"] <= decided.muted_at:
        return False
    others = {address for role, _, address in row["recipients"] if role in ("to", "cc")}
    return others != {decided.own_address}
