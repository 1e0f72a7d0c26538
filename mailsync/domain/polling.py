"""A live round: what is new, changed and gone in a mailbox since the last look.

By arithmetic first: UIDNEXT, the count and HIGHESTMODSEQ of one STATUS say in most rounds that
nothing happened, and then nothing is asked and nothing written. The snapshot that is stored is
the one taken before the fetch, so that what arrives meanwhile is seen as new the next time.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from mailsync.domain import bulk
from mailsync.domain.connections import connected
from mailsync.domain.fetching import INDEX_BATCH, Work, fetch_waiting, index
from mailsync.domain.ingest import add_keywords_of_entries
from mailsync.domain.mailboxes import entries_count, places_of
from mailsync.domain.moved import entered_inbox, left_inbox
from mailsync.domain.news import note, tell_threads_changed
from mailsync.domain.thread_figures import refresh_threads
from mailsync.enums import ChangeOperation, ChangeState, MailboxState, Outcome, Place
from mailsync.models import Email, Mailbox, MailboxEntry, RemoteChange
from mailsync.providers.base import Indexed, KeywordChange, MailboxStatus

# Without CONDSTORE every message's marks have to be listed; the newest more often.
ALL_KEYWORDS_EVERY = timedelta(minutes=10)
NEWEST_KEYWORDS = 400
KEYWORDS_BATCH = 1000
# More than this at once is believed only after a second look.
MASS = 50
MASS_SHARE = 0.2
MAX_RESETS = 5
# Of a mailbox that is numbered anew time and again.
MISBEHAVES = "server_misbehaves"
SPOT_CHECKED = 5


def poll(work: Work, mailbox: Mailbox, snapshot: MailboxStatus) -> bool:
    """Brings one mailbox up to date. Returns whether there was anything to do."""
    if mailbox.state == MailboxState.NEW:
        start(work, mailbox, snapshot)
        return True
    if _is_renumbered(mailbox, snapshot):
        renumber(work, mailbox, snapshot)
        return True
    keywords_due = _keywords_due(mailbox, snapshot)
    if _is_unchanged(mailbox, snapshot) and not keywords_due:
        return False
    # What SELECT says is newer than the STATUS, and of the connection that is going to be asked.
    snapshot = work.store.open(mailbox.path)
    if _is_renumbered(mailbox, snapshot) or _are_others(work, mailbox, snapshot):
        renumber(work, mailbox, snapshot)
        return True
    arrived = _take_new(work, mailbox, snapshot)
    vanished = _take_changes(work, mailbox, snapshot)
    gone = _take_vanished(work, mailbox, snapshot, arrived=arrived, vanished=vanished)
    if not _adds_up(mailbox, snapshot, arrived=arrived, gone=gone):
        _find_missed(work, mailbox)
    _store_snapshot(work, mailbox, snapshot)
    return True


def start(work: Work, mailbox: Mailbox, snapshot: MailboxStatus) -> None:
    """The first look: everything there is lies below, everything to come above."""
    _set_watermarks(work, mailbox, snapshot)
    mailbox.state = MailboxState.BACKFILL
    _save(work, mailbox)


def _set_watermarks(work: Work, mailbox: Mailbox, snapshot: MailboxStatus) -> None:
    uidnext = snapshot.uidnext or (max(_uids(work, mailbox), default=0) + 1)
    mailbox.uidvalidity = snapshot.uidvalidity
    mailbox.uidnext = uidnext
    mailbox.high_uid = uidnext - 1
    mailbox.low_uid = uidnext
    mailbox.modseq = snapshot.modseq
    mailbox.exists_seen = snapshot.exists
    mailbox.last_full_at = timezone.now()


def renumber(work: Work, mailbox: Mailbox, snapshot: MailboxStatus) -> None:
    """UIDVALIDITY changed (RFC 9051 2.3.1.1): a new generation. Nothing is deleted: entries of
    the old one stand until the new list is complete, and lend their emails to it."""
    before = mailbox.uidvalidity
    mailbox.generation += 1
    mailbox.resets += 1
    _set_watermarks(work, mailbox, snapshot)
    mailbox.state = MailboxState.RESYNC
    mailbox.error_code = "state_lost"
    if mailbox.resets >= MAX_RESETS:
        mailbox.state, mailbox.error_code = MailboxState.PARKED, MISBEHAVES
    # One write: between two a killed process would leave a new numbering without the old
    # generation's end being due.
    with transaction.atomic():
        _save(work, mailbox)
        if mailbox.uidvalidity == before:
            # A server that gives the same UIDs anew and does not say so: the old copies step
            # aside. UIDVALIDITY has 32 bits, so nothing the server says is ever above.
            aside = (before or 0) + (mailbox.generation << 32)
            mailbox.entries.filter(uidvalidity=before or 0).update(uidvalidity=aside)
    note(work.account, "state_lost", mailbox=mailbox.pk, generation=mailbox.generation)


def apply_keywords(work: Work, mailbox: Mailbox, changes: Iterable[KeywordChange]) -> None:
    """Takes over the server's marks. A local change that still waits keeps its own bits."""
    for batch in bulk.chunks(sorted(changes, key=lambda c: (c.modseq or 0, c.uid)), KEYWORDS_BATCH):
        _apply_keyword_batch(work, mailbox, batch)


def _apply_keyword_batch(work: Work, mailbox: Mailbox, batch: Sequence[KeywordChange]) -> None:
    by_uid = {change.uid: change for change in batch}
    with transaction.atomic():
        work.lease.renew()
        rows = bulk.select(
            "SELECT id, uid, keywords, email_id FROM mailsync_mailboxentry"
            " WHERE uid {among} AND mailbox_id = %s AND uidvalidity = %s",
            by_uid,
            mailbox.pk,
            mailbox.uidvalidity or 0,
        )
        local = _waiting_keywords([row[0] for row in rows])
        updates, emails = [], set()
        for entry_id, uid, old, email_id in rows:
            add, remove = local.get(entry_id, (0, 0))
            new = (int(by_uid[uid].keywords) | add) & ~remove
            if new != old:
                updates.append((new, by_uid[uid].modseq, entry_id))
                emails.add(email_id)
        bulk.update(MailboxEntry, columns=("keywords", "modseq"), rows=updates)
        emails |= _take_labels(work, mailbox, batch)
        _refresh_emails(work, emails - {None})


def _take_labels(work: Work, mailbox: Mailbox, batch: Sequence[KeywordChange]) -> set[int | None]:
    """Takes over Gmail's labels, which say where a copy lies. A local move that still waits keeps
    the copy where it put it. Returns the emails whose place is another one now."""
    told = {change.uid: change.labels for change in batch if change.labels is not None}
    if not told:
        return set()
    rows = MailboxEntry.objects.filter(
        mailbox=mailbox, uidvalidity=mailbox.uidvalidity or 0, uid__in=told
    ).values_list("id", "uid", "email_id", "places", "labels", "outcome")
    changed = [row for row in rows if tuple(row[4] or ()) != told[row[1]]]
    moving = _moving([row[0] for row in changed])
    updates: list[tuple[Any, ...]] = []
    entered: set[int] = set()
    left: set[int] = set()
    for entry_id, uid, email_id, old, _labels, outcome in changed:
        labels = told[uid]
        new = old if entry_id in moving else places_of(mailbox, labels)
        is_let_in = outcome == Outcome.NOT_CHOSEN and work.choice.has_chosen(mailbox.role, labels)
        result = Outcome.SEEN if is_let_in else outcome
        if new != old and email_id:
            (entered if new & Place.INBOX else left).add(email_id)
        updates.append((bulk.document(list(labels) or None), new, str(result), entry_id))
    bulk.update(MailboxEntry, columns=("labels", "places", "outcome"), rows=updates)
    entered_inbox(entered)
    left_inbox(left)
    return {*entered, *left}


def _moving(entry_ids: Sequence[int]) -> set[int]:
    """Those that a local act, not yet replayed, moves."""
    waiting = RemoteChange.objects.filter(
        entry__in=entry_ids,
        operation__in=(ChangeOperation.MOVE, ChangeOperation.DELETE),
        state__in=(ChangeState.PENDING, ChangeState.RUNNING),
    )
    return {number for number in waiting.values_list("entry_id", flat=True) if number}


def _waiting_keywords(entry_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Bits that local changes, not yet replayed, add to and remove from these entries."""
    waiting: dict[int, tuple[int, int]] = {}
    for entry_id, value in bulk.select(
        "SELECT entry_id, wanted FROM mailsync_remotechange"
        " WHERE entry_id {among} AND operation = %s AND state IN (%s, %s) ORDER BY id",
        entry_ids,
        str(ChangeOperation.KEYWORDS.value),
        str(ChangeState.PENDING.value),
        str(ChangeState.RUNNING.value),
    ):
        wanted = bulk.document_of(value)
        add, remove = waiting.get(entry_id, (0, 0))
        plus, minus = wanted.get("add", 0), wanted.get("remove", 0)
        waiting[entry_id] = ((add | plus) & ~minus, (remove | minus) & ~plus)
    return waiting


def _refresh_emails(work: Work, email_ids: Iterable[int]) -> None:
    ids = sorted(set(email_ids))
    if not ids:
        return
    add_keywords_of_entries(ids)
    touched: set[int] = set()
    for some in bulk.chunks(ids):
        touched.update(Email.objects.filter(pk__in=some).values_list("thread_id", flat=True))
    refresh_threads(touched)
    tell_threads_changed(work.account, touched)


def _is_renumbered(mailbox: Mailbox, snapshot: MailboxStatus) -> bool:
    if snapshot.uidvalidity and snapshot.uidvalidity != mailbox.uidvalidity:
        return True
    # UIDs that go down break RFC 9051 2.3.1.1 as much as a new UIDVALIDITY.
    return bool(snapshot.uidnext and snapshot.uidnext <= mailbox.high_uid)


def _are_others(work: Work, mailbox: Mailbox, snapshot: MailboxStatus) -> bool:
    """Whether the newest copies that we know are other messages now: a restored server may count
    past where it was before we look, with the UIDVALIDITY it had."""
    if snapshot.uidnext == mailbox.uidnext:
        return False
    known = {
        uid: (size, received_at)
        for uid, size, received_at in mailbox.entries.filter(
            uidvalidity=mailbox.uidvalidity or 0, gone_at=None, uid__lte=mailbox.high_uid
        )
        .order_by("-uid")
        .values_list("uid", "size", "received_at")[:SPOT_CHECKED]
    }
    if not known:
        return False
    return any(
        is_another(one, size=known[one.uid][0], received_at=known[one.uid][1])
        for one in work.store.index(known, with_headers=False)
        if one.uid in known
    )


def is_another(one: Indexed, *, size: int, received_at: datetime | None) -> bool:
    """Whether this is not the message that we know by its UID. Neither time of arrival nor size
    may change (RFC 9051 2.3.3, 2.3.4), but there are servers that only estimate the size."""
    return received_at is not None and size != one.size and received_at != one.received_at


def _is_unchanged(mailbox: Mailbox, snapshot: MailboxStatus) -> bool:
    return (
        snapshot.uidnext is not None
        and snapshot.uidnext == mailbox.uidnext
        and snapshot.exists == mailbox.exists_seen
        and (snapshot.modseq is None or snapshot.modseq == mailbox.modseq)
    )


def _keywords_due(mailbox: Mailbox, snapshot: MailboxStatus) -> bool:
    if snapshot.modseq is not None:
        return False
    return (
        mailbox.last_full_at is None or timezone.now() - mailbox.last_full_at >= ALL_KEYWORDS_EVERY
    )


def _take_new(work: Work, mailbox: Mailbox, snapshot: MailboxStatus) -> int:
    """Indexes and fetches everything above the high watermark, oldest first, so that a cut
    leaves a watermark below which nothing is missing. Returns how many there were."""
    first = mailbox.high_uid + 1
    if snapshot.uidnext is not None and snapshot.uidnext <= first:
        return 0
    if snapshot.uidnext is not None and snapshot.uidnext - first <= INDEX_BATCH:
        uids = list(range(first, snapshot.uidnext))
    else:
        uids = [uid for uid in _uids(work, mailbox) if uid >= first]
    arrived = 0
    for start_at in range(0, len(uids), INDEX_BATCH):
        batch = uids[start_at : start_at + INDEX_BATCH]
        arrived += index(work, mailbox, batch, high_uid=batch[-1])
        for _ in fetch_waiting(work, mailbox, limit=len(batch)):
            pass
    return arrived


def _take_changes(work: Work, mailbox: Mailbox, snapshot: MailboxStatus) -> list[int] | None:
    """Applies changed marks. Returns the UIDs that vanished, None when the server cannot tell."""
    if snapshot.modseq is not None and mailbox.modseq is not None:
        if snapshot.modseq == mailbox.modseq:
            return []
        if snapshot.modseq > mailbox.modseq:
            changes, vanished = work.store.changed_since(
                mailbox.modseq, snapshot.uidvalidity or mailbox.uidvalidity or 0
            )
            apply_keywords(work, mailbox, changes)
            return vanished
    # No MODSEQ, or one that went down (seen in the wild): list the marks.
    newest = max(1, mailbox.high_uid - NEWEST_KEYWORDS + 1)
    everything = _keywords_due(mailbox, snapshot) or snapshot.modseq is not None
    apply_keywords(work, mailbox, work.store.keywords(1 if everything else newest))
    if everything:
        mailbox.last_full_at = timezone.now()
    return None


def _take_vanished(
    work: Work,
    mailbox: Mailbox,
    snapshot: MailboxStatus,
    *,
    arrived: int,
    vanished: list[int] | None,
) -> int:
    """Returns how many of our copies are gone."""
    if vanished is None:
        if mailbox.exists_seen is not None and mailbox.exists_seen + arrived == snapshot.exists:
            return 0
        vanished = _missing_here(mailbox, there=_uids(work, mailbox))
    if not vanished:
        return 0
    if len(vanished) > MASS and len(vanished) > MASS_SHARE * entries_count(mailbox):
        note(work.account, "mass_deletion_checked", mailbox=mailbox.pk, count=len(vanished))
        with connected(work.account) as second:
            second.open(mailbox.path)
            vanished = sorted(set(vanished) - set(second.uids()))
    return mark_gone(work, mailbox, vanished)


def _adds_up(mailbox: Mailbox, snapshot: MailboxStatus, *, arrived: int, gone: int) -> bool:
    """Whether we know as many copies as the server counts. Until older mail is complete there is
    nothing to compare."""
    if mailbox.state != MailboxState.LIVE or snapshot.exists is None:
        return True
    if mailbox.exists_seen is None:
        return entries_count(mailbox) == snapshot.exists
    return mailbox.exists_seen + arrived - gone == snapshot.exists


def _find_missed(work: Work, mailbox: Mailbox) -> None:
    """Takes in what the server has and did not list when it was asked for it. A message that it
    will not even list now waits like one whose content did not come, and is shown as such."""
    there = [uid for uid in _uids(work, mailbox) if uid <= mailbox.high_uid]
    known = mailbox.entries.filter(uidvalidity=mailbox.uidvalidity or 0)
    live = set(known.filter(gone_at=None).values_list("uid", flat=True).iterator(chunk_size=5000))
    missed = [uid for uid in there if uid not in live]
    if not missed:
        return
    note(work.account, "missed_mail_found", mailbox=mailbox.pk, count=len(missed))
    for batch in bulk.chunks(missed, INDEX_BATCH):
        index(work, mailbox, batch)
        with transaction.atomic():
            work.lease.renew()
            rows = known.filter(uid__in=batch)
            # Marked gone by mistake.
            rows.update(gone_at=None)
            unlisted = set(batch) - set(rows.values_list("uid", flat=True))
            MailboxEntry.objects.bulk_create(
                MailboxEntry(
                    mailbox=mailbox,
                    uidvalidity=mailbox.uidvalidity or 0,
                    uid=uid,
                    places=places_of(mailbox, ()),
                )
                for uid in sorted(unlisted)
            )
            _refresh_emails(work, set(rows.values_list("email_id", flat=True)) - {None})
        for _ in fetch_waiting(work, mailbox, limit=len(batch)):
            pass


def _missing_here(mailbox: Mailbox, *, there: Sequence[int]) -> list[int]:
    present = set(there)
    known = MailboxEntry.objects.filter(
        mailbox=mailbox, uidvalidity=mailbox.uidvalidity or 0, gone_at=None
    ).values_list("uid", flat=True)
    return [uid for uid in known.iterator(chunk_size=5000) if uid not in present]


def mark_gone(work: Work, mailbox: Mailbox, uids: Iterable[int]) -> int:
    """These copies are not in the mailbox any more. Whether their emails go too is decided when
    no other mailbox has shown them for a while: a move looks like this first. Returns how many."""
    now = timezone.now()
    count = 0
    for some in bulk.chunks(uids):
        with transaction.atomic():
            work.lease.renew()
            rows = MailboxEntry.objects.filter(
                mailbox=mailbox, uidvalidity=mailbox.uidvalidity or 0, uid__in=some, gone_at=None
            )
            emails = set(rows.values_list("email_id", flat=True)) - {None}
            in_inbox = rows.filter(email__isnull=False).annotate(
                inbox=F("places").bitand(int(Place.INBOX))
            )
            left = set(in_inbox.filter(inbox__gt=0).values_list("email_id", flat=True))
            count += rows.update(gone_at=now)
            left_inbox(left)
            _refresh_emails(work, emails)
    return count


def _store_snapshot(work: Work, mailbox: Mailbox, snapshot: MailboxStatus) -> None:
    mailbox.uidnext = snapshot.uidnext
    if snapshot.uidnext is not None:
        mailbox.high_uid = max(mailbox.high_uid, snapshot.uidnext - 1)
    mailbox.modseq = snapshot.modseq
    mailbox.exists_seen = snapshot.exists
    if mailbox.state == MailboxState.LIVE:
        mailbox.resets = 0
    _save(work, mailbox)


def _save(work: Work, mailbox: Mailbox) -> None:
    with transaction.atomic():
        work.lease.renew()
        mailbox.save(
            update_fields=[
                "uidvalidity",
                "uidnext",
                "high_uid",
                "low_uid",
                "modseq",
                "exists_seen",
                "state",
                "generation",
                "resets",
                "last_full_at",
                "error_code",
            ]
        )


def finish_renumbering(work: Work, mailbox: Mailbox) -> None:
    """The new list is complete: copies of older generations are not there any more."""
    now = timezone.now()
    with transaction.atomic():
        work.lease.renew()
        old = mailbox.entries.filter(gone_at=None).exclude(uidvalidity=mailbox.uidvalidity or 0)
        emails = set(old.values_list("email_id", flat=True)) - {None}
        old.update(gone_at=now)
        _refresh_emails(work, emails)


def _uids(work: Work, mailbox: Mailbox) -> list[int]:
    work.store.open(mailbox.path)
    return work.store.uids()
