"""Telling what changed: the browsers of an account's people, and the apps above."""

from collections.abc import Iterable

from django.db import transaction

from mailsync.enums import AccountScope
from mailsync.models import AccountEvent, AccountMember, MailAccount
from mailsync.signals import account_changed, threads_changed
from notifications.domain import live


def people_of(account: MailAccount) -> list[int]:
    """The users whose own inbox this account's mail is in."""
    if account.scope == AccountScope.TEAM:
        return list(AccountMember.objects.filter(account=account).values_list("user_id", flat=True))
    return [account.owner_id]


def tell_threads_changed(account: MailAccount, thread_ids: Iterable[int]) -> None:
    """Inside the transaction that changed them; without threads nothing rings."""
    ids = sorted(set(thread_ids))
    if not ids:
        return
    live.ring(people_of(account), "mail-changed")
    transaction.on_commit(
        lambda: threads_changed.send(sender=None, account_id=account.pk, thread_ids=ids)
    )


def note(account: MailAccount, code: str, **detail: object) -> None:
    """A line in the account's diary: codes and counts, never content."""
    AccountEvent.objects.create(account=account, code=code, detail=detail)


def tell_account_changed(account: MailAccount) -> None:
    """The account's state changed so that its people should know."""
    live.ring(people_of(account), "sync-changed")
    transaction.on_commit(lambda: account_changed.send(sender=None, account_id=account.pk))


def tell_outbox_changed(account: MailAccount) -> None:
    """A mail on its way out has another state."""
    live.ring(people_of(account), "outbox-changed")
