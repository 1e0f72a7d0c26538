"""A mail that did not go, or perhaps did, or waits for a reason that its author should know: he
hears of it without looking for it."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from mailsync.domain import pacing
from mailsync.enums import SubmissionState
from mailsync.models import MailAccount, Submission
from notifications.domain import bell

KIND = "mail-not-sent"
TROUBLE = (SubmissionState.FAILED, SubmissionState.UNKNOWN)


def tell_not_sent(submission_id: int) -> None:
    submission = Submission.objects.select_related("created_by").get(pk=submission_id)
    bell.notify([submission.created_by], kind=KIND, subject_id=submission_id)


def lines(reader: Any, submission_ids: set[int]) -> Mapping[int, bell.Line]:
    """Only for who may send from the account now, and only while it is so."""
    is_held = Q(state=SubmissionState.QUEUED, error_code=pacing.LIMIT_BOUNCES)
    rows = Submission.objects.filter(
        Q(state__in=TROUBLE) | is_held,
        pk__in=submission_ids,
        account__in=MailAccount.objects.usable_by(reader),
    )
    return {
        row.pk: bell.Line(
            text=_sentence(row) % {"subject": row.subject or _("No subject")},
            url=reverse("inbox:outbox"),
            icon="alert-circle",
        )
        for row in rows
    }


def _sentence(row: Submission) -> str:
    if row.state == SubmissionState.UNKNOWN:
        return _("Perhaps sent, perhaps not: %(subject)s")
    if row.state == SubmissionState.QUEUED:
        return _("Waits, because many of your mails came back: %(subject)s")
    return _("Not sent: %(subject)s")
