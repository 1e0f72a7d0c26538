"""Delivery reports: which mail of ours each is about, and which recipients did not get it.

A report is believed no further than a note on the mail that it names. It has to name the
Message-ID of a mail that this account sent, and an address that the mail went to; anybody who
got the mail could forge that, so nothing else follows from it.
"""

from collections.abc import Iterable

from django.db import transaction

from mailsync.domain import blobs, bulk
from mailsync.domain.news import tell_outbox_changed
from mailsync.enums import EmailKind
from mailsync.mime.bounces import Bounce, read_bounce
from mailsync.models import Email, Submission


def reports_among(email_ids: Iterable[int]) -> list[int]:
    """Those of these emails that look like delivery reports."""
    rows = bulk.select(
        "SELECT id FROM mailsync_email WHERE id {among} AND kind = %s AND NOT is_outgoing",
        email_ids,
        str(EmailKind.BOUNCE.value),
    )
    return [number for (number,) in rows]


def note_report(email_id: int) -> bool:
    """Notes on the mail that a report is about who did not get it. False: about none of ours."""
    email = Email.objects.select_related("blob", "account").get(pk=email_id)
    report = read_bounce(blobs.read(email.blob)) if email.blob else None
    if report is None or not report.original_message_id:
        return False
    with transaction.atomic():
        # The row is locked where the database can: two reports about one mail may come at once.
        submission = (
            Submission.objects.select_for_update()
            .filter(account=email.account_id, message_id=report.original_message_id)
            .order_by("pk")
            .first()
        )
        if submission is None or not _write(submission, report):
            return False
        Submission.objects.filter(pk=submission.pk).update(results=submission.results)
    tell_outbox_changed(email.account)
    return True


def _write(submission: Submission, report: Bounce) -> bool:
    """Notes the failures of addresses that the mail really went to."""
    went_to = {address.lower(): address for address in submission.envelope_to}
    known = [one for one in report.failures if one.address.lower() in went_to]
    for failure in known:
        address = went_to[failure.address.lower()]
        result = submission.results.setdefault(address, {"accepted": True})
        result["report"] = {
            "delayed": report.is_delay,
            "permanent": failure.is_permanent,
            "status": failure.status[:20],
            "code": failure.code[:10],
        }
    return bool(known)
