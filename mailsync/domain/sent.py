"""What was sent from here appears in its conversation at once, and only once.

The sent bytes are ingested like a mail that came; when the server's own copy turns up in Sent,
perhaps altered, ingest knows it by the submission's Message-ID and hangs it on the same email.
"""

from django.db import transaction
from django.db.models.functions import Now

from mailsync.domain import blobs, leases
from mailsync.domain.ingest import ingest
from mailsync.domain.ingest_rows import Incoming
from mailsync.domain.leases import Lease
from mailsync.domain.subjects import key_of
from mailsync.enums import Keyword, Place, SubmissionState
from mailsync.models import Email, MailAccount, Submission
from mailsync.signals import email_sent

AT_ONCE = 50


def keep_sent(account_id: int) -> None:
    """Stores what this account has sent. When another process has the account, its next slice
    does it."""
    with leases.held(account_id) as lease:
        if lease is None:
            MailAccount.objects.filter(pk=account_id).update(next_poll_at=Now())
            return
        store_sent(MailAccount.objects.get(pk=account_id), lease=lease)


def store_sent(account: MailAccount, *, lease: Lease) -> None:
    """Gives each sent submission of the account its email. Repeating it changes nothing."""
    waiting = Submission.objects.filter(
        account=account,
        state=SubmissionState.SENT,
        email=None,
        remainder_of=None,
        blob__isnull=False,
    ).select_related("blob")
    for submission in waiting.order_by("pk")[:AT_ONCE]:
        with transaction.atomic():
            email = _own_copy(submission) or _ingest(account, submission, lease)
            Submission.objects.filter(pk=submission.pk).update(
                email=email, thread_id=email.thread_id
            )
            # Inside: a conversation that its author made private must never be seen shared.
            email_sent.send(sender=None, submission_id=submission.pk, thread_id=email.thread_id)


def _own_copy(submission: Submission) -> Email | None:
    """The copy out of the Sent mailbox, where that came first."""
    return Email.objects.filter(
        account=submission.account_id,
        message_id_hash=key_of(submission.message_id),
        message_id=submission.message_id,
        is_outgoing=True,
    ).first()


def _ingest(account: MailAccount, submission: Submission, lease: Lease) -> Email:
    if submission.blob is None:
        raise ValueError("what was sent has no bytes any more")
    stored = ingest(
        account,
        [
            Incoming(
                entry_id=0,  # it lies in no mailbox yet
                raw=blobs.read(submission.blob),
                keywords=Keyword.SEEN,
                places=Place.SENT,
                received_at=submission.sent_at,
            )
        ],
        lease=lease,
    )
    return Email.objects.get(pk=stored.email_ids[0])
