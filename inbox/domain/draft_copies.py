"""Which drafts have, or are to have, a copy in the Drafts mailbox of their account.

What is to be done follows from draft and copy at the moment it is done, so a lost bell costs
time and nothing else; inbox.domain.draft_exchange does it.
"""

import secrets
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from inbox.models import Draft, DraftCopy
from mailsync.models import MailAccount

# A pause before the copy follows, longer for one with large files: each time all of it is sent.
PAUSE = timedelta(seconds=10)
BYTES_A_SECOND = 200_000
LOST_AFTER = timedelta(minutes=2)


def follow(draft: Draft) -> None:
    """The draft was saved or brought back: its copies are to say what it says."""
    account = draft.account
    if account and account.keeps_drafts and stands(draft):
        DraftCopy.objects.get_or_create(
            draft=draft, account=account, defaults={"message_id": new_message_id(account)}
        )
    late = DraftCopy.objects.filter(draft=draft, account__keeps_drafts=True, due_at=None)
    accounts = list(late.values_list("account", flat=True))
    if accounts:
        wait = PAUSE + _weight(draft)
        late.update(due_at=timezone.now() + wait)
        for account_id in accounts:
            ring(account_id, wait)


def recall(draft: Draft) -> None:
    """The draft was sent or thrown away: its copies are to go."""
    copies = DraftCopy.objects.filter(draft=draft, account__keeps_drafts=True)
    accounts = list(copies.values_list("account", flat=True))
    copies.update(due_at=timezone.now())
    for account_id in accounts:
        ring(account_id, timedelta(0))


def follow_files(draft: Draft) -> None:
    """Its files are others now; that is no new version."""
    DraftCopy.objects.filter(draft=draft).update(is_behind=True)
    follow(draft)


def stands(draft: Draft) -> bool:
    return draft.discarded_at is None and draft.submission_id is None


def _weight(draft: Draft) -> timedelta:
    return timedelta(seconds=sum(draft.files.values_list("size", flat=True)) // BYTES_A_SECOND)


def new_message_id(account: MailAccount) -> str:
    return f"draft.{secrets.token_urlsafe(16)}@{account.address.rpartition('@')[2]}"


def ring(account_id: int, wait: timedelta) -> None:
    from inbox.tasks import keep_drafts  # leaf: tasks import the domain

    seconds = wait.total_seconds()
    transaction.on_commit(partial(keep_drafts.apply_async, (account_id,), countdown=seconds))


def sweep() -> None:
    """Rings once more for what should have followed by now."""
    now = timezone.now()
    lost = DraftCopy.objects.filter(due_at__lt=now - LOST_AFTER, account__keeps_drafts=True)
    for account_id in sorted(set(lost.values_list("account", flat=True))):
        ring(account_id, timedelta(0))


def forget(draft: Draft) -> None:
    """The row is going to be deleted; what is left of it in the mailbox goes too."""
    DraftCopy.objects.filter(draft=draft).update(due_at=timezone.now())
