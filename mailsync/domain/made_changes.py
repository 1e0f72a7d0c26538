"""What we changed in a mailbox in the last thirty days, and how one change is taken back."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from mailsync.domain.wishes import finish, place_copies, set_bits
from mailsync.enums import ChangeOperation, ChangeState
from mailsync.models import Email, MailAccount, Mailbox, MailboxEntry, RemoteChange

KEPT_FOR = timedelta(days=30)


def recent_changes(account: MailAccount) -> QuerySet[RemoteChange]:
    """What we changed in this mailbox in the last thirty days, newest first."""
    return (
        account.changes.filter(created_at__gte=timezone.now() - KEPT_FOR)
        .exclude(state=ChangeState.DROPPED)
        .select_related("email", "made_by")
        .order_by("-id")
    )


@transaction.atomic
def undo_change(change: RemoteChange, *, by: Any) -> RemoteChange | None:
    """Takes one change in the mailbox back. None when it never happened there: what was given up
    was taken back then, and what was dropped had never begun."""
    if change.state in (ChangeState.FAILED, ChangeState.DROPPED):
        return None
    stopped = RemoteChange.objects.filter(pk=change.pk, state=ChangeState.PENDING).update(
        state=ChangeState.DROPPED, done_at=timezone.now()
    )
    entry = change.entry
    if entry is None:
        return None
    inverse = None
    if change.operation == ChangeOperation.KEYWORDS:
        add, remove = change.wanted.get("remove", 0), change.wanted.get("add", 0)
        set_bits(MailboxEntry.objects.filter(pk=entry.pk), add=add, remove=remove)
        set_bits(Email.objects.filter(entries=entry.pk), add=add, remove=remove)
        wanted = {"add": add, "remove": remove}
    else:
        target = Mailbox.objects.filter(pk=change.base.get("mailbox")).first()
        if target is None:
            return None
        place_copies(change.account, [entry.pk], target)
        wanted = {"mailbox": target.pk}
    if not stopped:
        inverse = RemoteChange.objects.create(
            account_id=change.account_id,
            entry=entry,
            email_id=entry.email_id,
            operation=change.operation,
            wanted=wanted,
            base={
                "mailbox": change.wanted.get("mailbox", entry.mailbox_id),
                "keywords": entry.keywords,
            },
            made_by=by,
        )
    threads = Email.objects.filter(entries=entry.pk).values_list("thread_id", flat=True)
    finish(change.account, list(threads))
    return inverse
