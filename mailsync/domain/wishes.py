"""What people want to happen in the mailbox: a RemoteChange for each copy on the server.

Each is written in the transaction of the act that it belongs to, and replayed in order
(`replay`). Copies count at once as marked and moved, and a wish that still waits is replaced by a
later one that says something else of the same.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from mailsync.domain import bulk
from mailsync.domain.mailboxes import is_gmail, moves_by_label, places_after, with_role
from mailsync.domain.news import tell_threads_changed
from mailsync.domain.thread_figures import refresh_threads
from mailsync.enums import ChangeOperation, ChangeState, MailboxRole, Outcome, Place
from mailsync.models import MailAccount, Mailbox, MailboxEntry, RemoteChange, Thread

_HERE = (Outcome.STORED, Outcome.DUPLICATE, Outcome.TOO_BIG)


def current_rows(threads: Iterable[Thread]) -> list[Thread]:
    """The rows as they are now, in one order for everybody, with their accounts."""
    ids = [thread.pk for thread in threads]
    rows = Thread.objects.filter(pk__in=ids, merged_into=None).select_related("account")
    return list(rows.order_by("id"))


def by_account(rows: Iterable[Thread]) -> list[tuple[MailAccount, list[int]]]:
    accounts: dict[int, MailAccount] = {}
    ids: dict[int, list[int]] = {}
    for row in rows:
        accounts[row.account_id] = row.account
        ids.setdefault(row.account_id, []).append(row.pk)
    return [(accounts[number], ids[number]) for number in ids]


def copies_of(thread_ids: Sequence[int]) -> QuerySet[MailboxEntry]:
    return MailboxEntry.objects.filter(
        email__thread__in=thread_ids, gone_at=None, outcome__in=_HERE
    )


def with_bits(*, add: int, remove: int) -> Any:
    return F("keywords").bitor(int(add)).bitand(~int(remove) & 0x7FFF)


def set_bits(rows: QuerySet[Any], *, add: int, remove: int) -> None:
    rows.update(keywords=with_bits(add=add, remove=remove))


def queue_keywords(
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


def queue_moves(
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
    place_copies(account, entry_ids, target)


def place_copies(account: MailAccount, entry_ids: Sequence[int], target: Mailbox) -> None:
    """An unfinished wish hides what the server says: the copies count as moved already."""
    by_label = moves_by_label(account, target)
    for ids in bulk.chunks(entry_ids):
        rows = MailboxEntry.objects.filter(pk__in=ids)
        for places in set(rows.values_list("places", flat=True)):
            after = places_after(places, target, by_label=by_label)
            rows.filter(places=places).update(places=after)


def take_back_moves(
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
        place_copies(account, [pk for pk, box in back.items() if box == target], target)


def finish(account: MailAccount, thread_ids: Sequence[int]) -> None:
    from mailsync.tasks import replay_changes  # leaf: tasks import the domain

    refresh_threads(thread_ids)
    tell_threads_changed(account, thread_ids)
    if account.changes.filter(state=ChangeState.PENDING).exists():
        replay_changes.delay_on_commit(account.pk)
