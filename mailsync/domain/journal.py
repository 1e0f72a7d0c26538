"""Does what is here hold together? The promises of the sync, as queries over the rows.

Every check yields findings: a code, how many, and for which account. `repair` mends what can be
mended without asking: figures and indexes are made anew from the emails, and what the server has
and we have not is listed again by the next slice.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from mailsync.domain import blobs, bulk, search_index
from mailsync.domain.mailboxes import walked_rows
from mailsync.domain.thread_figures import COLUMNS, refresh_threads
from mailsync.enums import MailboxState, Outcome, SubmissionState
from mailsync.models import (
    Blob,
    Email,
    EmailReference,
    MailAccount,
    Mailbox,
    MailboxEntry,
    Submission,
    Thread,
)

STUCK_AFTER = timedelta(hours=1)
CHUNK = 400


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise that is not kept."""

    code: str
    count: int
    detail: dict[str, int]


def check(
    account: MailAccount, *, repair: bool = False, sample: int | None = 200
) -> Iterator[Finding]:
    """Everything that does not hold for this account. With `sample` only so many raw messages
    are read back from the disk."""
    checks: tuple[Callable[..., Iterator[Finding]], ...] = (
        _counts,
        _figures,
        _merged_threads,
        _orphan_blobs,
        _search_index,
        _stuck_submissions,
    )
    for one in checks:
        yield from one(account, repair=repair)
    yield from _bytes(account, repair=repair, sample=sample)


def _counts(account: MailAccount, *, repair: bool) -> Iterator[Finding]:
    """No loss: as many live rows as the server counts, in every mailbox that is up to date."""
    rows = walked_rows(account).filter(
        state=MailboxState.LIVE, low_uid=1, exists_seen__isnull=False
    )
    for row in rows:
        here = MailboxEntry.objects.filter(
            mailbox=row, uidvalidity=row.uidvalidity or 0, gone_at=None
        ).count()
        if here != row.exists_seen:
            if repair:
                compare_again(row)
            yield Finding(
                "count_differs",
                abs(here - (row.exists_seen or 0)),
                {"mailbox": row.pk, "here": here, "server": row.exists_seen or 0},
            )


def _figures(account: MailAccount, *, repair: bool) -> Iterator[Finding]:
    """The copies on the threads' rows are those that their emails give."""
    wrong = 0
    ids = Thread.objects.filter(account=account, merged_into=None).values_list("id", flat=True)
    for some in bulk.chunks(ids.order_by("id").iterator(chunk_size=2000), CHUNK):
        with transaction.atomic():
            before = _figures_of(some)
            refresh_threads(some)
            after = _figures_of(some)
            wrong += sum(before[number] != after[number] for number in before)
            if not repair:
                transaction.set_rollback(True)
    if wrong:
        yield Finding("figures_differ", wrong, {})


def _figures_of(ids: list[int]) -> dict[int, tuple[Any, ...]]:
    return {
        row[0]: row[1:] for row in Thread.objects.filter(pk__in=ids).values_list("id", *COLUMNS)
    }


def _merged_threads(account: MailAccount, *, repair: bool) -> Iterator[Finding]:
    """Nothing hangs on a thread that has become part of another."""
    for model in (Email, EmailReference):
        lost = model.objects.filter(account=account, thread__merged_into__isnull=False)
        if count := lost.count():
            if repair:
                for row in lost.select_related("thread"):
                    model.objects.filter(pk=row.pk).update(thread_id=row.thread.merged_into_id)
            yield Finding("row_on_merged_thread", count, {})
    empty = Thread.objects.filter(account=account, merged_into=None, emails=None).exclude(
        Exists(Submission.objects.filter(thread=OuterRef("pk")))
    )
    if count := empty.count():
        if repair:
            empty.delete()
        yield Finding("empty_thread", count, {})


def _orphan_blobs(account: MailAccount, *, repair: bool) -> Iterator[Finding]:
    rows = Blob.objects.filter(account=account).exclude(
        Exists(Email.objects.filter(blob=OuterRef("pk")))
    )
    rows = rows.exclude(Exists(Submission.objects.filter(blob=OuterRef("pk"))))
    if count := rows.count():
        if repair:
            with transaction.atomic():
                blobs.erase(account.pk, rows)
        yield Finding("orphan_blob", count, {})


def _search_index(account: MailAccount, *, repair: bool) -> Iterator[Finding]:
    """Every email can be found by its words."""
    missing = list(search_index.missing_ids(account.pk))
    wordless = search_index.wordless_ids(account.pk)
    if repair:
        search_index.index_emails([*missing, *wordless])
    if missing:
        yield Finding("not_in_search_index", len(missing), {})
    if wordless:
        yield Finding("no_words_in_search_index", len(wordless), {})


def _stuck_submissions(account: MailAccount, *, repair: bool) -> Iterator[Finding]:
    """Never silent: nothing stays half-sent. The outbox mends these by itself."""
    del repair
    stuck = account.submissions.filter(
        state__in=(SubmissionState.CLAIMED, SubmissionState.HANDED_OVER),
        lease_until__lt=timezone.now() - STUCK_AFTER,
    )
    if count := stuck.count():
        yield Finding("submission_stuck", count, {})


def _bytes(account: MailAccount, *, repair: bool, sample: int | None) -> Iterator[Finding]:
    """What was stored can be read back; what cannot is fetched again where it still is."""
    damaged = list(blobs.damaged(account.pk, sample=sample))
    without = Email.objects.filter(account=account, has_content=True, blob=None)
    count = len(damaged) + without.count()
    if not count:
        return
    if repair:
        with transaction.atomic():
            Blob.objects.filter(pk__in=[blob.pk for blob in damaged]).delete()
            fetch_again(MailboxEntry.objects.filter(email__account=account, email__blob=None))
    yield Finding("bytes_missing", count, {})


def compare_again(mailbox: Mailbox) -> None:
    """Makes the next slice list this mailbox from end to end: what is missing is fetched, what
    is gone is marked, marks are read anew. Nothing that is here is touched before that."""
    Mailbox.objects.filter(pk=mailbox.pk, low_uid__isnull=False).update(
        state=MailboxState.BACKFILL,
        low_uid=F("uidnext"),
        modseq=None,
        exists_seen=None,
        last_full_at=None,
    )


def fetch_again(entries: Any) -> int:
    """Makes the next slice fetch these messages' content once more."""
    count: int = entries.filter(gone_at=None).update(
        outcome=Outcome.SEEN, reason="", attempts=0, next_try_at=None
    )
    MailAccount.objects.filter(mailboxes__entries__in=entries).update(next_poll_at=timezone.now())
    return count
