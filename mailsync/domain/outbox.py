"""Mail on its way out, and the promise that none goes twice by itself.

    queued -> claimed -> handed_over -> sent
    queued -> cancelled                         the user took it back in time
    queued -> failed                            Dealpost was away when it was due (domain.outages)
    queued -> queued                            over a limit of the account (domain.pacing)
    claimed -> queued                           refused for now, or the worker died before the dot
    claimed -> failed                           refused for good
    claimed -> sent                             late, and found in Sent: it left before a backup
    handed_over -> sent | failed | unknown      the server answered, or did not
    unknown -> sent | queued                    found in Sent, or the user said "send again"
    failed -> queued                            the user said "send again"

Nobody can promise exactly-once over SMTP (RFC 1047). What is promised: `handed_over` is
committed right before the final dot, and from then on no code path submits the row again
without a person. A row found there without a living worker becomes `unknown`; we look for its
Message-ID in the Sent mailbox, and if it is not there the user is asked.

Every change of state is an UPDATE that names the old state and looks at the row count, so of
two that want the same row one wins and the other sees that it lost.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from common.durable import durable
from mailsync.domain import blobs, outages, pacing, sent_copies
from mailsync.domain.connections import open_submitter
from mailsync.domain.news import tell_outbox_changed
from mailsync.domain.outages import LATENESS
from mailsync.domain.outbox_news import TROUBLE, tell_not_sent
from mailsync.domain.sent import keep_sent
from mailsync.enums import AccountState, SentCopy, SubmissionState
from mailsync.models import MailAccount, Submission, Thread
from mailsync.providers.base import (
    MailStore,
    ProviderError,
    Reaction,
    SubmitResult,
    Submitter,
)

logger = logging.getLogger(__name__)

# A sweep each few seconds finds the rest; a broker is no calendar.
SOON = timedelta(minutes=1)
# RFC 5321 4.5.3.2.6 gives the server ten minutes after the final dot; the lease outlives that.
LEASE = timedelta(minutes=15)
RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (5, 10, 20, 40, 80, 160))
GIVE_UP_AFTER = timedelta(hours=24)
# A mail that leaves later than this after its time may be one that a restored backup has
# forgotten to have sent: it is looked for in Sent first.
LOOK_FIRST_AFTER = timedelta(minutes=5)

SUBJECT_LENGTH = Submission._meta.get_field("subject").max_length

# Ends after the final dot in which the server said nothing (providers.base.Submitter).
UNANSWERED = ("outcome_unknown", "internal")

S = SubmissionState
OPEN_ENDS = (S.FAILED, S.UNKNOWN)


class OutboxError(Exception):
    """The act comes too late: the mail is in another state by now."""


@dataclass(frozen=True)
class Outgoing:
    """A message ready for its server: bytes and Message-ID are fixed from here on."""

    raw: bytes
    message_id: str
    subject: str
    envelope_from: str
    envelope_to: list[str]
    bcc: list[str] = field(default_factory=list)


# --- Acts of people --------------------------------------------------------------------------


@transaction.atomic
def queue(
    outgoing: Outgoing,
    *,
    account: MailAccount,
    by: Any,
    send_at: datetime | None = None,
    thread: Thread | None = None,
    undo: timedelta = timedelta(0),
) -> Submission:
    """Puts a message into the outbox. It leaves at `send_at`, or when the undo time is over."""
    if not outgoing.envelope_to:
        raise ValueError("a message without recipients")
    now = timezone.now()
    undo_until = None if send_at else now + undo
    submission = Submission.objects.create(
        account=account,
        created_by=by,
        thread=thread,
        blob=blobs.store(account.pk, outgoing.raw),
        message_id=outgoing.message_id,
        # For the outbox; the bytes have all of it, whatever a smart field has put into it.
        subject=" ".join(outgoing.subject.split())[:SUBJECT_LENGTH],
        envelope_from=outgoing.envelope_from,
        envelope_to=outgoing.envelope_to,
        bcc=outgoing.bcc,
        send_at=send_at or now + undo,
        undo_until=undo_until,
    )
    _ring_when_due(submission)
    return submission


def _ring_when_due(submission: Submission) -> None:
    """Asks for the mail to be sent right at its moment; later ones are the sweep's."""
    from mailsync.tasks import send_submission  # leaf: tasks import the domain

    wait = (submission.send_at - timezone.now()).total_seconds()
    if wait < SOON.total_seconds():
        transaction.on_commit(
            lambda: send_submission.apply_async((submission.pk,), countdown=max(wait, 0))
        )


def cancel(submission: Submission) -> None:
    """Takes a waiting mail back. Raises OutboxError when it is on its way already."""
    _move(submission.pk, (S.QUEUED, S.FAILED), S.CANCELLED)


def send_again(submission: Submission) -> None:
    """A person's word that a failed or perhaps-sent mail shall be submitted (once more)."""
    now = timezone.now()
    _move(
        submission.pk,
        OPEN_ENDS,
        S.QUEUED,
        send_at=now,
        created_at=now,
        attempts=0,
        error_code="",
        handed_over_at=None,
        look_at=None,
    )
    _ring_when_due(Submission.objects.get(pk=submission.pk))


def send_now(submission: Submission) -> None:
    """Ends the waiting of a scheduled mail, or of one that is to be tried again."""
    _move(submission.pk, (S.QUEUED,), S.QUEUED, send_at=timezone.now(), undo_until=None)
    _ring_when_due(Submission.objects.get(pk=submission.pk))


def mark_sent(submission: Submission) -> None:
    """A person's word that a perhaps-sent mail did arrive."""
    _move(submission.pk, (S.UNKNOWN,), S.SENT, sent_at=submission.handed_over_at, look_at=None)


def reschedule(submission: Submission, *, send_at: datetime) -> None:
    """Another time for a waiting mail. Raises OutboxError when it is on its way already."""
    _move(submission.pk, (S.QUEUED,), S.QUEUED, send_at=send_at, undo_until=None)


# --- Work ------------------------------------------------------------------------------------


def due() -> list[int]:
    """Ids of mail whose time has come, oldest first."""
    rows = Submission.objects.filter(state=S.QUEUED, send_at__lte=timezone.now())
    return list(rows.order_by("send_at", "pk").values_list("pk", flat=True)[:500])


def sweep() -> None:
    """Rings for everything whose time has come. A lost task is found again here."""
    from mailsync.tasks import look_for_sent, send_submission  # leaf: tasks import the domain

    outages.look_at_clock()
    recover()
    for submission_id in due():
        send_submission.delay(submission_id)
    for submission_id in sent_copies.due_looks():
        look_for_sent.delay(submission_id)
    for account_id in (
        Submission.objects.filter(state=S.SENT, email=None, remainder_of=None)
        .values_list("account", flat=True)
        .distinct()
    ):
        keep_sent(account_id)


def send_and_keep(submission_id: int) -> None:
    """Submits a mail and, when it is sent, shows it in its conversation."""
    send(submission_id)
    row = Submission.objects.get(pk=submission_id)
    if row.state == S.SENT and row.email_id is None:
        keep_sent(row.account_id)
    tell_outbox_changed(row.account)


def recover() -> None:
    """Settles rows whose worker died. Before the dot nothing was sent: it may be tried again.
    After it the server may have the mail: a person or the Sent mailbox has to say."""
    dead = Submission.objects.filter(lease_until__lt=timezone.now())
    dead.filter(state=S.CLAIMED).update(state=S.QUEUED, lease_until=None, version=F("version") + 1)
    for submission_id in list(dead.filter(state=S.HANDED_OVER).values_list("pk", flat=True)):
        with transaction.atomic():
            is_mine = dead.filter(pk=submission_id, state=S.HANDED_OVER).update(
                state=S.UNKNOWN,
                lease_until=None,
                error_code="outcome_unknown",
                look_at=timezone.now(),
                version=F("version") + 1,
            )
            if is_mine:
                tell_not_sent(submission_id)


def send(
    submission_id: int, *, submitter: Submitter | None = None, store: MailStore | None = None
) -> None:
    """Submits one due mail. Whatever happens ends in a state that its author can read."""
    outages.look_at_clock()
    submission = _claim(submission_id)
    if submission is None:
        return
    try:
        _carry_out(submission, submitter, store)
    except OutboxError:
        # Somebody else has settled the row meanwhile; what is known of it stands there.
        logger.info("submission %s was settled by another", submission.pk)


def _carry_out(
    submission: Submission, submitter: Submitter | None, store: MailStore | None
) -> None:
    refusal = _why_not(submission)
    if refusal:
        _settle(submission, S.FAILED, error_code=refusal)
        return
    opened = submitter
    try:
        if _has_gone_before(submission, store):
            return
        opened = opened or open_submitter(submission.account)
        result = opened.submit(
            sent_copies.bytes_of(submission),
            envelope_from=submission.envelope_from,
            envelope_to=submission.envelope_to,
            before_final_dot=lambda: _hand_over(submission),
        )
    except OutboxError:
        raise
    except ProviderError as error:
        _after_error(submission, error)
    except Exception:
        logger.exception("submission %s broke", submission.pk)
        _after_error(submission, ProviderError("internal", Reaction.LATER))
    else:
        _after_answer(submission, result, opened)
    finally:
        if opened and not submitter:
            opened.close()


@transaction.atomic
def _claim(submission_id: int) -> Submission | None:
    now = timezone.now()
    due = Submission.objects.filter(pk=submission_id, state=S.QUEUED, send_at__lte=now)
    submission = due.select_related("account").first()
    if submission is None:
        return None
    # One at a time: two mails of an account must not take the same room.
    MailAccount.objects.select_for_update().get(pk=submission.account_id)
    room = pacing.room_for(submission, now=now)
    if room.code:
        due.update(send_at=room.at, error_code=room.code, undo_until=None, version=F("version") + 1)
        if room.code == pacing.LIMIT_BOUNCES != submission.error_code:
            tell_not_sent(submission.pk)
        return None
    count = due.update(
        state=S.CLAIMED,
        lease_until=now + LEASE,
        attempts=F("attempts") + 1,
        recipient_count=room.recipients,
        new_recipient_count=room.strangers,
        counted_at=now,
        handed_over_at=None,
        version=F("version") + 1,
    )
    if not count:
        return None
    return Submission.objects.select_related("account", "created_by", "blob").get(pk=submission_id)


def _has_gone_before(submission: Submission, store: MailStore | None) -> bool:
    """A mail that leaves late may have left before the backup that we run on was made."""
    late = timezone.now() - submission.send_at > LOOK_FIRST_AFTER
    if not late or submission.remainder_of_id:
        return False
    if not sent_copies.is_there(submission, store=store):
        return False
    _settle(
        submission,
        S.SENT,
        sent_at=submission.send_at,
        error_code="",
        sent_copy=SentCopy.FOUND,
        look_at=None,
    )
    return True


def _why_not(submission: Submission) -> str:
    """Why this mail may not leave after all; empty when it may. Rights are looked at now, not
    when it was written."""
    if submission.account.state in (AccountState.REMOVING, AccountState.DISABLED):
        return "account_stopped"
    usable = MailAccount.objects.usable_by(submission.created_by)
    if not usable.filter(pk=submission.account_id).exists():
        return "not_allowed_any_more"
    if submission.attempts == 1 and timezone.now() - submission.send_at > LATENESS:
        return "too_late"
    return ""


def _hand_over(submission: Submission) -> None:
    """Committed before the final dot: from here on nobody sends this row again by himself."""
    now = timezone.now()
    mine = Submission.objects.filter(pk=submission.pk, state=S.CLAIMED, version=submission.version)
    with durable():
        count = mine.update(state=S.HANDED_OVER, handed_over_at=now, version=F("version") + 1)
    if not count:
        raise OutboxError(submission.pk)
    submission.handed_over_at = now


def _after_answer(submission: Submission, result: SubmitResult, submitter: Submitter) -> None:
    results = {
        recipient.address: {
            "accepted": recipient.accepted,
            "code": recipient.code,
            "status": recipient.enhanced,
        }
        for recipient in result.recipients
    }
    put_off = [one.address for one in result.recipients if not one.accepted and one.temporary]
    if not result.accepted:
        if put_off:
            _retry(submission, "throttled", results=results)
        else:
            _settle(submission, S.FAILED, error_code="recipients_refused", results=results)
        return
    now = timezone.now()
    copy = SentCopy.FOUND if submitter.saves_sent_copy else SentCopy.WAITING
    if submission.remainder_of_id:
        copy = SentCopy.NONE
    with transaction.atomic():
        _settle(
            submission,
            S.SENT,
            sent_at=now,
            results=results,
            error_code="",
            sent_copy=copy,
            look_at=now + sent_copies.first_look(submission) if copy == SentCopy.WAITING else None,
        )
        if put_off:
            _queue_remainder(submission, put_off)


def _queue_remainder(submission: Submission, recipients: list[str]) -> None:
    Submission.objects.create(
        account=submission.account,
        created_by=submission.created_by,
        thread=submission.thread,
        blob=submission.blob,
        message_id=submission.message_id,
        subject=submission.subject,
        envelope_from=submission.envelope_from,
        envelope_to=recipients,
        send_at=timezone.now() + RETRY_AFTER[0],
        sent_copy=SentCopy.NONE,
        remainder_of=submission,
    )


def _after_error(submission: Submission, error: ProviderError) -> None:
    """A refusal is final and a "not now" may be repeated, also after the final dot: in both the
    server said that it did not take the mail. Without an answer to the dot it stays open."""
    if submission.handed_over_at and error.code in UNANSWERED:
        _settle(
            submission,
            S.UNKNOWN,
            error_code="outcome_unknown",
            look_at=timezone.now() + sent_copies.LOOK_AFTER[0],
            looks=0,
        )
    elif error.reaction == Reaction.REFUSED:
        _settle(submission, S.FAILED, error_code=error.code)
    else:
        _retry(submission, error.code, after=error.retry_after)


def _retry(submission: Submission, code: str, *, after: float | None = None, **fields: Any) -> None:
    """Back to the queue with a growing pause, until a day has gone."""
    now = timezone.now()
    if now - submission.created_at > GIVE_UP_AFTER and submission.attempts > len(RETRY_AFTER):
        _settle(submission, S.FAILED, error_code="gave_up", **fields)
        return
    pause = RETRY_AFTER[min(submission.attempts, len(RETRY_AFTER)) - 1]
    if after:
        pause = max(pause, timedelta(seconds=after))
    _settle(submission, S.QUEUED, error_code=code, send_at=now + pause, **fields)


def _settle(submission: Submission, state: SubmissionState, **fields: Any) -> None:
    """The end of this attempt. Another worker may have taken it for dead meanwhile: before the
    dot the row is his then; after it this answer is still the best that is known."""
    row = Submission.objects.filter(pk=submission.pk)
    if submission.handed_over_at:
        row = row.filter(
            handed_over_at=submission.handed_over_at, state__in=(S.HANDED_OVER, S.UNKNOWN)
        )
    else:
        row = row.filter(state=S.CLAIMED, version=submission.version)
    with transaction.atomic():
        if not row.update(state=state, lease_until=None, version=F("version") + 1, **fields):
            raise OutboxError(submission.pk)
        if state in TROUBLE:
            tell_not_sent(submission.pk)


def _move(
    submission_id: int,
    before: Iterable[SubmissionState],
    after: SubmissionState,
    **fields: Any,
) -> None:
    count = Submission.objects.filter(pk=submission_id, state__in=before).update(
        state=after, version=F("version") + 1, **fields
    )
    if not count:
        raise OutboxError(submission_id)
