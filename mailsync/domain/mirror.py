"""Acts of people on conversations, and what has to follow in the mailbox.

Each act is one transaction: the change here, and a RemoteChange row for every copy on the server
that is to follow. Those rows are `wishes`, which `replay` carries out in order. Marks always follow;
archive and delete only where the account's owner chose so.

Every act returns an `Act`: the threads it really changed, and the act that takes it back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from mailsync.domain.mailboxes import is_gmail, with_role
from mailsync.domain.wishes import (
    by_account,
    copies_of,
    current_rows,
    finish,
    queue_keywords,
    queue_moves,
    set_bits,
    take_back_moves,
    with_bits,
)
from mailsync.enums import ChangeOperation, Keyword, MailboxRole, Place, Placement
from mailsync.models import Email, MailAccount, MailboxEntry, Thread


@dataclass(frozen=True, slots=True)
class Act:
    """What was done, and what takes it back: `perform(act.inverse, threads, by=user)`."""

    name: str
    inverse: str
    thread_ids: tuple[int, ...]


def mark_read(threads: Iterable[Thread], *, by: Any) -> Act:
    return _mark(threads, by=by, name="mark_read", inverse="mark_unread", add=Keyword.SEEN)


def mark_unread(threads: Iterable[Thread], *, by: Any) -> Act:
    return _mark(threads, by=by, name="mark_unread", inverse="mark_read", remove=Keyword.SEEN)


def flag_threads(threads: Iterable[Thread], *, by: Any) -> Act:
    return _mark(threads, by=by, name="flag", inverse="unflag", add=Keyword.FLAGGED)


def unflag_threads(threads: Iterable[Thread], *, by: Any) -> Act:
    return _mark(threads, by=by, name="unflag", inverse="flag", remove=Keyword.FLAGGED)


def archive_threads(threads: Iterable[Thread], *, by: Any) -> Act:
    """Out of the inbox here; in the mailbox too where the account mirrors archiving."""
    return _put(threads, by=by, name="archive", inverse="unarchive", placement=Placement.ARCHIVE)


def unarchive_threads(threads: Iterable[Thread], *, by: Any) -> Act:
    return _put(threads, by=by, name="unarchive", inverse="archive", placement=Placement.INBOX)


@transaction.atomic
def trash_threads(threads: Iterable[Thread], *, by: Any) -> Act:
    """To the trash for thirty days; colleagues lose sight of it at once."""
    rows = [row for row in current_rows(threads) if row.trashed_at is None]
    ids = [row.pk for row in rows]
    Thread.objects.filter(pk__in=ids).update(trashed_at=timezone.now())
    for account, thread_ids in by_account(rows):
        trash = with_role(account, MailboxRole.TRASH)
        if account.mirror_delete and trash:
            copies = copies_of(thread_ids).exclude(mailbox=trash)
            queue_moves(account, copies, trash, operation=ChangeOperation.DELETE, by=by)
        finish(account, thread_ids)
    return Act("trash", "untrash", tuple(ids))


@transaction.atomic
def untrash_threads(threads: Iterable[Thread], *, by: Any) -> Act:
    """Back from the trash, here and where it was moved from in the mailbox."""
    rows = [row for row in current_rows(threads) if row.trashed_at is not None or row.in_trash]
    ids = [row.pk for row in rows]
    Thread.objects.filter(pk__in=ids).update(trashed_at=None)
    for account, thread_ids in by_account(rows):
        take_back_moves(account, thread_ids, operation=ChangeOperation.DELETE, by=by)
        finish(account, thread_ids)
    return Act("untrash", "trash", tuple(ids))


ACTS = {
    "mark_read": mark_read,
    "mark_unread": mark_unread,
    "flag": flag_threads,
    "unflag": unflag_threads,
    "archive": archive_threads,
    "unarchive": unarchive_threads,
    "trash": trash_threads,
    "untrash": untrash_threads,
}


def perform(name: str, threads: Iterable[Thread], *, by: Any) -> Act:
    """The act of this name; KeyError for a name that is none."""
    return ACTS[name](threads, by=by)


@transaction.atomic
def mark_email(email: Email, mark: Keyword, *, by: Any) -> None:
    """Adds a mark to one email here, and to each of its copies in the mailbox."""
    copies = MailboxEntry.objects.filter(email=email, gone_at=None)
    queue_keywords(email.account, copies, add=int(mark), remove=0, by=by)
    set_bits(copies, add=mark, remove=0)
    set_bits(Email.objects.filter(pk=email.pk), add=mark, remove=0)
    finish(email.account, [email.thread_id])


@transaction.atomic
def _mark(
    threads: Iterable[Thread],
    *,
    by: Any,
    name: str,
    inverse: str,
    add: int = 0,
    remove: int = 0,
) -> Act:
    """Sets and clears bits on every mail of the threads, and queues the same for each copy."""
    changed: list[int] = []
    for account, thread_ids in by_account(current_rows(threads)):
        emails: QuerySet[Email] = Email.objects.filter(thread__in=thread_ids).exclude(
            keywords=with_bits(add=add, remove=remove)
        )
        if name in ("mark_unread", "flag"):
            emails = _newest_of_each(emails, thread_ids)
        rows = list(emails.values_list("id", "thread_id"))
        email_ids = [row[0] for row in rows]
        here = sorted({row[1] for row in rows})
        copies = MailboxEntry.objects.filter(email__in=email_ids, gone_at=None)
        queue_keywords(account, copies, add=int(add), remove=int(remove), by=by)
        set_bits(copies, add=add, remove=remove)
        set_bits(Email.objects.filter(pk__in=email_ids), add=add, remove=remove)
        changed += here
        finish(account, here)
    return Act(name, inverse, tuple(changed))


def _newest_of_each(emails: QuerySet[Email], thread_ids: Sequence[int]) -> QuerySet[Email]:
    """Unread or flagged again is the newest mail that came in, not the whole conversation."""
    newest: dict[int, int] = {}
    for number, thread_id in (
        Email.objects.filter(thread__in=thread_ids)
        .order_by("is_outgoing", "-received_at", "-id")
        .values_list("id", "thread_id")
    ):
        newest.setdefault(thread_id, number)
    return emails.filter(pk__in=newest.values())


@transaction.atomic
def _put(
    threads: Iterable[Thread], *, by: Any, name: str, inverse: str, placement: Placement
) -> Act:
    wanted = placement == Placement.INBOX
    rows = [row for row in current_rows(threads) if row.in_inbox != wanted and not row.trashed_at]
    ids = [row.pk for row in rows]
    Thread.objects.filter(pk__in=ids).update(placement=placement, placed_at=timezone.now())
    for account, thread_ids in by_account(rows):
        if account.mirror_archive:
            if placement == Placement.ARCHIVE:
                _mirror_archive(account, thread_ids, by=by)
            else:
                take_back_moves(account, thread_ids, operation=ChangeOperation.MOVE, by=by)
        finish(account, thread_ids)
    return Act(name, inverse, tuple(ids))


def _mirror_archive(account: MailAccount, thread_ids: Sequence[int], *, by: Any) -> None:
    """Gmail's archive is All Mail without the inbox label; elsewhere it is a mailbox."""
    role = MailboxRole.ALL if is_gmail(account) else MailboxRole.ARCHIVE
    archive = with_role(account, role)
    if archive:
        copies = copies_of(thread_ids).filter(places__lt=Place.OTHER * 2)
        in_inbox = [pk for pk, places in copies.values_list("id", "places") if places & Place.INBOX]
        queue_moves(
            account,
            MailboxEntry.objects.filter(pk__in=in_inbox),
            archive,
            operation=ChangeOperation.MOVE,
            by=by,
        )
