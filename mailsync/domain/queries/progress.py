"""How far the first sync of an account is, for the sidebar and the settings page."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q

from mailsync.domain.mailboxes import GMAIL_WALKED, is_gmail, walked_rows
from mailsync.enums import AccountState, MailboxRole, MailboxState
from mailsync.models import MailAccount, Mailbox

UNFINISHED = (MailboxState.NEW, MailboxState.BACKFILL)
# States in which nothing is being fetched, so that a progress bar would be a lie.
STANDING_STILL = (
    AccountState.PAUSED,
    AccountState.AUTH_FAILED,
    AccountState.DISABLED,
    AccountState.REMOVING,
)


@dataclass(frozen=True)
class Progress:
    """Messages known of those on the server, over the folders that are still being fetched."""

    account: MailAccount
    known: int
    on_server: int
    is_reading_folders: bool
    newest_done: bool

    @property
    def percent(self) -> int:
        return min(99, self.known * 100 // self.on_server) if self.on_server else 0


def progress_of(accounts: Iterable[MailAccount]) -> list[Progress]:
    """The accounts whose first sync is still going on, with figures."""
    by_pk = {a.pk: a for a in accounts if a.state not in STANDING_STILL}
    boxes = Mailbox.objects.filter(
        _is_walked(by_pk.values()), account__in=by_pk, is_selectable=True
    ).exclude(state=MailboxState.GONE)
    running = dict(
        boxes.filter(state__in=UNFINISHED).values_list("account").annotate(Count("pk")).order_by()
    )
    empty = set(by_pk) - set(boxes.values_list("account", flat=True).distinct())
    found = []
    for pk, account in by_pk.items():
        if pk in empty and account.last_synced_at is None:
            found.append(Progress(account, 0, 0, is_reading_folders=True, newest_done=False))
        elif pk in running:
            found.append(_figures(account))
    return found


def _is_walked(accounts: Iterable[MailAccount]) -> Q:
    """As `walked_rows`, for many accounts in one condition."""
    gmail = Q(account__in=[account.pk for account in accounts if is_gmail(account)])
    by_label = Q(role=MailboxRole.ALL) | Q(role__in=GMAIL_WALKED, is_chosen=True)
    return gmail & by_label | ~gmail & Q(is_chosen=True) & ~Q(role=MailboxRole.ALL)


def _figures(account: MailAccount) -> Progress:
    boxes = list(
        walked_rows(account).annotate(known=Count("entries", filter=Q(entries__gone_at=None)))
    )
    first = MailboxRole.ALL if is_gmail(account) else MailboxRole.INBOX
    inbox = [box for box in boxes if box.role == first]
    return Progress(
        account=account,
        known=sum(box.known for box in boxes),
        on_server=sum(box.exists_seen or 0 for box in boxes),
        is_reading_folders=False,
        newest_done=all(box.high_uid > 0 for box in inbox),
    )
