"""Acts of people on conversations, and what has to follow in the mailbox.

Each act is one transaction: the change here, and a RemoteChange row for every copy on the server
that is to follow. Those rows are replayed in order (mailsync.domain.replay). Marks always follow;
archive and delete only where the account's owner chose so.

Every act returns an `Act`: the threads it really changed, and the act that takes it back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from mailsync.domain import bulk
from mailsync.domain.mailboxes import is_gmail, moves_by_label, places_after, with_role
from mailsync.domain.news import tell_threads_changed
from mailsync.domain.thread_figures import refresh_threads
from mailsync.enums import (
    ChangeOperation,
    ChangeState,
    Keyword,
    MailboxRole,
    Outcome,
    Place,
    Placement,
)
from mailsync.models import Email, MailAccount, Mailbox, MailboxEntry, RemoteChange, Thread

KEPT_FOR = timedelta(days=30)


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
    rows = [row for row in _current(threads) if row.trashed_at is None]
    ids = [row.pk for row in rows]
    Thread.objects.filter(pk__in=ids).update(trashed_at=timezone.now())
    for account, thread_ids in _by_account(rows):
        trash = with_role(account, MailboxRole.TRASH)
        if account.mirror_delete and trash:
            copies = _copies(thread_ids).exclude(mailbox=trash)
            _move(account, copies, trash, operation=ChangeOperation.DELETE, by=by)
        _finish(account, thread_ids)
    return Act("trash", "untrash", tuple(ids))


@transaction.atomic
def untrash_threads(threads: Iterable[Thread], *, by: Any) -> Act:
    """Back from the trash, here and where it was moved from in the mailbox."""
    rows = [row for row in _current(threads) if row.trashed_at is not None or row.in_trash]
    ids = [row.pk for row in rows]
    Thread.objects.filter(pk__in=ids).update(trashed_at=None)
    for account, thread_ids in _by_account(rows):
        _take_back_moves(account, thread_ids, operation=ChangeOperation.DELETE, by=by)
        _finish(account, thread_ids)
    return Act("untrash", "trash", tuple(ids))


@transaction.atomic
def move_threads(threads: Iterable[Thread], target: Mailbox, *, by: Any) -> "Moves":
    """To a folder of their account. Whoever names a folder means the mailbox, so this is carried
    out there whatever the account mirrors. What was sent stays in Sent, drafts in Drafts."""
    rows = [
        row
        for row in _current(threads)
        if row.account_id == target.account_id and row.trashed_at is None
    ]
    copies = _movable([row.pk for row in rows], target)
    moving = set(copies.values_list("email__thread", flat=True))
    before = {row.pk: row.placement for row in rows if row.pk in moving}
    if not before:
        return Moves({}, 0)
    last = RemoteChange.objects.order_by("-id").values_list("id", flat=True).first() or 0
    _move(target.account, copies, target, operation=ChangeOperation.MOVE, by=by)
    # Where it lies is the mailbox's word again.
    Thread.objects.filter(pk__in=before).update(placement=Placement.NONE, placed_at=None)
    _finish(target.account, list(before))
    return Moves(before, last)


@dataclass(frozen=True, slots=True)
class Moves:
    """The threads that were moved, where each was placed before, and the last change before
    these moves."""

    placements: dict[int, str]
    after: int


@transaction.atomic
def move_threads_back(
    threads: Iterable[Thread], *, after: int, placement: str, by: Any
) -> list[int]:
    """Takes moves of `move_threads` back: those made after this change."""
    rows = [row for row in _current(threads) if row.trashed_at is None]
    for account, thread_ids in _by_account(rows):
        _take_back_moves(account, thread_ids, operation=ChangeOperation.MOVE, by=by, after=after)
        Thread.objects.filter(pk__in=thread_ids).update(
            placement=placement, placed_at=timezone.now() if placement else None
        )
        _finish(account, thread_ids)
    return [row.pk for row in rows]


def _movable(thread_ids: Sequence[int], target: Mailbox) -> QuerySet[MailboxEntry]:
    """Copies that lie where people file, and not in this folder yet."""
    filed = int(Place.INBOX | Place.ARCHIVE | Place.OTHER | Place.JUNK)
    copies = _copies(thread_ids).annotate(filed=F("places").bitand(filed)).filter(filed__gt=0)
    if not moves_by_label(target.account, target):
        return copies.exclude(mailbox=target)
    if target.role == MailboxRole.INBOX:
        inbox = F("places").bitand(int(Place.INBOX))
        return copies.annotate(inbox=inbox).filter(inbox=0)
    return copies


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
    _queue_keywords(email.account, copies, add=int(mark), remove=0, by=by)
    _set_bits(copies, add=mark, remove=0)
    _set_bits(Email.objects.filter(pk=email.pk), add=mark, remove=0)
    _finish(email.account, [email.thread_id])


def recent_changes(account: MailAccount) -> QuerySet[RemoteChange]:
    """What we changed in this mailbox in the last thirty days, newest first."""
    return (
        account.changes.filter(created_at__gte=timezone.now() - KEPT_FOR)
        .exclude(state=ChangeState.DROPPED)
        .select_related("email", "made_by")
        .order_by("-id")
    )


@transaction.atomic
def undo_change(change: RemoteChange, *, by: Any) -> RemoteChange | None:
    """Takes one change in the mailbox back. None when it never happened there."""
    stopped = RemoteChange.objects.filter(pk=change.pk, state=ChangeState.PENDING).update(
        state=ChangeState.DROPPED, done_at=timezone.now()
    )
    entry = change.entry
    if entry is None:
        return None
    inverse = None
    if change.operation == ChangeOperation.KEYWORDS:
        add, remove = change.wanted.get("remove", 0), change.wanted.get("add", 0)
        _set_bits(MailboxEntry.objects.filter(pk=entry.pk), add=add, remove=remove)
        _set_bits(Email.objects.filter(entries=entry.pk), add=add, remove=remove)
        wanted = {"add": add, "remove": remove}
    else:
        target = Mailbox.objects.filter(pk=change.base.get("mailbox")).first()
        if target is None:
            return None
        _place_copies(change.account, [entry.pk], target)
        wanted = {"mailbox": target.pk}
    if not stopped:
        inverse = RemoteChange.objects.create(
            account_id=change.account_id,
            entry=entry,
            email_id=entry.email_id,
            operation=change.operation,
            wanted=wanted,
            base={
                "mailbox": change.wanted.get("mailbox", entry.mailbox_id),
                "keywords": entry.keywords,
            },
            made_by=by,
        )
    threads = Email.objects.filter(entries=entry.pk).values_list("thread_id", flat=True)
    _finish(change.account, list(threads))
    return inverse


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
    for account, thread_ids in _by_account(_current(threads)):
        emails: QuerySet[Email] = Email.objects.filter(thread__in=thread_ids).exclude(
            keywords=_with_bits(add=add, remove=remove)
        )
        if name in ("mark_unread", "flag"):
            emails = _newest_of_each(emails, thread_ids)
        rows = list(emails.values_list("id", "thread_id"))
        email_ids = [row[0] for row in rows]
        here = sorted({row[1] for row in rows})
        copies = MailboxEntry.objects.filter(email__in=email_ids, gone_at=None)
        _queue_keywords(account, copies, add=int(add), remove=int(remove), by=by)
        _set_bits(copies, add=add, remove=remove)
        _set_bits(Email.objects.filter(pk__in=email_ids), add=add, remove=remove)
        changed += here
        _finish(account, here)
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


def _with_bits(*, add: int, remove: int) -> Any:
    return F("keywords").bitor(int(add)).bitand(~int(remove) & 0x7FFF)


def _set_bits(rows: QuerySet[Any], *, add: int, remove: int) -> None:
    rows.update(keywords=_with_bits(add=add, remove=remove))


def _queue_keywords(
    account: MailAccount, copies: QuerySet[MailboxEntry], *, add: int, remove: int, by: Any
) -> None:
    """A change for each copy. Those that wait and say something of these bits are replaced."""
    rows = list(copies.values_list("id", "email_id", "keywords"))
    entry_ids = [row[0] for row in rows]
    bits = add | remove
    for ids in bulk.chunks(entry_ids):
        waiting = RemoteChange.objects.filter(
            entry__in=ids, operation=ChangeOperation.KEYWORDS, state=ChangeState.PENDING
        )
        waiting.filter(Q(wanted={"add": bits}) | Q(wanted={"remove": bits})).update(
            state=ChangeState.DROPPED, done_at=timezone.now()
        )
    wanted = {"add": add} if add else {"remove": remove}
    RemoteChange.objects.bulk_create(
        RemoteChange(
            account=account,
            entry_id=entry_id,
            email_id=email_id,
            operation=ChangeOperation.KEYWORDS,
            wanted=wanted,
            base={"keywords": keywords},
            made_by=by,
        )
        for entry_id, email_id, keywords in rows
    )


@transaction.atomic
def _put(
    threads: Iterable[Thread], *, by: Any, name: str, inverse: str, placement: Placement
) -> Act:
    wanted = placement == Placement.INBOX
    rows = [row for row in _current(threads) if row.in_inbox != wanted and not row.trashed_at]
    ids = [row.pk for row in rows]
    Thread.objects.filter(pk__in=ids).update(placement=placement, placed_at=timezone.now())
    for account, thread_ids in _by_account(rows):
        if account.mirror_archive:
            if placement == Placement.ARCHIVE:
                _mirror_archive(account, thread_ids, by=by)
            else:
                _take_back_moves(account, thread_ids, operation=ChangeOperation.MOVE, by=by)
        _finish(account, thread_ids)
    return Act(name, inverse, tuple(ids))


def _mirror_archive(account: MailAccount, thread_ids: Sequence[int], *, by: Any) -> None:
    """Gmail's archive is All Mail without the inbox label; elsewhere it is a mailbox."""
    role = MailboxRole.ALL if is_gmail(account) else MailboxRole.ARCHIVE
    archive = with_role(account, role)
    if archive:
        copies = _copies(thread_ids).filter(places__lt=Place.OTHER * 2)
        in_inbox = [pk for pk, places in copies.values_list("id", "places") if places & Place.INBOX]
        _move(
            account,
            MailboxEntry.objects.filter(pk__in=in_inbox),
            archive,
            operation=ChangeOperation.MOVE,
            by=by,
        )


def _take_back_moves(
    account: MailAccount,
    thread_ids: Sequence[int],
    *,
    operation: ChangeOperation,
    by: Any,
    after: int = 0,
) -> None:
    """The moves that this act once made, the other way round: what still waits is dropped, what
    was done is moved back to where it came from."""
    last: dict[int, RemoteChange] = {}
    for change in RemoteChange.objects.filter(
        account=account,
        email__thread__in=thread_ids,
        operation=operation,
        state__in=(ChangeState.PENDING, ChangeState.RUNNING, ChangeState.DONE),
        entry__gone_at=None,
        pk__gt=after,
    ).order_by("id"):
        if change.entry_id:
            last[change.entry_id] = change
    _stop_or_reverse(account, last, by=by)


def _stop_or_reverse(account: MailAccount, moves: dict[int, RemoteChange], *, by: Any) -> None:
    """These moves, one an entry, taken back in the same statements for one and for many."""
    boxes = account.mailboxes.in_bulk({change.base.get("mailbox") for change in moves.values()})
    back = {
        entry_id: boxes[change.base["mailbox"]]
        for entry_id, change in moves.items()
        if change.base.get("mailbox") in boxes
    }
    waiting = RemoteChange.objects.filter(pk__in=[change.pk for change in moves.values()])
    stopped = set(
        waiting.filter(state=ChangeState.PENDING)
        .select_for_update()
        .values_list("entry_id", flat=True)
    )
    waiting.filter(entry__in=stopped).update(state=ChangeState.DROPPED, done_at=timezone.now())
    RemoteChange.objects.bulk_create(
        RemoteChange(
            account=account,
            entry_id=entry_id,
            email_id=change.email_id,
            operation=change.operation,
            wanted={"mailbox": back[entry_id].pk},
            base={"mailbox": change.wanted["mailbox"]},
            made_by=by,
        )
        for entry_id, change in moves.items()
        if entry_id in back and entry_id not in stopped
    )
    for target in set(back.values()):
        _place_copies(account, [pk for pk, box in back.items() if box == target], target)


def _move(
    account: MailAccount,
    copies: QuerySet[MailboxEntry],
    target: Mailbox,
    *,
    operation: ChangeOperation,
    by: Any,
) -> None:
    # In the order of the mailbox, which is then that of the target too.
    in_order = copies.order_by("mailbox_id", "uid")
    rows = list(in_order.values_list("id", "email_id", "mailbox_id", "places"))
    # On Gmail a copy in All Mail may lie in the inbox, which is where it is moved from.
    inbox = with_role(account, MailboxRole.INBOX) if is_gmail(account) else None
    entry_ids = [row[0] for row in rows]
    for ids in bulk.chunks(entry_ids):
        RemoteChange.objects.filter(
            entry__in=ids,
            operation__in=(ChangeOperation.MOVE, ChangeOperation.DELETE),
            state=ChangeState.PENDING,
        ).update(state=ChangeState.DROPPED, done_at=timezone.now())
    RemoteChange.objects.bulk_create(
        RemoteChange(
            account=account,
            entry_id=entry_id,
            email_id=email_id,
            operation=operation,
            wanted={"mailbox": target.pk},
            base={"mailbox": inbox.pk if inbox and places & Place.INBOX else mailbox_id},
            made_by=by,
        )
        for entry_id, email_id, mailbox_id, places in rows
    )
    _place_copies(account, entry_ids, target)


def _place_copies(account: MailAccount, entry_ids: Sequence[int], target: Mailbox) -> None:
    """An unfinished wish hides what the server says: the copies count as moved already."""
    by_label = moves_by_label(account, target)
    for ids in bulk.chunks(entry_ids):
        rows = MailboxEntry.objects.filter(pk__in=ids)
        for places in set(rows.values_list("places", flat=True)):
            after = places_after(places, target, by_label=by_label)
            rows.filter(places=places).update(places=after)


def _copies(thread_ids: Sequence[int]) -> QuerySet[MailboxEntry]:
    return MailboxEntry.objects.filter(
        email__thread__in=thread_ids, gone_at=None, outcome__in=_HERE
    )


_HERE = (Outcome.STORED, Outcome.DUPLICATE, Outcome.TOO_BIG)


def _current(threads: Iterable[Thread]) -> list[Thread]:
    """The rows as they are now, in one order for everybody, with their accounts."""
    ids = [thread.pk for thread in threads]
    rows = Thread.objects.filter(pk__in=ids, merged_into=None).select_related("account")
    return list(rows.order_by("id"))


def _by_account(rows: Iterable[Thread]) -> list[tuple[MailAccount, list[int]]]:
    accounts: dict[int, MailAccount] = {}
    ids: dict[int, list[int]] = {}
    for row in rows:
        accounts[row.account_id] = row.account
        ids.setdefault(row.account_id, []).append(row.pk)
    return [(accounts[number], ids[number]) for number in ids]


def _finish(account: MailAccount, thread_ids: Sequence[int]) -> None:
    from mailsync.tasks import replay_changes  # leaf: tasks import the domain

    refresh_threads(thread_ids)
    tell_threads_changed(account, thread_ids)
    if account.changes.filter(state=ChangeState.PENDING).exists():
        replay_changes.delay_on_commit(account.pk)
