"""Whose turn it is. The rows decide; a lost task is found again by the next sweep."""

from collections.abc import Callable
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from mailsync.domain import blobs, leases
from mailsync.domain.connections import connected
from mailsync.domain.failures import react
from mailsync.domain.fetching import Work
from mailsync.domain.filters import Choice
from mailsync.domain.leases import STOPPED, LeaseLostError
from mailsync.domain.replay import replay_waiting
from mailsync.enums import AccountState
from mailsync.models import MailAccount
from mailsync.providers.base import ProviderError

# A task that was queued and lost is queued again after this.
QUEUED_FOR = timedelta(minutes=2)
# More than this at once would be a stampede on the servers after an outage.
MOST_AT_ONCE = 100
# Half of a worker's slots: the others are there for accounts whose servers answer.
TROUBLED_AT_ONCE = 2


def sweep_due_accounts() -> int:
    """Queues a slice for every account whose time has come, the longest waiting first. Accounts in
    trouble may each hold a worker until its deadline, so of them only a few have one at a time."""
    leases.free_abandoned()
    due = (
        MailAccount.objects.filter(Q(next_poll_at__lte=Now()))
        .filter(Q(lease_until=None) | Q(lease_until__lt=Now()))
        .exclude(state__in=(*STOPPED, AccountState.AUTH_FAILED))
        .order_by("next_poll_at")
    )
    troubled = MailAccount.objects.filter(failures__gt=0)
    room = TROUBLED_AT_ONCE - troubled.filter(lease_until__gte=Now()).count()
    return _queue(due.filter(failures=0)[:MOST_AT_ONCE]) + _queue(
        due.filter(failures__gt=0)[: max(0, room)]
    )


def _queue(due: QuerySet[MailAccount]) -> int:
    from mailsync.tasks import sync_account  # leaf: tasks import the domain

    queued = 0
    for number in list(due.values_list("id", flat=True)):
        # Compare-and-set: of two sweepers one queues. Not by the moment itself: SQLite spells one
        # that Now() wrote otherwise than one that we pass.
        if MailAccount.objects.filter(pk=number, next_poll_at__lte=Now()).update(
            next_poll_at=Now() + QUEUED_FOR
        ):
            sync_account.delay(number)
            queued += 1
    return queued


def wake(account_id: int) -> None:
    """Something happened in the mailbox: look at once. What the watcher calls."""
    from mailsync.tasks import sync_account  # leaf: tasks import the domain

    if (
        MailAccount.objects.filter(pk=account_id)
        .exclude(state__in=(*STOPPED, AccountState.AUTH_FAILED))
        .update(next_poll_at=Now())
    ):
        sync_account.delay_on_commit(account_id)


def replay_now(account_id: int) -> None:
    """Carries out what people did, without a round over the mailboxes. When another process
    has the account, its slice begins with the same."""
    visit(account_id, replay_waiting)


def visit(account_id: int, act: Callable[[Work], object]) -> None:
    """One act in the account's mailboxes. When another process has the account, it is woken to
    look again; trouble of the server goes onto the account's row."""
    if not blobs.has_room():
        return
    with leases.held(account_id) as lease:
        if lease is None:
            MailAccount.objects.filter(pk=account_id).exclude(state__in=STOPPED).update(
                next_poll_at=Now()
            )
            return
        account = MailAccount.objects.get(pk=account_id)
        try:
            with connected(account) as store:
                act(Work(account, store, lease, Choice(account)))
        except LeaseLostError:
            return
        except ProviderError as error:
            react(account, error)
