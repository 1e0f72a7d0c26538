"""Reads stored messages again, for instance after the parser has learnt something."""

from collections.abc import Iterable

from django.db import transaction

from mailsync.domain import blobs, bulk, search_index
from mailsync.domain.ingest_rows import MAX_ATTACHMENTS, recipients_of
from mailsync.domain.thread_figures import refresh_threads
from mailsync.domain.thread_joins import rebuild_addresses
from mailsync.mime.parse import parse_many
from mailsync.models import Attachment, Email, EmailBody
from mailsync.signals import emails_removed, emails_stored

BATCH = 100
# The note of a message that was stored without its attachments' bytes. Read again it would seem to
# have none.
CUT = "too_big"


def reparse(email_ids: Iterable[int]) -> int:
    """Makes these emails' rows from their bytes anew. Threads, links, marks and places stay.
    Returns how many were read; emails whose bytes are not here are left as they are."""
    done = 0
    for ids in bulk.chunks(email_ids, BATCH):
        emails = list(
            Email.objects.filter(pk__in=ids, blob__isnull=False)
            .exclude(parse_note=CUT)
            .select_related("blob")
        )
        raws = []
        readable = []
        for email in emails:
            if email.blob is None:
                continue
            try:
                raws.append(blobs.read(email.blob))
            except blobs.BlobError:
                continue
            readable.append(email)
        parsed = parse_many(raws)
        with transaction.atomic():
            for email, one in zip(readable, parsed, strict=True):
                email.subject = one.subject[:1000]
                email.from_name, email.from_address = one.sender.name[:200], one.sender.address
                email.recipients = recipients_of(one)
                email.sent_at = one.sent_at
                email.preview = one.preview[:250]
                email.has_attachments = any(not part.is_inline for part in one.attachments)
                email.kind = str(one.kind)
                email.parse_state, email.parse_note = str(one.readability), one.note[:40]
            numbers = [email.pk for email in readable]
            Email.objects.bulk_update(
                readable,
                [
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
                ],
                batch_size=BATCH,
            )
            accounts = {email.account_id for email in readable}
            for account in accounts:
                mine = [email.pk for email in readable if email.account_id == account]
                emails_removed.send(sender=None, account_id=account, email_ids=mine)
            bulk.update(
                EmailBody,
                columns=("text", "has_html"),
                key="email_id",
                rows=[
                    (one.text, one.has_html, e.pk) for e, one in zip(readable, parsed, strict=True)
                ],
            )
            Attachment.objects.filter(email__in=numbers).delete()
            Attachment.objects.bulk_create(
                Attachment(
                    email=email,
                    section=part.section[:100],
                    name=part.name[:255],
                    content_type=part.content_type[:127],
                    size=part.size,
                    content_id=part.content_id[:255],
                    is_inline=part.is_inline,
                )
                for email, one in zip(readable, parsed, strict=True)
                for part in one.attachments[:MAX_ATTACHMENTS]
            )
            threads = {email.thread_id for email in readable}
            rebuild_addresses(threads)
            refresh_threads(threads)
            for account in accounts:
                mine = [email.pk for email in readable if email.account_id == account]
                search_index.index_emails(mine)
                emails_stored.send(sender=None, account_id=account, email_ids=mine)
        done += len(readable)
    return done
