"""Drafts and the outbox as lists, in words."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from inbox.models import Draft
from mailsync.domain import pacing
from mailsync.enums import SubmissionState
from mailsync.errors import SENTENCES
from mailsync.models import MailAccount, Submission, Thread

S = SubmissionState
WAITING = (S.QUEUED, S.CLAIMED, S.HANDED_OVER, S.FAILED, S.UNKNOWN)


def drafts_of(user: Any) -> QuerySet[Draft]:
    """A draft of version 1 was opened and never written into; nobody misses it."""
    return (
        Draft.objects.usable_by(user)
        .standing()
        .filter(version__gt=1)
        .select_related("account", "author", "parent__thread")
        .distinct()
    )


def outbox_of(user: Any) -> QuerySet[Submission]:
    """What is not sent, of this user's own and team accounts."""
    return Submission.objects.filter(
        account__in=MailAccount.objects.usable_by(user), state__in=WAITING
    ).select_related("account", "created_by", "draft")


@dataclass(frozen=True)
class Counts:
    drafts: int
    outbox: int
    failed: int


def counts(user: Any) -> Counts:
    states = list(outbox_of(user).values_list("state", flat=True))
    return Counts(
        drafts=drafts_of(user).count(),
        outbox=len(states),
        failed=sum(state in (S.FAILED, S.UNKNOWN) for state in states),
    )


def waiting_in(thread: Thread, user: Any) -> list["Waiting"]:
    """Mail of this conversation on its way; only for those whose account sends it."""
    rows = outbox_of(user).filter(Q(thread=thread) | Q(draft__parent__thread=thread))
    return [Waiting(row) for row in rows.distinct().order_by("pk")]


def drafts_in(thread: Thread, user: Any) -> list[Draft]:
    """Answers in this conversation that somebody has begun."""
    return list(drafts_of(user).filter(parent__thread=thread).order_by("pk"))


@dataclass(frozen=True)
class Waiting:
    """A mail on its way out, with what its state means to its author."""

    submission: Submission

    @property
    def key(self) -> str:
        return self.submission.key

    @property
    def draft(self) -> Draft | None:
        return getattr(self.submission, "draft", None)

    @property
    def is_scheduled(self) -> bool:
        row = self.submission
        is_later = row.undo_until is None and row.attempts == 0
        return row.state == S.QUEUED and is_later and not self.is_held

    @property
    def is_held(self) -> bool:
        """Over a limit of its account: it leaves by itself when there is room."""
        return self.submission.state == S.QUEUED and self.submission.error_code in pacing.LIMITS

    @property
    def is_retrying(self) -> bool:
        row = self.submission
        return row.state == S.QUEUED and row.attempts > 0 and not self.is_held

    @property
    def can_take_back(self) -> bool:
        return self.submission.state in (S.QUEUED, S.FAILED) and self.draft is not None

    @property
    def is_failed(self) -> bool:
        return self.submission.state == S.FAILED

    @property
    def is_unknown(self) -> bool:
        return self.submission.state == S.UNKNOWN

    @property
    def reason(self) -> str:
        """Why it has not gone, in words; empty while nothing is wrong."""
        return reason(self.submission.error_code) if self.submission.error_code else ""

    @property
    def refused(self) -> list[str]:
        """Recipients that the server did not take."""
        return [
            address
            for address, result in self.submission.results.items()
            if not result.get("accepted")
        ]


def reason(code: str) -> str:
    """A code of the outbox as a sentence."""
    own = {
        "throttled": _("The server takes no more mail at the moment. It is tried again by itself."),
        "account_stopped": _("The account is disconnected. Connect it again, then send."),
        "connection_lost": _("The connection was cut. It is tried again by itself."),
        "server_unavailable": _("The server is busy. It is tried again by itself."),
    }
    return str(own.get(code) or SENTENCES.get(code) or SENTENCES["refused"])


def troubles(submission: Submission) -> list[str]:
    """A sentence for each recipient whom a mail did not reach, as far as servers have said."""
    found = []
    for address, result in submission.results.items():
        report = result.get("report")
        named = {"address": address, "code": result.get("code", "")}
        if report and report.get("delayed"):
            found.append(_("Not delivered to %(address)s yet; it is still being tried.") % named)
        elif report and report.get("permanent"):
            found.append(_("%(address)s does not exist or takes no mail.") % named)
        elif report:
            found.append(_("Not delivered to %(address)s.") % named)
        elif not result.get("accepted"):
            found.append(_("The server refused %(address)s (%(code)s).") % named)
    return found
