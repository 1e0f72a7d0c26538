"""A folder in which a server stalls holds up no other, and a message none of its neighbours.

What goes wrong with the connection while a folder is worked on is put down to that folder. After
the first time it comes last, so that all others are looked at before it, and its messages are asked
for one by one, so that the one that cannot be had is found and put off. After the second it rests
for a while, so that rounds over the others come to their end. Once something could be fetched from
it, it is a folder like any other again.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from mailsync.domain.fetching import (
    INDEX_BATCH,
    RETRY_AFTER,
    RETRY_AT_LAST,
    Work,
    fetch_waiting,
    waiting,
)
from mailsync.enums import Outcome
from mailsync.models import Mailbox, MailboxEntry
from mailsync.providers.base import MailboxStatus, ProviderError, Reaction

RESTS_FOR = timedelta(minutes=2)
# After a question about all folders at once found no end, so long they are asked one by one.
ONE_BY_ONE_SECONDS = 3600
STALLED = "connection_lost"
# Silence, and what drips or never ends.
STALLING = (Reaction.LATER, Reaction.PROTOCOL)
MOST_COUNTED = 1000
ONE_BY_ONE = "status_one_by_one_until"


@contextmanager
def put_down_to(work: Work, mailbox: Mailbox) -> Iterator[None]:
    """Notes on the folder that the connection was lost in it; the error goes on its way."""
    try:
        yield
    except ProviderError as error:
        if error.reaction in STALLING:
            _set_aside(work, mailbox)
        raise


def went_well(work: Work, mailbox: Mailbox) -> None:
    """Something was fetched from this folder."""
    if mailbox.error_code == STALLED:
        _note(work, mailbox, error_code="", next_poll_at=None)


def _set_aside(work: Work, mailbox: Mailbox) -> None:
    rests = timezone.now() + RESTS_FOR if mailbox.error_code == STALLED else None
    _note(work, mailbox, error_code=STALLED, next_poll_at=rests)


def _note(work: Work, mailbox: Mailbox, **values: object) -> None:
    # Only these columns: the watermarks in memory may be ahead of what was stored.
    with transaction.atomic():
        work.lease.renew()
        Mailbox.objects.filter(pk=mailbox.pk).update(**values)
    for name, value in values.items():
        setattr(mailbox, name, value)


def fetch_with_care(work: Work, mailbox: Mailbox) -> Iterator[int]:
    """As `fetch_waiting`; one message after the other where the connection was lost before."""
    if mailbox.error_code != STALLED:
        yield from fetch_waiting(work, mailbox)
        return
    for entry in list(waiting(mailbox)[:INDEX_BATCH]):
        try:
            yield from fetch_waiting(work, mailbox, limit=1)
        except ProviderError as error:
            if error.reaction in STALLING:
                _put_off(work, entry)
            raise


def _put_off(work: Work, entry: MailboxEntry) -> None:
    pauses = (*RETRY_AFTER, RETRY_AT_LAST)
    with transaction.atomic():
        work.lease.renew()
        MailboxEntry.objects.filter(pk=entry.pk).update(
            outcome=Outcome.FAILED,
            reason="message_not_had",
            attempts=min(entry.attempts + 1, MOST_COUNTED),
            next_try_at=timezone.now() + pauses[min(entry.attempts, len(pauses) - 1)],
        )


def in_turn(mailboxes: Iterable[Mailbox]) -> list[Mailbox]:
    """Those that do not rest, in their order, the ones with trouble last."""
    now = timezone.now()
    awake = [row for row in mailboxes if row.next_poll_at is None or row.next_poll_at <= now]
    return sorted(awake, key=lambda row: row.error_code == STALLED)


def statuses(work: Work, mailboxes: Iterable[Mailbox]) -> dict[str, MailboxStatus]:
    """The figures of these folders: all at once, or one by one where that has stalled, so that
    it shows in which."""
    rows = list(mailboxes)
    if work.account.quirks.get(ONE_BY_ONE, 0) > time.time():
        found: dict[str, MailboxStatus] = {}
        for row in rows:
            with put_down_to(work, row):
                found |= work.store.status([row.path])
        return found
    try:
        return work.store.status([row.path for row in rows])
    except ProviderError as error:
        if error.reaction in STALLING:
            work.account.quirks[ONE_BY_ONE] = int(time.time()) + ONE_BY_ONE_SECONDS
            work.account.save(update_fields=["quirks"])
        raise
