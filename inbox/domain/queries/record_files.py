"""The files that came with the mail of a record, mail by mail, newest first."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from inbox.domain.queries.record_mail import RecordMail
from mailsync.mime.types import SIGNATURES
from mailsync.models import Attachment, Email, MailAccount

# Pictures that stand in the text of a mail are no files of anybody, nor is its signature.
FILE = Q(is_inline=False) | Q(content_id="") & ~Q(content_type__in=SIGNATURES)


@dataclass(frozen=True)
class MailFiles:
    """The files of one mail."""

    email: Email
    account: MailAccount
    is_own: bool
    files: list[Attachment]

    @property
    def key(self) -> str:
        return self.email.key


def files_of(mail: RecordMail, *, before: datetime | None, limit: int) -> list[MailFiles]:
    """The newest mails with files before this moment, as far as the reader sees them.

    A mail that lies in several mailboxes is one here: the reader's own copy, else the first.
    """
    emails = _emails(mail)
    if before is not None:
        emails = emails.filter(received_at__lt=before)
    accounts = {account.pk: account for account in mail.accounts}
    return [
        MailFiles(
            email=email,
            account=accounts[email.account_id],
            is_own=email.account_id in mail.own,
            files=list(email.attachments.all()),
        )
        for email in emails.order_by("-received_at", "-pk")[:limit]
    ]


def _emails(mail: RecordMail) -> QuerySet[Email]:
    rows = Email.objects.filter(
        Exists(Attachment.objects.filter(FILE, email=OuterRef("pk"))), thread__in=mail.threads
    )
    if len(mail.accounts) > 1:
        # The index of Message-IDs begins with the account.
        copies = Email.objects.filter(
            account__in=[account.pk for account in mail.accounts],
            message_id_hash=OuterRef("message_id_hash"),
            thread__in=mail.threads,
        )
        own = Q(account__in=mail.own)
        first = copies.filter(pk__lt=OuterRef("pk"))
        rows = rows.exclude(
            ~Q(message_id_hash=0)
            & (
                own & Exists(first.filter(own))
                | ~own & (Exists(copies.filter(own)) | Exists(first))
            )
        )
    return rows.select_related("thread").prefetch_related(
        Prefetch("attachments", Attachment.objects.filter(FILE).order_by("pk"))
    )
