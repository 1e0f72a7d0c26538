"""Replays local acts in the mailbox: in order, idempotently, looking before it repeats.

A change is `pending`, then `running` (committed before the command goes out), then `done`,
`failed` or `dropped`. One that is found `running` was cut off: the server may have done it, so
the mailbox is looked at first. Neighbouring changes of one kind are carried out as one command.

One that has to wait holds back what must come after it, which is all later changes of the same
mail, and nothing else. When a command for several is cut off they are tried one by one, so that
the one that cannot be done is left alone; when two of the same way (operation, folder, folder) are
cut off it is the way, and the others of it rest as long.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from itertools import groupby

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from mailsync.domain.fetching import Work
from mailsync.domain.ingest import add_keywords_of_entries
from mailsync.domain.mailboxes import (
    label_of,
    moves_by_label,
    places_after,
    places_of,
    with_role,
)
from mailsync.domain.news import note, tell_threads_changed
from mailsync.domain.polling import is_another, renumber
from mailsync.domain.thread_figures import refresh_threads
from mailsync.enums import ChangeOperation, ChangeState, MailboxRole, MailboxState
from mailsync.mime.parse import parse_header
from mailsync.models import Email, Mailbox, MailboxEntry, RemoteChange
from mailsync.providers.base import Indexed, Keyword, Moved, ProviderError, Reaction

BATCH = 200
# What failed for the moment is tried again after two minutes, then after twice as long each time,
# for sixteen hours: a server may be away for a night, and a wish is not dropped for that.
TRIES = 10
RETRY_AFTER = timedelta(minutes=2)
LONGEST_PAUSE = timedelta(hours=4)
WAITING = (ChangeState.PENDING, ChangeState.RUNNING)
FOR_GOOD = (Reaction.REFUSED, Reaction.MESSAGE, Reaction.MAILBOX)


def replay_waiting(work: Work) -> int:
    """Carries out what waits and is due. Returns how many changes were settled."""
    settled = 0
    numbered_anew: set[int] = set()
    while changes := _due(work, numbered_anew):
        moved: set[int | None] = set()
        for group in _groups(changes):
            if moved & {change.entry_id for change in group}:
                break  # Read before they were moved: their folder and UID are others now.
            try:
                _carry_out(work, group)
            except _NotYetError as error:
                numbered_anew.add(error.mailbox_id)
                break
            settled += len(group)
            if group[0].operation != ChangeOperation.KEYWORDS:
                moved |= {change.entry_id for change in group}
    return settled


def _due(work: Work, numbered_anew: Collection[int]) -> list[RemoteChange]:
    """The next that have to wait for nothing: neither for their time, nor for a folder, nor for
    an earlier change of the same mail that waits."""
    waiting = work.account.changes.filter(state__in=WAITING)
    waiting = waiting.exclude(operation=ChangeOperation.APPEND)
    not_now = Q(next_try_at__gt=timezone.now()) | Q(entry__mailbox__in=numbered_anew)
    earlier = waiting.filter(not_now, email=OuterRef("email"), pk__lte=OuterRef("pk"))
    rows = waiting.filter(~Exists(earlier)).select_related("entry__mailbox", "entry__email")
    return list(rows.order_by("id")[:BATCH])


def _groups(changes: Sequence[RemoteChange]) -> Iterator[list[RemoteChange]]:
    """Runs of changes that one command can do. An interrupted one stands alone."""

    def kind(change: RemoteChange) -> tuple[object, ...]:
        return (_way(change), change.pk if change.state == ChangeState.RUNNING else 0)

    for _, group in groupby(changes, key=kind):
        yield list(group)


def _way(change: RemoteChange) -> tuple[object, ...]:
    mailbox = change.entry.mailbox_id if change.entry else None
    return (change.operation, mailbox, str(change.wanted), change.base.get("mailbox"))


def _carry_out(work: Work, group: Sequence[RemoteChange]) -> None:
    """One command and its result."""
    _follow_renumbering(group)
    live = [c for c in group if c.entry and c.entry.gone_at is None]
    if lost := [c for c in group if c not in live]:
        # A remote deletion beats a local change of marks or place.
        _settle(work, lost, ChangeState.DROPPED)
    if not live:
        return
    was_running = live[0].state == ChangeState.RUNNING
    live = _claim(work, live)
    if not live:
        return
    try:
        if live[0].operation == ChangeOperation.KEYWORDS:
            _do_keywords(work, live)
        else:
            _do_move(work, live, look_first=was_running)
    except ProviderError as error:
        _after_error(work, live, error)


class _NotYetError(Exception):
    """The mailbox is being numbered anew; what waits for it is carried out after that."""

    def __init__(self, mailbox_id: int) -> None:
        super().__init__(mailbox_id)
        self.mailbox_id = mailbox_id


def _follow_renumbering(group: Sequence[RemoteChange]) -> None:
    """A copy of an older numbering has a successor once the mailbox is listed again."""
    for change in group:
        old = change.entry
        if old is None or old.gone_at is None or old.uidvalidity == old.mailbox.uidvalidity:
            continue
        successor = (
            MailboxEntry.objects.filter(
                mailbox=old.mailbox_id,
                email=old.email_id,
                uidvalidity=old.mailbox.uidvalidity or 0,
                gone_at=None,
            )
            .exclude(email=None)
            .select_related("mailbox", "email")
            .first()
        )
        if successor:
            change.entry = successor
            change.save(update_fields=["entry"])


def _claim(work: Work, changes: Sequence[RemoteChange]) -> list[RemoteChange]:
    """Those that may be carried out: what was taken back since it was read is left alone."""
    rows = RemoteChange.objects.filter(pk__in=[change.pk for change in changes])
    with transaction.atomic():
        work.lease.renew()
        rows.filter(state__in=WAITING).update(state=ChangeState.RUNNING)
        mine = set(rows.filter(state=ChangeState.RUNNING).values_list("pk", flat=True))
    return [change for change in changes if change.pk in mine]


def _do_keywords(work: Work, changes: Sequence[RemoteChange]) -> None:
    """Setting marks twice is setting them once, so nothing has to be looked at."""
    mailbox = _mailbox_of(changes[0])
    current = _still_numbered(work, mailbox, changes)
    uids = [change.entry.uid for change in current if change.entry]
    if uids:
        wanted = current[0].wanted
        work.store.set_keywords(
            uids,
            add=Keyword(wanted.get("add", 0)),
            remove=Keyword(wanted.get("remove", 0)),
        )
    _settle(work, current, ChangeState.DONE)


def _do_move(work: Work, changes: Sequence[RemoteChange], *, look_first: bool) -> None:
    source = _mailbox_of(changes[0])
    target = Mailbox.objects.filter(pk=changes[0].wanted["mailbox"], account=work.account).first()
    if target is None:
        raise ProviderError("mailbox_not_opened", Reaction.REFUSED)
    by_label = moves_by_label(work.account, target)
    if by_label and source.role == MailboxRole.ALL:
        _do_labels(work, changes, source, target)
        return
    if source.pk == target.pk:
        _settle(work, changes, ChangeState.DONE)
        return
    # On Gmail out of Trash or Spam: into All Mail, where the sync looks, and there to its label.
    place = with_role(work.account, MailboxRole.ALL) if by_label else target
    if place is None:
        raise ProviderError("mailbox_not_opened", Reaction.REFUSED)
    current = _still_numbered(work, source, changes)
    by_uid = {change.entry.uid: change for change in current if change.entry}
    there = set(work.store.uids()) if look_first else set(by_uid)
    moved = work.store.move([uid for uid in by_uid if uid in there], place.path)
    results = {one.uid: one for one in moved}
    for uid in by_uid:
        if uid not in there:
            results[uid] = Moved(uid)
    _find_moved(work, by_uid, results, place)
    if by_label and label_of(target):
        work.store.open(place.path, writable=True)
        new_uids = [one.new_uid for one in results.values() if one.new_uid is not None]
        work.store.set_labels(new_uids, add=[label_of(target)])
    _settle_moves(work, by_uid, results, place=place, target=target)


def _do_labels(
    work: Work, changes: Sequence[RemoteChange], source: Mailbox, target: Mailbox
) -> None:
    """A move inside Gmail's All Mail: one label less, another more. Doing it twice is doing it
    once, so nothing has to be looked at."""
    came_from = Mailbox.objects.filter(
        pk=changes[0].base.get("mailbox"), account=work.account
    ).first()
    add = {label_of(target)} - {""}
    remove = {label_of(came_from) if came_from else ""} - {"", *add}
    current = _still_numbered(work, source, changes)
    uids = [change.entry.uid for change in current if change.entry]
    if uids and (add or remove):
        work.store.set_labels(uids, add=add, remove=remove)
    with transaction.atomic():
        for change in current:
            if change.entry:
                labels = [one for one in change.entry.labels or () if one not in remove]
                change.entry.labels = [*labels, *sorted(add - set(labels))] or None
                change.entry.save(update_fields=["labels"])
        _settle(work, current, ChangeState.DONE)


def _find_moved(
    work: Work, by_uid: dict[int, RemoteChange], results: dict[int, Moved], place: Mailbox
) -> None:
    """Looks for those whose new UID nobody told."""
    unknown = [uid for uid in by_uid if uid not in results or results[uid].new_uid is None]
    if not unknown:
        return
    uidvalidity = work.store.open(place.path).uidvalidity
    for uid in unknown:
        entry = by_uid[uid].entry
        message_id = entry.email.message_id if entry and entry.email else ""
        hits = work.store.find(message_id) if message_id else []
        if hits:
            results[uid] = Moved(uid, uidvalidity, hits[-1])


def _settle_moves(
    work: Work,
    by_uid: dict[int, RemoteChange],
    results: dict[int, Moved],
    *,
    place: Mailbox,
    target: Mailbox,
) -> None:
    """Re-points each copy to its new place."""
    done = []
    sources = set()
    with transaction.atomic():
        work.lease.renew()
        for uid, change in by_uid.items():
            result = results.get(uid, Moved(uid))
            if change.entry:
                sources.add(change.entry.mailbox_id)
                _repoint(work, change.entry, result, place=place, target=target)
            done.append(change)
        _settle(work, done, ChangeState.DONE)
        # Our own moves must not look like drift: the counts are dropped, and the next round
        # lists the UIDs once.
        Mailbox.objects.filter(pk__in=[*sources, place.pk]).update(exists_seen=None)
        threads = set(
            Email.objects.filter(entries__in=[c.entry_id for c in done]).values_list(
                "thread_id", flat=True
            )
        )
        refresh_threads(threads)
        tell_threads_changed(work.account, threads)


def _repoint(
    work: Work, entry: MailboxEntry, moved: Moved, *, place: Mailbox, target: Mailbox
) -> None:
    if moved.new_uid is None:
        # The target's next round finds it by its content.
        entry.gone_at = timezone.now()
        entry.save(update_fields=["gone_at"])
        return
    validity = moved.uidvalidity or place.uidvalidity or 0
    twin = MailboxEntry.objects.filter(
        mailbox=place, uidvalidity=validity, uid=moved.new_uid
    ).first()
    if twin:
        if twin.email_id is None:
            twin.email_id, twin.outcome = entry.email_id, entry.outcome
            twin.save(update_fields=["email", "outcome"])
        RemoteChange.objects.filter(entry=entry).update(entry=twin)
        entry.delete()
        return
    entry.mailbox, entry.uidvalidity, entry.uid = place, validity, moved.new_uid
    by_label = moves_by_label(work.account, target)
    entry.places = places_after(entry.places, target, by_label=by_label)
    entry.save(update_fields=["mailbox", "uidvalidity", "uid", "places"])


def _mailbox_of(change: RemoteChange) -> Mailbox:
    if change.entry is None:
        raise ProviderError("message_not_had", Reaction.REFUSED)
    return change.entry.mailbox


def _still_numbered(
    work: Work, mailbox: Mailbox, changes: Sequence[RemoteChange]
) -> list[RemoteChange]:
    """Opens the mailbox for writing; a UID of another numbering would hit a stranger's mail, and so
    would one that a restored server gave anew without a word."""
    status = work.store.open(mailbox.path, writable=True)
    validity = status.uidvalidity or 0
    is_new_to_us = validity != (mailbox.uidvalidity or 0)
    if is_new_to_us or mailbox.state == MailboxState.RESYNC:
        raise _NotYetError(mailbox.pk)
    good = [c for c in changes if c.entry and c.entry.uidvalidity == validity]
    goes_down = bool(status.uidnext and status.uidnext <= mailbox.high_uid)
    if goes_down or (status.uidnext != mailbox.uidnext and _are_strangers(work, good)):
        renumber(work, mailbox, status)
        raise _NotYetError(mailbox.pk)
    if stale := [c for c in changes if c not in good]:
        _settle(work, stale, ChangeState.FAILED, error_code="state_lost")
    return good


def _are_strangers(work: Work, changes: Sequence[RemoteChange]) -> bool:
    """Whether one of these UIDs is another message now: one of another size or time of arrival
    under another Message-ID."""
    known = {change.entry.uid: change.entry for change in changes if change.entry}
    odd = [
        one.uid
        for one in work.store.index(known, with_headers=False)
        if one.uid in known
        and (one.size, one.received_at) != (known[one.uid].size, known[one.uid].received_at)
    ]
    if not odd:
        return False
    return any(_is_stranger(one, known[one.uid]) for one in work.store.index(odd))


def _is_stranger(one: Indexed, entry: MailboxEntry) -> bool:
    before = entry.email.message_id if entry.email else ""
    now = parse_header(one.header).message_id[:998]
    if before and now:
        return before != now
    return is_another(one, size=entry.size, received_at=entry.received_at)


def _settle(
    work: Work,
    changes: Sequence[RemoteChange],
    state: ChangeState,
    *,
    error_code: str = "",
) -> None:
    with transaction.atomic():
        work.lease.renew()
        RemoteChange.objects.filter(pk__in=[change.pk for change in changes]).update(
            state=state, error_code=error_code, done_at=timezone.now()
        )


def _after_error(work: Work, changes: Sequence[RemoteChange], error: ProviderError) -> None:
    if error.reaction in FOR_GOOD:
        _give_up(work, changes, error)
        return
    failed = [*changes, *_others_of_the_way(work, changes)]
    now = timezone.now()
    for change in failed:
        change.state, change.error_code = ChangeState.RUNNING, error.code
        change.attempts += 1
        pause = RETRY_AFTER * 2 ** (changes[0].attempts - 1)
        change.next_try_at = now + min(LONGEST_PAUSE, pause)
    with transaction.atomic():
        work.lease.renew()
        RemoteChange.objects.bulk_update(
            failed, ["state", "error_code", "attempts", "next_try_at"], batch_size=BATCH
        )
    if given_up := [change for change in failed if change.attempts >= TRIES]:
        _give_up(work, given_up, error)
    # Also then: nothing more goes over this connection.
    raise error


def _others_of_the_way(work: Work, changes: Sequence[RemoteChange]) -> list[RemoteChange]:
    """What would go the same way, where another one was cut off on it before: by itself, for
    one command for many says of none of them that it cannot be done."""
    if changes[0].attempts == 0:
        return []
    now = timezone.now()
    lately = Q(state=ChangeState.FAILED, attempts__gte=TRIES, done_at__gte=now - LONGEST_PAUSE)
    others = work.account.changes.filter(
        Q(state__in=WAITING) | lately, operation=changes[0].operation
    ).exclude(pk__in=[change.pk for change in changes])
    rest, were_cut_off = [], False
    for change in others.select_related("entry__mailbox", "entry__email"):
        if _way(change) != _way(changes[0]):
            continue
        waits = bool(change.next_try_at and change.next_try_at > now)
        if waits or change.state == ChangeState.FAILED:
            were_cut_off = True
        else:
            rest.append(change)
    return rest if were_cut_off else []


def _give_up(work: Work, changes: Sequence[RemoteChange], error: ProviderError) -> None:
    """The server's word stands again: marks and places go back to what it says."""
    with transaction.atomic():
        _settle(work, changes, ChangeState.FAILED, error_code=error.code)
        emails: set[int] = set()
        for change in changes:
            # As they are now: somebody may have marked or moved it again since.
            if change.entry is None:
                continue
            entry = change.entry
            entry.refresh_from_db()
            if change.operation == ChangeOperation.KEYWORDS:
                bits = change.wanted.get("add", 0) | change.wanted.get("remove", 0)
                before = change.base.get("keywords", entry.keywords)
                entry.keywords = (entry.keywords & ~bits) | (before & bits)
                entry.save(update_fields=["keywords"])
            else:
                entry.places = places_of(entry.mailbox, entry.labels or ())
                entry.save(update_fields=["places"])
            if entry.email_id:
                emails.add(entry.email_id)
        add_keywords_of_entries(emails)
        note(work.account, "change_not_done", count=len(changes), reason=error.code)
        threads = set(Email.objects.filter(pk__in=emails).values_list("thread_id", flat=True))
        refresh_threads(threads)
        tell_threads_changed(work.account, threads)
