"""Mail that goes: gone at the provider, or in our trash for thirty days.

At the provider a message is gone when no mailbox has shown it for ten minutes and a whole round;
a move looks like a disappearance until its target is read. Mail that is not linked goes here
too. Linked mail stays, marked, unless the account follows deletions always.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from mailsync.domain import blobs, bulk
from mailsync.domain.fetching import Work
from mailsync.domain.mailboxes import walked_rows
from mailsync.domain.news import note, tell_threads_changed
from mailsync.domain.thread_figures import refresh_threads
from mailsync.domain.thread_joins import rebuild_addresses
from mailsync.enums import MailboxState
from mailsync.models import (
    Blob,
    Email,
    EmailReference,
    MailAccount,
    MailboxEntry,
    Submission,
    Thread,
    ThreadLink,
)
from mailsync.signals import emails_removed

GONE_AFTER = timedelta(minutes=10)
CLOCKS_APART = timedelta(hours=1)
TRASH_DAYS = timedelta(days=30)
BATCH = 400


def looked_until(account: MailAccount) -> datetime:
    """What was gone before this moment has been judged. An email goes with its last copy, and
    that one is gone later, or is judged again: clocks of several machines may differ."""
    until = datetime.fromtimestamp(account.quirks.get("gone_until", 0), UTC)
    return until - CLOCKS_APART if until.year > 1970 else until


def remove_gone_emails(work: Work) -> int:
    """Removes or marks what has been gone for long enough. Returns how many."""
    unfinished = (MailboxState.NEW, MailboxState.RESYNC)
    # Of those that are looked into: one that only holds others, or a label, stays new for ever.
    if walked_rows(work.account).filter(state__in=unfinished).exists():
        return 0
    before = timezone.now() - GONE_AFTER
    count = _remove_gone(work, before)
    if (
        before - looked_until(work.account) > 2 * CLOCKS_APART
        and _gone_copies(work.account, before).exists()
    ):
        work.account.quirks["gone_until"] = int(before.timestamp())
        work.account.save(update_fields=["quirks"])
    return count


def _gone_copies(account: MailAccount, before: datetime) -> Any:
    return MailboxEntry.objects.filter(
        mailbox__account=account,
        gone_at__gte=looked_until(account),
        gone_at__lt=before,
        email__isnull=False,
    )


def _remove_gone(work: Work, before: datetime) -> int:
    gone = list(_gone_emails(work.account, before).values_list("id", "thread_id"))
    if not gone:
        return 0
    linked = set(
        ThreadLink.objects.standing()
        .filter(thread__in={thread for _, thread in gone})
        .values_list("thread_id", flat=True)
    )
    kept = [e for e, t in gone if t in linked and not work.account.follow_deletions]
    removed = [e for e, t in gone if t not in linked or work.account.follow_deletions]
    with transaction.atomic():
        work.lease.renew()
        for ids in bulk.chunks(kept):
            Email.objects.filter(pk__in=ids).update(gone_from_server_at=timezone.now())
        delete_emails(work.account, removed)
        note(work.account, "gone_at_provider", removed=len(removed), kept=len(kept))
        threads = {thread for _, thread in gone}
        refresh_threads(threads)
        tell_threads_changed(work.account, threads)
    return len(gone)


def _gone_emails(account: MailAccount, before: datetime) -> Any:
    copies = MailboxEntry.objects.filter(email=OuterRef("pk"))
    return Email.objects.filter(
        ~Exists(copies.filter(gone_at=None)),
        ~Exists(copies.filter(gone_at__gte=before)),
        # The few entries that are gone come first: asked of each email, it is a walk over all.
        pk__in=_gone_copies(account, before).values("email"),
        account=account,
        gone_from_server_at=None,
    )


def purge_trash() -> int:
    """Deletes for good what has been in the trash for thirty days. Returns how many threads."""
    due = Thread.objects.filter(trashed_at__lt=timezone.now() - TRASH_DAYS, merged_into=None)
    purged = 0
    for account in MailAccount.objects.filter(pk__in=due.values("account")):
        with transaction.atomic():
            # Held, so that none is taken out of the trash while it is thrown away.
            rows = due.filter(account=account).select_for_update().values_list("id", flat=True)
            ids = list(rows[:BATCH])
            emails = Email.objects.filter(thread__in=ids).values_list("id", flat=True)
            delete_emails(account, emails)
            Thread.objects.filter(pk__in=ids, emails=None).delete()
        purged += len(ids)
    return purged


def delete_emails(account: MailAccount, email_ids: Iterable[int]) -> None:
    """Deletes emails with all that hangs on them, bytes included. Entries stay, so that a copy
    which is still on the server is not fetched again."""
    for ids in bulk.chunks(list(email_ids), BATCH):
        rows = Email.objects.filter(account=account, pk__in=ids)
        threads = set(rows.values_list("thread_id", flat=True))
        blob_ids = set(rows.values_list("blob_id", flat=True)) - {None}
        hashes = set(rows.values_list("message_id_hash", flat=True)) - {0}
        emails_removed.send(sender=None, account_id=account.pk, email_ids=ids)
        _remember_copies(ids)
        rows.delete()
        orphans = Blob.objects.filter(pk__in=blob_ids).exclude(
            Exists(Email.objects.filter(blob=OuterRef("pk")))
        )
        blobs.erase(account.pk, orphans.exclude(pk__in=_blobs_on_their_way(blob_ids)))
        _remove_empty(account, threads, hashes)


def _remember_copies(email_ids: list[int]) -> None:
    """Copies that are still on the server are known again when it numbers a mailbox anew, and
    so stay deleted here."""
    copies = MailboxEntry.objects.filter(email__in=email_ids, gone_at=None).values_list(
        "id", "email__message_id"
    )
    rows = [(bulk.document({"message_id": name}), number) for number, name in copies]
    bulk.update(MailboxEntry, columns=("headers",), rows=rows)


def _blobs_on_their_way(blob_ids: set[int]) -> Any:
    return Submission.objects.filter(blob__in=blob_ids).values("blob")


def _remove_empty(account: MailAccount, threads: set[int], hashes: set[int]) -> None:
    """Threads without mail go; what is left says what its emails say."""
    empty = Thread.objects.filter(account=account, pk__in=threads, emails=None)
    EmailReference.objects.filter(
        account=account, message_id_hash__in=hashes, thread__in=empty
    ).delete()
    empty.delete()
    left = Thread.objects.filter(pk__in=threads).values_list("id", flat=True)
    rebuild_addresses(list(left))
    refresh_threads(left)
