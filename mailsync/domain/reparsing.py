"""Reads stored messages again, for instance after the parser has learnt something."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from mailsync.domain import blobs, bulk, search_index
from mailsync.domain.ingest_rows import insert_attachments, recipients_of
from mailsync.domain.thread_figures import refresh_threads
from mailsync.domain.thread_joins import rebuild_addresses
from mailsync.mime.parse import parse_many
from mailsync.mime.types import ParsedEmail
from mailsync.models import Attachment, Email, EmailBody
from mailsync.signals import emails_removed, emails_stored

BATCH = 100
# The note of a message that was stored without its attachments' bytes. Read again it would seem to
# have none.
CUT = "too_big"
EMAIL_COLUMNS = (
    "subject",
    "from_name",
    "from_address",
    "recipients",
    "sent_at",
    "preview",
    "has_attachments",
    "kind",
    "parse_state",
    "parse_note",
)


def reparse(email_ids: Iterable[int]) -> int:
    """Makes these emails' rows from their bytes anew. Threads, links, marks and places stay.
    Returns how many were read; emails whose bytes are not here are left as they are."""
    done = 0
    for ids in bulk.chunks(email_ids, BATCH):
        found = Email.objects.filter(pk__in=ids).exclude(parse_note=CUT).select_related("blob")
        emails, raws = _with_bytes(found)
        _make_anew(list(zip(emails, parse_many(raws), strict=True)))
        done += len(emails)
    return done


def _with_bytes(found: Iterable[Email]) -> tuple[list[Email], list[bytes]]:
    emails, raws = [], []
    for email in found:
        if email.blob is None:
            continue
        try:
            raws.append(blobs.read(email.blob))
        except blobs.BlobError:
            continue
        emails.append(email)
    return emails, raws


@transaction.atomic
def _make_anew(read: Sequence[tuple[Email, ParsedEmail]]) -> None:
    by_account: dict[int, list[int]] = {}
    for email, _ in read:
        by_account.setdefault(email.account_id, []).append(email.pk)
    for account_id, email_ids in by_account.items():
        emails_removed.send(sender=None, account_id=account_id, email_ids=email_ids)
    bulk.update(
        Email, columns=EMAIL_COLUMNS, rows=[(*_email_row(one), email.pk) for email, one in read]
    )
    bulk.update(
        EmailBody,
        columns=("text", "has_html"),
        key="email_id",
        rows=[(one.text, one.has_html, email.pk) for email, one in read],
    )
    Attachment.objects.filter(email__in=[email.pk for email, _ in read]).delete()
    insert_attachments([(email.pk, one) for email, one in read])
    threads = {email.thread_id for email, _ in read}
    rebuild_addresses(threads)
    refresh_threads(threads)
    for account_id, email_ids in by_account.items():
        search_index.index_emails(email_ids)
        emails_stored.send(sender=None, account_id=account_id, email_ids=email_ids)


def _email_row(one: ParsedEmail) -> tuple[Any, ...]:
    return (
        one.subject[:1000],
        one.sender.name[:200],
        one.sender.address,
        bulk.document(recipients_of(one)),
        bulk.moment(one.sent_at),
        one.preview[:250],
        any(not part.is_inline for part in one.attachments),
        str(one.kind),
        str(one.readability),
        one.note[:40],
    )
