"""One slice of an account's sync.

A mailbox walks `new -> backfill -> live`. From anywhere it goes to `resync` when the server
numbers it anew (then it is listed again and known mail is recognised), to `parked` when it cannot
be opened (tried again after six hours), and to `gone` when the server has not listed it for an
hour. The state is the row; each step may be cut off anywhere and is safe to do again.

A slice replays what people did here, then looks at every mailbox, then fetches older mail newest
first until its time is over, and hands back. So accounts take turns, and new mail of an account
waits for one slice at most. Nothing outside the database is state: tasks and bells only say
"look now".
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from mailsync import signals
from mailsync.domain import blobs, leases
from mailsync.domain.connections import slice_store
from mailsync.domain.failures import react, recovered, wait_for_disk
from mailsync.domain.fetching import (
    INDEX_BATCH,
    Work,
    index,
    mailboxes_waiting,
    waiting,
)
from mailsync.domain.filters import Choice
from mailsync.domain.folder_roles import place_again
from mailsync.domain.leases import LeaseLostError
from mailsync.domain.mailboxes import count_left_out, entries_count, refresh_mailboxes, walked
from mailsync.domain.polling import MISBEHAVES, finish_renumbering, poll, renumber
from mailsync.domain.removal import remove_gone_emails
from mailsync.domain.replay import replay_waiting
from mailsync.domain.sent import store_sent
from mailsync.domain.setting_aside import (
    STALLED,
    fetch_with_care,
    in_turn,
    put_down_to,
    statuses,
    went_well,
)
from mailsync.domain.waiting import what_waits
from mailsync.enums import MailboxRole, MailboxState
from mailsync.models import MailAccount, Mailbox
from mailsync.providers.base import ProviderError, Reaction

logger = logging.getLogger(__name__)

SLICE_SECONDS = 20.0
# While older mail is fetched the mailboxes are looked at again this often.
LOOK_AGAIN_SECONDS = 10.0
LIST_EVERY = timedelta(minutes=10)
POLL_WITH_IDLE = timedelta(seconds=60)
POLL_WITHOUT_IDLE = timedelta(seconds=30)
PARKED_FOR = timedelta(hours=6)
FILLING = (MailboxState.BACKFILL, MailboxState.RESYNC)
PRIMARY = (MailboxRole.INBOX, MailboxRole.SENT, MailboxRole.ALL)


@dataclass(frozen=True, slots=True)
class Slice:
    """How a slice ended."""

    was_run: bool  # False: another process has the account, or it is stopped
    has_more: bool = False


def sync_account(account_id: int, *, seconds: float = SLICE_SECONDS) -> Slice:
    """Syncs for about so long. Never raises for trouble of server or mailbox: that is noted on
    the account's row, with the time of the next try."""
    with leases.held(account_id) as lease:
        if lease is None:
            return Slice(was_run=False)
        account = MailAccount.objects.get(pk=account_id)
        if not blobs.has_room():
            wait_for_disk(account)
            return Slice(was_run=True)
        try:
            return Slice(was_run=True, has_more=_run(account, lease, until=_now() + seconds))
        except LeaseLostError:
            return Slice(was_run=True)
        except ProviderError as error:
            react(account, error)
        except (OperationalError, InterfaceError):
            raise  # the database's trouble, not the account's: the task is tried again
        except Exception as error:
            logger.exception("account %s: sync failed", account_id)
            react(account, ProviderError("internal", Reaction.LATER), cause=type(error).__name__)
        return Slice(was_run=True)


def _run(account: MailAccount, lease: leases.Lease, *, until: float) -> bool:
    with slice_store(account) as store:
        work = Work(account, store, lease, Choice(account))
        waits = what_waits(account)
        if waits.changes:
            replay_waiting(work)
        if waits.sent:
            store_sent(account, lease=lease)
        has_news = _look(work, _listed(work))
        if has_news:
            signals.mailboxes_changed.send(sender=None, work=work)
        has_more = False
        if has_news or waits.entries:
            has_more = _backfill(work, until=until)
        if not has_more and (has_news or waits.changes):
            # Those that waited for a mailbox to be numbered anew.
            replay_waiting(work)
        if has_news or waits.gone:
            remove_gone_emails(work)
        _finish_round(work, has_more=has_more)
        return has_more


def _listed(work: Work) -> list[Mailbox]:
    """The mailboxes to look at; the server's list is read when it is time or there is none."""
    listed = work.account.quirks.get("listed_at", 0)
    rows = walked(work.account)
    if not rows or time.time() - listed >= LIST_EVERY.total_seconds():
        refresh_mailboxes(work.account, work.store, lease=work.lease)
        count_left_out(work.account, work.store, lease=work.lease)
        work.account.quirks["listed_at"] = int(time.time())
        work.account.save(update_fields=["quirks"])
        # Folders that are not walked any more may hold mail all the same.
        for row in work.account.mailboxes.exclude(placed_as=F("role")):
            place_again(work, row)
        return walked(work.account)
    for row in rows:
        if row.placed_as != row.role:
            place_again(work, row)
    return rows


def _look(work: Work, everything: list[Mailbox]) -> bool:
    """One round over these mailboxes. Returns whether something happened in one of them, or one
    is not complete yet."""
    mailboxes = in_turn(row for row in everything if not _is_parked(row))
    snapshots = statuses(work, mailboxes)
    has_news = False
    for row in mailboxes:
        snapshot = snapshots.get(row.path)
        if snapshot is None:
            _park(work, row)
            continue
        if row.state == MailboxState.PARKED:
            _unpark(work, row)
        try:
            with put_down_to(work, row):
                if poll(work, row, snapshot):
                    went_well(work, row)
                    has_news = True
        except ProviderError as error:
            if error.reaction == Reaction.STATE_LOST:
                renumber(work, row, work.store.open(row.path))
                has_news = True
            elif error.reaction == Reaction.MAILBOX:
                _park(work, row)
            else:
                raise
        if row.state == MailboxState.PARKED and row.error_code == MISBEHAVES:
            _park(work, row, code=MISBEHAVES)
        has_news |= row.state in FILLING
    return has_news


def _is_parked(row: Mailbox) -> bool:
    now = timezone.now()
    return row.state == MailboxState.PARKED and (row.next_poll_at is None or row.next_poll_at > now)


def _park(work: Work, row: Mailbox, *, code: str = "mailbox_not_opened") -> None:
    row.state, row.error_code = MailboxState.PARKED, code
    row.next_poll_at = timezone.now() + PARKED_FOR
    with transaction.atomic():
        work.lease.renew()
        row.save(update_fields=["state", "error_code", "next_poll_at"])


def _unpark(work: Work, row: Mailbox) -> None:
    if row.error_code == MISBEHAVES:
        # It was being numbered anew: what is known has still to be recognised.
        row.state = MailboxState.RESYNC
    else:
        row.state = MailboxState.BACKFILL if row.low_uid else MailboxState.NEW
    row.error_code, row.next_poll_at = "", None
    with transaction.atomic():
        work.lease.renew()
        row.save(update_fields=["state", "error_code", "next_poll_at"])


def _backfill(work: Work, *, until: float) -> bool:
    """Older mail, newest first, until the time is over. Returns whether there is more."""
    looked_at = _now()
    listed: dict[int, list[int]] = {}
    while (row := _next_to_fill(work)) is not None:
        try:
            with put_down_to(work, row):
                for _ in _fill_step(work, row, listed):
                    if _now() >= until:
                        return True
                went_well(work, row)
        except ProviderError as error:
            if error.reaction != Reaction.MAILBOX:
                raise
            _park(work, row)
        if _now() - looked_at > LOOK_AGAIN_SECONDS:
            _look(work, walked(work.account))
            looked_at = _now()
    return False


def _next_to_fill(work: Work) -> Mailbox | None:
    """The mailbox whose older mail comes next: first the newest of INBOX and Sent, so that both
    halves of the running conversations are there, then mailbox by mailbox."""
    everything = in_turn(walked(work.account))
    # In a mailbox that is up to date: a changed choice, or a message that is to be tried again.
    again = mailboxes_waiting(row for row in everything if row.state == MailboxState.LIVE)
    rows = [row for row in everything if row.state in FILLING or row.pk in again]
    if not rows:
        return None
    rows = [row for row in rows if row.error_code != STALLED] or rows
    untouched = [row for row in rows if row.role in PRIMARY and row.low_uid == row.uidnext]
    return (untouched or rows)[0]


def _fill_step(work: Work, row: Mailbox, listed: dict[int, list[int]]) -> Iterator[None]:
    """500 messages of one mailbox: entries, then their content."""
    work.store.open(row.path)
    if (row.low_uid or 0) > 1 and not waiting(row).exists():
        if row.pk not in listed:
            listed[row.pk] = work.store.uids()
        below = listed[row.pk]
        while below and below[-1] >= (row.low_uid or 0):
            below.pop()
        batch = below[-INDEX_BATCH:]
        del below[-INDEX_BATCH:]
        index(work, row, batch, low_uid=batch[0] if below else 1)
        yield None
    for _ in fetch_with_care(work, row):
        yield None
    if row.low_uid == 1 and not waiting(row).exists():
        _complete(work, row)


def _complete(work: Work, row: Mailbox) -> None:
    if row.state == MailboxState.LIVE:
        return
    if row.state == MailboxState.RESYNC:
        finish_renumbering(work, row)
    row.state, row.error_code = MailboxState.LIVE, ""
    if row.exists_seen is not None and entries_count(row) != row.exists_seen:
        # The server did not list everything that it counts: the next round compares.
        row.exists_seen = None
    with transaction.atomic():
        work.lease.renew()
        row.save(update_fields=["state", "error_code", "exists_seen"])


def _finish_round(work: Work, *, has_more: bool) -> None:
    """The back-off ends here, after a whole round, and not with the sign-in."""
    pause = POLL_WITH_IDLE if "IDLE" in work.store.capabilities else POLL_WITHOUT_IDLE
    recovered(work.account, next_poll=timedelta(0) if has_more else pause)


def _now() -> float:
    return time.monotonic()
