"""Moves of conversations to a folder that somebody names, and back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from mailsync.domain.mailboxes import moves_by_label
from mailsync.domain.wishes import (
    by_account,
    copies_of,
    current_rows,
    finish,
    queue_moves,
    take_back_moves,
)
from mailsync.enums import ChangeOperation, MailboxRole, Place, Placement
from mailsync.models import Mailbox, MailboxEntry, RemoteChange, Thread


@dataclass(frozen=True, slots=True)
class Moves:
    """The threads that were moved, where each was placed before, and the last change before
    these moves."""

    placements: dict[int, str]
    after: int


@transaction.atomic
def move_threads(threads: Iterable[Thread], target: Mailbox, *, by: Any) -> Moves:
    """To a folder of their account. Whoever names a folder means the mailbox, so this is carried
    out there whatever the account mirrors. What was sent stays in Sent, drafts in Drafts."""
    rows = [
        row
        for row in current_rows(threads)
        if row.account_id == target.account_id and row.trashed_at is None
    ]
    copies = _movable([row.pk for row in rows], target)
    moving = set(copies.values_list("email__thread", flat=True))
    before = {row.pk: row.placement for row in rows if row.pk in moving}
    if not before:
        return Moves({}, 0)
    last = RemoteChange.objects.order_by("-id").values_list("id", flat=True).first() or 0
    queue_moves(target.account, copies, target, operation=ChangeOperation.MOVE, by=by)
    # Where it lies is the mailbox's word again.
    Thread.objects.filter(pk__in=before).update(placement=Placement.NONE, placed_at=None)
    finish(target.account, list(before))
    return Moves(before, last)


@transaction.atomic
def move_threads_back(
    threads: Iterable[Thread], *, after: int, placement: str, by: Any
) -> list[int]:
    """Takes moves of `move_threads` back: those made after this change."""
    rows = [row for row in current_rows(threads) if row.trashed_at is None]
    for account, thread_ids in by_account(rows):
        take_back_moves(account, thread_ids, operation=ChangeOperation.MOVE, by=by, after=after)
        Thread.objects.filter(pk__in=thread_ids).update(
            placement=placement, placed_at=timezone.now() if placement else None
        )
        finish(account, thread_ids)
    return [row.pk for row in rows]


def _movable(thread_ids: Sequence[int], target: Mailbox) -> QuerySet[MailboxEntry]:
    """Copies that lie where people file, and not in this folder yet."""
    filed = int(Place.INBOX | Place.ARCHIVE | Place.OTHER | Place.JUNK)
    copies = copies_of(thread_ids).annotate(filed=F("places").bitand(filed)).filter(filed__gt=0)
    if not moves_by_label(target.account, target):
        return copies.exclude(mailbox=target)
    if target.role == MailboxRole.INBOX:
        inbox = F("places").bitand(int(Place.INBOX))
        return copies.annotate(inbox=inbox).filter(inbox=0)
    return copies
