"""Joining and separating threads: by rule while mail comes in, or by a user's word."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q

from crm.models.attached import RECORD_FIELDS
from mailsync.domain import bulk
from mailsync.domain.thread_figures import refresh_threads
from mailsync.models import (
    Email,
    EmailReference,
    Submission,
    Thread,
    ThreadAddress,
    ThreadLink,
    ThreadSeparation,
)
from mailsync.signals import threads_changed, threads_merged
from sharing.enums import ThreadVisibility


class ThreadError(Exception):
    """These threads cannot be joined or taken apart like that."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move has changed beside the emails' place, for the way back: whether the two threads
    are kept apart since, and whether the one they went to is shared no more."""

    has_parted: bool
    has_hidden: bool


def apply_merges(pairs: Iterable[tuple[int, int]]) -> None:
    """Moves everything of each second thread to the first. Inside the caller's transaction;
    the caller refreshes the kept ones."""
    for kept, gone in pairs:
        _merge(kept, gone)


@transaction.atomic
def merge_threads(kept: Thread, others: Iterable[Thread], *, by: Any) -> Thread:
    """Joins threads because a user says so; the oldest row stays."""
    del by  # who may is the page's question; who did is in the log of acts above
    threads = sorted({kept, *others}, key=lambda thread: thread.pk)
    if len({thread.account_id for thread in threads}) != 1:
        raise ThreadError("threads of several accounts")
    stays, *gone = threads
    ids = [thread.pk for thread in threads]
    ThreadSeparation.objects.filter(first__in=ids, second__in=ids).delete()
    apply_merges((stays.pk, thread.pk) for thread in gone)
    refresh_threads([stays.pk])
    _tell(stays.account_id, ids)
    stays.refresh_from_db()
    return stays


@transaction.atomic
def split_thread(thread: Thread, emails: Iterable[Email], *, by: Any) -> Thread:
    """Moves these emails of a thread to a new one, and remembers that they are two."""
    del by
    moving = _leaving(thread, emails)
    new = Thread.objects.create(account_id=thread.account_id, visibility=thread.visibility)
    _keep_apart(thread, new)
    _remember_removed_links(thread, new)
    _carry_over(thread, moving, new)
    new.refresh_from_db()
    return new


@transaction.atomic
def move_emails(thread: Thread, emails: Iterable[Email], *, to: Thread, by: Any) -> Moved:
    """Moves these emails of a thread to another one of its account, and remembers that they are
    two. The other one is shared afterwards only if both were: a move must not publish anything."""
    del by
    if to.account_id != thread.account_id or to.pk == thread.pk or to.merged_into_id:
        raise ThreadError("not another thread of this account")
    moving = _leaving(thread, emails)
    visibility = _closer(thread, to)
    has_hidden = visibility != to.visibility
    if has_hidden:
        Thread.objects.filter(pk=to.pk).update(visibility=visibility)
    has_parted = _keep_apart(thread, to)
    _carry_over(thread, moving, to)
    return Moved(has_parted=has_parted, has_hidden=has_hidden)


@transaction.atomic
def move_back(thread: Thread, emails: Iterable[Email], *, to: Thread, moved: Moved) -> None:
    """Takes a move from `to` to `thread` back, with what it has changed beside: but shared again
    is only what holds no other mail that was hidden when it came."""
    if to.account_id != thread.account_id or to.pk == thread.pk:
        raise ThreadError("not another thread of this account")
    moving = _leaving(thread, emails)
    if moved.has_hidden and not holding_hidden_mail([thread.pk], but_of=[to.pk]):
        Thread.objects.filter(pk=thread.pk).update(visibility=ThreadVisibility.SHARED)
    if moved.has_parted:
        ThreadSeparation.objects.filter(**_pair(thread, to)).delete()
    _carry_over(thread, moving, to)


def holding_hidden_mail(thread_ids: Iterable[int], *, but_of: Iterable[int] = ()) -> set[int]:
    """Those of the threads into which mail may have come out of another one that is not shared, by
    a move (which leaves a separation) or with the whole of it. `but_of` are no such others."""
    found: set[int] = set()
    hidden = Thread.objects.exclude(visibility=ThreadVisibility.SHARED).exclude(pk__in=but_of)
    for ids in bulk.chunks(thread_ids, 400):
        merged = hidden.filter(merged_into__in=ids).values_list("merged_into", flat=True)
        found.update(pk for pk in merged if pk)
        for one, other in (("first", "second"), ("second", "first")):
            apart = ThreadSeparation.objects.filter(**{f"{one}__in": ids})
            pairs: dict[int, set[int]] = {}
            for thread_id, other_id in apart.values_list(one, other):
                pairs.setdefault(other_id, set()).add(thread_id)
            for other_id in hidden.filter(pk__in=pairs).values_list("pk", flat=True):
                found |= pairs[other_id]
    return found


def _leaving(thread: Thread, emails: Iterable[Email]) -> list[Email]:
    """Those of the emails that are in the thread; some of it has to stay."""
    moving = [email for email in emails if email.thread_id == thread.pk]
    stays = thread.emails.exclude(pk__in=[email.pk for email in moving])
    if not moving or not stays.exists():
        raise ThreadError("nothing would be left in one of the two")
    return moving


def _remember_removed_links(thread: Thread, new: Thread) -> None:
    """Whoever took a link away meant these mails too: no rule makes it for their new thread."""
    rows = list(thread.links.filter(removed_at__isnull=False))
    for row in rows:
        row.pk, row.thread = None, new
    ThreadLink.objects.bulk_create(rows)


def _keep_apart(one: Thread, other: Thread) -> bool:
    """No rule joins these two from now on. Whether that is new."""
    return ThreadSeparation.objects.get_or_create(**_pair(one, other))[1]


def _pair(one: Thread, other: Thread) -> dict[str, Any]:
    first, second = sorted((one.pk, other.pk))
    return {"first_id": first, "second_id": second}


def _carry_over(thread: Thread, moving: list[Email], to: Thread) -> None:
    """Emails go to another thread, and so will the answers to them."""
    Email.objects.filter(pk__in=[email.pk for email in moving]).update(thread=to)
    own = [email.message_id_hash for email in moving if email.message_id_hash]
    EmailReference.objects.filter(account_id=thread.account_id, message_id_hash__in=own).update(
        thread=to
    )
    rebuild_addresses([thread.pk, to.pk])
    refresh_threads([thread.pk, to.pk])
    _tell(thread.account_id, [thread.pk, to.pk])


def rebuild_addresses(thread_ids: Iterable[int]) -> None:
    """Makes the address rows of these threads from their emails."""
    ids = list(thread_ids)
    ThreadAddress.objects.filter(thread__in=ids).delete()
    found: dict[tuple[int, str], str] = {}
    for thread_id, address, name, recipients in Email.objects.filter(thread__in=ids).values_list(
        "thread_id", "from_address", "from_name", "recipients"
    ):
        people = [(address, name), *((there, called) for _, called, there in recipients)]
        for there, called in people:
            if there:
                found[thread_id, there] = found.get((thread_id, there)) or called
    bulk.insert_missing(
        ThreadAddress,
        ("thread_id", "address", "name"),
        [(thread, address, name[:200]) for (thread, address), name in found.items()],
    )


def _merge(kept: int, gone: int) -> None:
    rows = Thread.objects.in_bulk([kept, gone])
    Email.objects.filter(thread=gone).update(thread=kept)
    EmailReference.objects.filter(thread=gone).update(thread=kept)
    Submission.objects.filter(thread=gone).update(thread=kept)
    taken = ThreadAddress.objects.filter(thread=kept).values("address")
    ThreadAddress.objects.filter(thread=gone).exclude(address__in=taken).update(thread=kept)
    ThreadAddress.objects.filter(thread=gone).delete()
    _move_links(kept, gone)
    _move_separations(kept, gone)
    changes: dict[str, Any] = {"visibility": _closer(rows[kept], rows[gone])}
    # Whoever decided something about either half meant the conversation.
    for name in ("snoozed_until", "muted_at", "assigned_to_id"):
        changes[name] = getattr(rows[kept], name) or getattr(rows[gone], name)
    if not (rows[kept].trashed_at and rows[gone].trashed_at):
        changes["trashed_at"] = None
    Thread.objects.filter(pk=kept).update(**changes)
    Thread.objects.filter(merged_into=gone).update(merged_into=kept)
    Thread.objects.filter(pk=gone).update(merged_into=kept, provider_thread_id="")
    threads_merged.send(sender=None, kept_id=kept, gone_id=gone)
    refresh_threads([gone])


def _closer(first: Thread, second: Thread) -> str:
    """Of two visibilities the one that shows less: a merge must not publish anything."""
    shared = first.visibility == second.visibility == ThreadVisibility.SHARED
    if shared:
        return first.visibility
    return next(
        thread.visibility
        for thread in (first, second)
        if thread.visibility != ThreadVisibility.SHARED
    )


def _move_links(kept: int, gone: int) -> None:
    _remove_what_the_other_has_removed(kept, gone)
    has_main = ThreadLink.objects.filter(thread=kept, is_main=True).exists()
    if has_main:
        ThreadLink.objects.filter(thread=gone).update(is_main=False)
    for name in RECORD_FIELDS:
        taken = ThreadLink.objects.filter(thread=kept, **{f"{name}__isnull": False}).values(name)
        ThreadLink.objects.filter(thread=gone, **{f"{name}__isnull": False}).exclude(
            **{f"{name}__in": taken}
        ).update(thread=kept)
    # What is left is there twice.
    ThreadLink.objects.filter(thread=gone).delete()


def _remove_what_the_other_has_removed(kept: int, gone: int) -> None:
    """A link that was taken away from one half would show its mails again by the other half's."""
    for row in ThreadLink.objects.filter(thread=gone, removed_at__isnull=False):
        name = next(one for one in RECORD_FIELDS if getattr(row, f"{one}_id"))
        same = ThreadLink.objects.standing().filter(thread=kept)
        same.filter(**{name: getattr(row, f"{name}_id")}).update(
            removed_at=row.removed_at, removed_by=row.removed_by_id, is_main=False
        )


def _move_separations(kept: int, gone: int) -> None:
    rows = ThreadSeparation.objects.filter(Q(first=gone) | Q(second=gone))
    others = {row.second_id if row.first_id == gone else row.first_id for row in rows} - {kept}
    rows.delete()
    bulk.insert_missing(
        ThreadSeparation,
        ("first_id", "second_id"),
        [(min(kept, other), max(kept, other)) for other in others],
    )


def _tell(account_id: int, thread_ids: list[int]) -> None:
    transaction.on_commit(
        lambda: threads_changed.send(sender=None, account_id=account_id, thread_ids=thread_ids)
    )
