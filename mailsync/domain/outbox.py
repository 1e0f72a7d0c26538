"""Mail on its way out, and the promise that none goes twice by itself.

    queued -> claimed -> handed_over -> sent
    queued -> cancelled                         the user took it back in time
    claimed -> queued                           refused for now, or the worker died before the dot
    claimed -> failed                           refused for good
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
from django.db.models import F, Q
from django.utils import timezone

from mailsync.domain import blobs
from mailsync.domain.connections import open_store, open_submitter
from mailsync.domain.news import tell_outbox_changed
from mailsync.domain.sent import keep_sent
from mailsync.enums import AccountState, MailboxRole, SentCopy, SubmissionState
from mailsync.models import MailAccount, Submission, Thread
from mailsync.providers.base import (
    Keyword,
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
# A mail that should have left longer ago than this waits for its author's word: also what keeps
# a restored backup from sending yesterday's mail once more.
LATENESS = timedelta(hours=2)
LOOK_AFTER = tuple(timedelta(minutes=minutes) for minutes in (2, 10, 60, 240, 1440))

# A long list of addresses goes over several lines (RFC 5322 2.2.3).
FOLDED_COMMA = ",\r\n "

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
        subject=outgoing.subject,
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


# --- The copy in Sent ------------------------------------------------------------------------


def look(submission_id: int, *, store: MailStore | None = None) -> None:
    """Looks for a mail in the provider's Sent mailbox: a perhaps-sent one that is there was sent;
    a sent one that is not there, because this provider keeps none, is stored there once."""
    submission = Submission.objects.select_related("account", "blob").get(pk=submission_id)
    path = (
        submission.account.mailboxes.filter(role=MailboxRole.SENT, is_selectable=True)
        .values_list("path", flat=True)
        .first()
    )
    opened = store
    try:
        found = False
        if path:
            opened = opened or open_store(submission.account)
            opened.open(path, writable=submission.state == S.SENT)
            found = bool(opened.find(submission.message_id))
        if found:
            _note_found(submission)
        elif submission.state == S.SENT and path and opened:
            opened.append(path, _with_bcc(submission), keywords=Keyword.SEEN)
            _note_found(submission)
        else:
            _look_later(submission)
    except ProviderError:
        _look_later(submission)
    finally:
        if opened and not store:
            opened.close()


def _note_found(submission: Submission) -> None:
    row = Submission.objects.filter(pk=submission.pk)
    row.filter(state=S.UNKNOWN).update(
        state=S.SENT,
        sent_at=submission.handed_over_at,
        error_code="",
        version=F("version") + 1,
    )
    row.filter(state=S.SENT).update(sent_copy=SentCopy.STORED, look_at=None)


def _look_later(submission: Submission) -> None:
    looks = submission.looks + 1
    again = looks < len(LOOK_AFTER)
    row = Submission.objects.filter(pk=submission.pk)
    row.update(looks=looks, look_at=timezone.now() + LOOK_AFTER[looks] if again else None)
    if not again:
        row.filter(state=S.SENT).update(sent_copy=SentCopy.FAILED)


def _bytes_of(submission: Submission) -> bytes:
    if submission.blob is None:
        raise ProviderError("message_not_had", Reaction.REFUSED)
    return blobs.read(submission.blob)


def _with_bcc(submission: Submission) -> bytes:
    """The sent bytes with the field that no recipient got (RFC 5322 3.6.3, second way)."""
    raw = _bytes_of(submission)
    if not submission.bcc:
        return raw
    return f"Bcc: {FOLDED_COMMA.join(submission.bcc)}\r\n".encode() + raw


# --- Work ------------------------------------------------------------------------------------


def due() -> list[int]:
    """Ids of mail whose time has come, oldest first."""
    rows = Submission.objects.filter(state=S.QUEUED, send_at__lte=timezone.now())
    return list(rows.order_by("send_at", "pk").values_list("pk", flat=True)[:500])


def due_looks() -> list[int]:
    """Ids of mail to look for in the Sent mailbox: perhaps-sent ones, and missing copies."""
    rows = Submission.objects.filter(
        Q(state=S.UNKNOWN) | Q(state=S.SENT, sent_copy=SentCopy.WAITING),
        look_at__lte=timezone.now(),
    )
    return list(rows.order_by("look_at").values_list("pk", flat=True)[:500])


def sweep() -> None:
    """Rings for everything whose time has come. A lost task is found again here."""
    from mailsync.tasks import look_for_sent, send_submission  # leaf: tasks import the domain

    recover()
    for submission_id in due():
        send_submission.delay(submission_id)
    for submission_id in due_looks():
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
    dead.filter(state=S.HANDED_OVER).update(
        state=S.UNKNOWN,
        lease_until=None,
        error_code="outcome_unknown",
        look_at=timezone.now(),
        version=F("version") + 1,
    )


def send(submission_id: int, *, submitter: Submitter | None = None) -> None:
    """Submits one due mail. Whatever happens ends in a state that its author can read."""
    submission = _claim(submission_id)
    if submission is None:
        return
    refusal = _why_not(submission)
    if refusal:
        _move(submission.pk, (S.CLAIMED,), S.FAILED, error_code=refusal)
        return
    opened = submitter
    try:
        opened = opened or open_submitter(submission.account)
        result = opened.submit(
            _bytes_of(submission),
            envelope_from=submission.envelope_from,
            envelope_to=submission.envelope_to,
            before_final_dot=lambda: _hand_over(submission.pk),
        )
    except OutboxError:
        # Between claim and final dot somebody else settled the row; nothing was sent.
        return
    except ProviderError as error:
        _after_error(submission.pk, error)
    except Exception:
        logger.exception("submission %s broke", submission.pk)
        _after_error(submission.pk, ProviderError("internal", Reaction.LATER))
    else:
        _after_answer(submission, result, opened)
    finally:
        if opened and not submitter:
            opened.close()


def _claim(submission_id: int) -> Submission | None:
    now = timezone.now()
    count = Submission.objects.filter(pk=submission_id, state=S.QUEUED, send_at__lte=now).update(
        state=S.CLAIMED,
        lease_until=now + LEASE,
        attempts=F("attempts") + 1,
        version=F("version") + 1,
    )
    if not count:
        return None
    return Submission.objects.select_related("account", "created_by", "blob").get(pk=submission_id)


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


def _hand_over(submission_id: int) -> None:
    """Committed before the final dot: from here on nobody sends this row again by himself."""
    _move(submission_id, (S.CLAIMED,), S.HANDED_OVER, handed_over_at=timezone.now())


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
            _retry(submission.pk, "throttled", results=results)
        else:
            _settle(submission.pk, S.FAILED, error_code="recipients_refused", results=results)
        return
    now = timezone.now()
    copy = SentCopy.STORED if submitter.saves_sent_copy else SentCopy.WAITING
    if submission.remainder_of_id:
        copy = SentCopy.NONE
    with transaction.atomic():
        _settle(
            submission.pk,
            S.SENT,
            sent_at=now,
            results=results,
            error_code="",
            sent_copy=copy,
            look_at=now + LOOK_AFTER[0] if copy == SentCopy.WAITING else None,
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


def _after_error(submission_id: int, error: ProviderError) -> None:
    """A refusal is final and a "not now" may be repeated, also after the final dot: in both the
    server said that it did not take the mail. Without an answer to the dot it stays open."""
    state = Submission.objects.values_list("state", flat=True).get(pk=submission_id)
    if state == S.HANDED_OVER and error.code in UNANSWERED:
        _settle(
            submission_id,
            S.UNKNOWN,
            error_code="outcome_unknown",
            look_at=timezone.now() + LOOK_AFTER[0],
            looks=0,
        )
    elif error.reaction == Reaction.REFUSED:
        _settle(submission_id, S.FAILED, error_code=error.code)
    else:
        _retry(submission_id, error.code, after=error.retry_after)


def _retry(submission_id: int, code: str, *, after: float | None = None, **fields: Any) -> None:
    """Back to the queue with a growing pause, until a day has gone."""
    row = Submission.objects.get(pk=submission_id)
    now = timezone.now()
    if now - row.created_at > GIVE_UP_AFTER and row.attempts > len(RETRY_AFTER):
        _settle(submission_id, S.FAILED, error_code="gave_up", **fields)
        return
    pause = RETRY_AFTER[min(row.attempts, len(RETRY_AFTER)) - 1]
    if after:
        pause = max(pause, timedelta(seconds=after))
    _settle(submission_id, S.QUEUED, error_code=code, send_at=now + pause, **fields)


def _settle(submission_id: int, state: SubmissionState, **fields: Any) -> None:
    _move(submission_id, (S.CLAIMED, S.HANDED_OVER), state, lease_until=None, **fields)


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
