"""From a draft to a mail in the outbox, back from there, and what follows once it was sent."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from inbox.domain import draft_copies, draft_files, drafts, reminders
from inbox.domain.answering import ANSWERS, parsed
from inbox.domain.draft_sight import as_seen_by
from inbox.domain.writing import Written, write
from inbox.enums import DraftKind
from inbox.errors import ComposeError
from inbox.models import Draft
from mailsync.domain import links_by_hand, outbox
from mailsync.enums import AccountScope, SubmissionState
from mailsync.mime import answers
from mailsync.mime.build import OutgoingAddressError, build, checked_address
from mailsync.mime.types import Answer, OutgoingEmail, Party
from mailsync.models import MailAccount, Submission, Thread
from notifications.domain import bell
from sharing.enums import ThreadVisibility
from users.models import Preferences

MAX_RECIPIENTS = 50
STOPPED = "mail-stopped"
SPACING = timedelta(seconds=20)


def send(
    draft: Draft, *, by: Any, version: int, send_at: datetime | None = None, force: bool = False
) -> Submission:
    """Queues a draft. Raises ComposeError when something is missing that only its author can
    supply; `force` sends fields without a value as nothing, at the author's word."""
    draft = as_seen_by(draft, by)
    account, recipients = check_sendable(draft, by=by)
    written = write(draft, by=by, drops_empty=force)
    if written.missing and not force:
        raise ComposeError("missing_fields", ", ".join(written.missing))
    outgoing = _outgoing(draft, account, recipients, written)
    with transaction.atomic():
        submission = outbox.queue(
            outgoing,
            account=account,
            by=by,
            send_at=_spaced(account, send_at) if send_at else None,
            thread=_thread_answered(draft, account),
            undo=timedelta(seconds=Preferences.of(by).undo_seconds),
        )
        count = (
            Draft.objects.standing()
            .filter(pk=draft.pk, version=version)
            .update(submission=submission, send_at=send_at, version=F("version") + 1)
        )
        if not count:
            # Rolls the submission back: another device has sent or changed it.
            raise drafts.DraftConflictError(Draft.objects.get(pk=draft.pk))
        draft_copies.recall(draft)
    return submission


def visibilities(account: MailAccount) -> tuple[ThreadVisibility, ThreadVisibility]:
    """Who may see a conversation of this account: those who see its records, or its people."""
    is_team = account.scope == AccountScope.TEAM
    return ThreadVisibility.SHARED, ThreadVisibility.TEAM if is_team else ThreadVisibility.PRIVATE


def send_test(draft: Draft, *, by: Any) -> Submission:
    """The mail as it would leave now, to its writer alone; the draft stays as it is."""
    account = check_account(as_seen_by(draft, by), by=by)
    written = write(draft, by=by)
    subject = _("Test: %(subject)s") % {"subject": written.subject}
    recipients = [("to", Party(by.name, by.email))]
    outgoing = _outgoing(draft, account, recipients, replace(written, subject=subject))
    return outbox.queue(outgoing, account=account, by=by)


def check_sendable(draft: Draft, *, by: Any) -> tuple[MailAccount, list[tuple[str, Party]]]:
    """The account and the recipients; raises ComposeError for what only the author can supply."""
    return check_account(draft, by=by), _recipients(draft)


def check_account(draft: Draft, *, by: Any) -> MailAccount:
    """The account, as far as this user may send from it and its provider takes the files."""
    usable = MailAccount.objects.usable_by(by)
    account = usable.filter(pk=draft.account_id).first() if draft.account_id else None
    if account is None:
        raise ComposeError("no_account")
    if draft_files.weight(draft) > draft_files.limit_of(draft):
        # Another account than the one that they were attached for.
        raise ComposeError("files_too_big")
    return account


def _spaced(account: MailAccount, moment: datetime) -> datetime:
    """The moment, or shortly after what already leaves then: a server that gets a dozen mails
    in one second takes them for a robot's."""
    taken = set(
        Submission.objects.filter(
            account=account,
            state=SubmissionState.QUEUED,
            send_at__gte=moment,
            send_at__lt=moment + SPACING * 500,
        ).values_list("send_at", flat=True)
    )
    while any(moment <= other < moment + SPACING for other in taken):
        moment += SPACING
    return moment


def take_back(submission: Submission, *, by: Any) -> Draft | None:
    """Undo: cancels a waiting mail and gives its draft back. Raises outbox.OutboxError when it
    has left. Who wrote it hears of it when a colleague of his team did that."""
    with transaction.atomic():
        outbox.cancel(submission)
        draft = Draft.objects.filter(submission=submission).first()
        if draft:
            Draft.objects.filter(pk=draft.pk).update(
                submission=None, send_at=None, version=F("version") + 1
            )
            draft.refresh_from_db()
            draft_copies.follow(draft)
            if submission.created_by_id != by.pk:
                bell.notify([submission.created_by], kind=STOPPED, subject_id=draft.pk)
    return draft


def stopped_lines(reader: Any, draft_ids: set[int]) -> Mapping[int, bell.Line]:
    """The words behind the bell, while the draft waits to be gone on with."""
    rows = Draft.objects.usable_by(reader).standing().filter(pk__in=draft_ids).distinct()
    return {
        draft.pk: bell.Line(
            text=_("A colleague stopped your mail: %(subject)s")
            % {"subject": draft.subject or _("No subject")},
            url=reverse("inbox:draft", args=[draft.key]),
            icon="pencil",
        )
        for draft in rows
    }


def _recipients(draft: Draft) -> list[tuple[str, Party]]:
    found: dict[str, tuple[str, Party]] = {}
    for role in ("to", "cc", "bcc"):
        for name, address in getattr(draft, role):
            try:
                checked = checked_address(address)
            except OutgoingAddressError as error:
                raise ComposeError("bad_address", address) from error
            found.setdefault(checked.lower(), (role, Party(name, checked)))
    if not found:
        raise ComposeError("no_recipients")
    if len(found) > MAX_RECIPIENTS:
        raise ComposeError("too_many_recipients")
    return list(found.values())


def _outgoing(
    draft: Draft, account: MailAccount, recipients: list[tuple[str, Party]], written: Written
) -> outbox.Outgoing:
    header = None
    if draft.parent:
        kind = ANSWERS.get(DraftKind(draft.kind), Answer.REPLY)
        header = answers.reply_headers(parsed(draft.parent), kind, ())
    message_id = _new_message_id(account)
    bcc = [party.address for role, party in recipients if role == "bcc"]
    email = OutgoingEmail(
        message_id=message_id,
        sender=Party(account.sender_name or draft.author.name, account.address),
        sent_at=timezone.now(),
        to=_with_role(recipients, "to"),
        cc=_with_role(recipients, "cc"),
        subject=written.subject,
        text=written.text,
        html=written.html,
        in_reply_to=header.in_reply_to if header else "",
        references=header.references if header else (),
        files=tuple(draft_files.outgoing(draft)),
    )
    return outbox.Outgoing(
        raw=build(email),
        message_id=message_id,
        subject=written.subject,
        envelope_from=account.address,
        envelope_to=[party.address for _role, party in recipients],
        bcc=bcc,
    )


def _with_role(recipients: list[tuple[str, Party]], wanted: str) -> tuple[Party, ...]:
    return tuple(party for role, party in recipients if role == wanted)


def _new_message_id(account: MailAccount) -> str:
    """An id nobody can make up: an answer or bounce that names it is one to a mail of ours."""
    token = secrets.token_urlsafe(16)
    mark = hmac.new(settings.SECRET_KEY.encode(), token.encode(), hashlib.sha256).hexdigest()[:12]
    return f"{token}.{mark}@{account.address.rpartition('@')[2]}"


def _thread_answered(draft: Draft, account: MailAccount) -> Any:
    """The conversation that the mail goes on with; a colleague's account has its own."""
    if draft.parent and draft.parent.account_id == account.pk and draft.kind != DraftKind.NEW:
        return draft.parent.thread
    return None


# --- After it was sent -----------------------------------------------------------------------


def settle_sent(submission_id: int, *, thread_id: int) -> None:
    """Gives the conversation what its author chose while writing: who sees it, and the record
    that it belongs to."""
    drafts_sent = Draft.objects.filter(submission=submission_id)
    draft = drafts_sent.select_related("author", "parent__thread").first()
    if draft is None:
        return
    thread = Thread.objects.select_related("account").get(pk=thread_id)
    if visibility := _visibility_after(draft, thread):
        Thread.objects.filter(pk=thread_id).update(visibility=visibility)
    if draft.remind_at and draft.remind_at > timezone.now():
        reminders.wait_for_answer(
            thread, by=draft.author, until=draft.remind_at, since=timezone.now()
        )
    for record in (draft.deal, draft.lead, draft.project, draft.person):
        if record and type(record).objects.visible_to(draft.author).filter(pk=record.pk).exists():
            links_by_hand.link_by_hand(thread, record=record, by=draft.author)


def _visibility_after(draft: Draft, thread: Thread) -> str:
    """What the mail makes of its conversation; empty: it stays as it is.

    In the conversation that he answers or forwards the author has chosen with its state before
    his eyes. Elsewhere his choice is for what begins with the mail: it may close what was there,
    never publish it. And what carries a hidden mail along begins hidden, unless he said otherwise.
    """
    shared, closed = visibilities(thread.account)
    chosen = draft.visibility if draft.visibility in (shared, closed) else ""
    parent = draft.parent
    if parent and parent.thread_id == thread.pk:
        return chosen
    begins = not thread.emails.exclude(submission=draft.submission_id).exists()
    if not begins:
        return "" if chosen == shared else chosen
    if not chosen and parent and parent.thread.visibility != ThreadVisibility.SHARED:
        return closed
    return chosen
