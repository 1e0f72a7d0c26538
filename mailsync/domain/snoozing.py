"""Snoozed conversations whose moment has come: lists show them by themselves, open browsers have
to be told."""

from django.db import transaction
from django.utils import timezone

from mailsync.domain.news import tell_threads_changed
from mailsync.models import MailAccount, Thread

BATCH = 500


def wake_snoozed() -> int:
    """Ends the waiting of conversations whose moment is over. Returns how many."""
    now = timezone.now()
    due = Thread.objects.filter(snoozed_until__lte=now, merged_into=None)
    woken = 0
    for account in MailAccount.objects.filter(pk__in=due.values("account")):
        ids = list(due.filter(account=account).values_list("id", flat=True)[:BATCH])
        with transaction.atomic():
            # Compare-and-set: what was snoozed anew meanwhile waits on.
            woken += Thread.objects.filter(pk__in=ids, snoozed_until__lte=now).update(
                snoozed_until=None
            )
            tell_threads_changed(account, ids)
    return woken
