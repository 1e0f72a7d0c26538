"""A mail that did not go, or perhaps did: its author hears of it without looking for it."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

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
    rows = Submission.objects.filter(
        pk__in=submission_ids,
        state__in=TROUBLE,
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
    return _("Not sent: %(subject)s")
