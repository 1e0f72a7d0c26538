"""The copies on a thread's row of what its emails say: figures, names, places.

Always computed from the emails, never counted up or down, so that they cannot drift; always for
a set of threads, in a fixed number of queries.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from mailsync.domain import bulk
from mailsync.enums import Keyword, Place, Placement
from mailsync.models import Email, MailboxEntry, Submission, Thread

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
EMAIL_COLUMNS = (
    "id",
    "thread_id",
    "received_at",
    "keywords",
    "is_outgoing",
    "has_attachments",
    "from_name",
    "from_address",
    "recipients",
    "preview",
    "subject",
    "subject_hash",
)


def refresh_threads(thread_ids: Iterable[int]) -> None:
    """Makes these threads' rows say what their emails say."""
    for ids in bulk.chunks(sorted(set(thread_ids)), 400):
        _refresh(ids)


def _refresh(ids: list[int]) -> None:
    emails: dict[int, list[dict[str, Any]]] = defaultdict(list)
    rows = Email.objects.filter(thread_id__in=ids).order_by("received_at", "id")
    for values in rows.values_list(*EMAIL_COLUMNS):
        row = dict(zip(EMAIL_COLUMNS, values, strict=True))
        row["places"] = 0
        emails[row["thread_id"]].append(row)
    by_id = {row["id"]: row for rows in emails.values() for row in rows}
    for email_id, places in MailboxEntry.objects.filter(
        email__thread_id__in=ids, gone_at=None
    ).values_list("email_id", "places"):
        by_id[email_id]["places"] |= places
    for email_id in _only_here(ids):
        by_id[email_id]["places"] |= Place.SENT
    updates = []
    decisions = Thread.objects.filter(pk__in=ids).values_list(
        "id", "trashed_at", "placement", "placed_at"
    )
    for thread_id, trashed_at, placement, placed_at in decisions:
        figures = _figures(emails[thread_id])
        figures |= _places(
            emails[thread_id], trashed_at=trashed_at, placement=placement, placed_at=placed_at
        )
        updates.append([*(figures[name] for name in COLUMNS), thread_id])
    bulk.update(Thread, columns=COLUMNS, keys=("id",), rows=updates)


def _only_here(ids: list[int]) -> Iterable[int]:
    """Emails sent from here of which the Sent mailbox has no copy yet."""
    return Submission.objects.filter(
        email__thread_id__in=ids, email__entries=None, email__gone_from_server_at=None
    ).values_list("email_id", flat=True)


def _figures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    # A draft is nobody's mail yet: it counts only where there is nothing else.
    mails = [row for row in rows if not row["keywords"] & Keyword.DRAFT] or rows
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
        "first_email_at": bulk.moment(mails[0]["received_at"]),
        "last_email_at": bulk.moment(mails[-1]["received_at"]),
        "last_inbound_at": bulk.moment(max(inbound, default=None)),
        "last_outbound_at": bulk.moment(max(outbound, default=None)),
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


def _places(
    rows: list[dict[str, Any]],
    *,
    trashed_at: datetime | None,
    placement: str,
    placed_at: datetime | None,
) -> dict[str, bool]:
    everywhere = 0
    for row in rows:
        everywhere |= row["places"]
    newest_in_inbox = max(
        (row["received_at"] for row in rows if row["places"] & Place.INBOX), default=None
    )
    in_inbox = newest_in_inbox is not None
    if placement == Placement.INBOX:
        in_inbox = True
    elif placement == Placement.ARCHIVE and in_inbox and placed_at:
        in_inbox = bool(newest_in_inbox and newest_in_inbox > placed_at)
    elsewhere = everywhere & ~(Place.TRASH | Place.JUNK)
    in_trash = trashed_at is not None or (bool(everywhere & Place.TRASH) and not elsewhere)
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
