"""From a draft to a mail in the outbox: answers, what goes out, and what to ask before.

What the editor sent is never trusted: it is cleaned here, once more, on its way out. The
quoted original does not pass through the editor at all, so that nothing can damage it; it is
taken from the stored mail when the mail is sent.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from crm.models import Deal, Lead, Organization, Person, Project
from inbox.domain import drafts, fields, reminders
from inbox.enums import DraftKind
from inbox.models import Draft, DraftFile
from mailsync.domain import blobs, linking, outbox
from mailsync.enums import SubmissionState
from mailsync.mime import answers, html, parse, plain
from mailsync.mime.build import OutgoingAddressError, build, checked_address
from mailsync.mime.types import Answer, OutgoingEmail, OutgoingFile, ParsedEmail, Party
from mailsync.models import Email, MailAccount, Submission, Thread
from users.models import Preferences

MAX_RECIPIENTS = 50
# What most providers take is 25 MB with the third that base64 adds (RFC 2045 6.8).
MAX_FILES_BYTES = 25 * 1024 * 1024 * 3 // 4
SPACING = timedelta(seconds=20)
FONT = "font-family:Arial,Helvetica,sans-serif;font-size:15px"
ANSWERS = {
    DraftKind.REPLY: Answer.REPLY,
    DraftKind.REPLY_ALL: Answer.REPLY_ALL,
    DraftKind.FORWARD: Answer.FORWARD,
}


class ComposeError(Exception):
    """The mail cannot be sent as it is; `code` says why."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


# --- Answers ---------------------------------------------------------------------------------


def answer_to(email: Email, *, kind: DraftKind, by: Any) -> Draft:
    """An answer to, or a forward of, an email which `by` may see; not stored yet.

    It is sent from the account that the mail came to when that is one of his own; a colleague
    who reads a shared conversation answers from his own account.
    """
    usable = MailAccount.objects.usable_by(by)
    own_account = usable.filter(pk=email.account_id).first()
    account = own_account or drafts.default_account(by) or usable.first()
    header = answers.reply_headers(_parsed(email), ANSWERS[kind], _own_addresses(email, by))
    return Draft(
        author=by,
        account=account,
        kind=kind,
        parent=email,
        to=[[party.name, party.address] for party in header.to],
        cc=[[party.name, party.address] for party in header.cc],
        subject=header.subject,
        signature=drafts.default_signature(by, account=account, kind=kind),
        visibility=email.thread.visibility if own_account else "",
    )


@transaction.atomic
def start_answer(email: Email, *, kind: DraftKind, by: Any) -> Draft:
    """The same, stored; a forward takes the files along."""
    draft = answer_to(email, kind=kind, by=by)
    draft.save()
    if kind == DraftKind.FORWARD:
        _take_files(draft, email)
    return draft


def _own_addresses(email: Email, user: Any) -> Collection[str]:
    accounts = MailAccount.objects.usable_by(user).values_list("address", flat=True)
    return {*accounts, user.email, email.account.address}


def _parsed(email: Email) -> ParsedEmail:
    if email.blob is None:
        raise ComposeError("parent_not_here")
    return parse.parse(blobs.read(email.blob))


def _take_files(draft: Draft, email: Email) -> None:
    raw = blobs.read(email.blob) if email.blob else b""
    for part in email.attachments.filter(is_inline=False):
        content = parse.part_bytes(raw, part.section) or b""
        add_file(draft, name=part.name, content_type=part.content_type, content=content)


# --- Files -----------------------------------------------------------------------------------


def add_file(
    draft: Draft, *, name: str, content_type: str, content: bytes, is_inline: bool = False
) -> DraftFile:
    """Attaches a file. The stored name is random and says nothing about it."""
    total = sum(draft.files.values_list("size", flat=True)) + len(content)
    if total > MAX_FILES_BYTES:
        raise ComposeError("files_too_big")
    file = DraftFile(
        draft=draft,
        name=name[:255] or _("file"),
        content_type=content_type[:127] or "application/octet-stream",
        size=len(content),
        content_id=f"{secrets.token_hex(12)}@inline" if is_inline else "",
    )
    file.content.save(secrets.token_hex(16), ContentFile(content), save=False)
    file.save()
    return file


def remove_file(file: DraftFile) -> None:
    content = file.content
    file.delete()
    transaction.on_commit(lambda: content.delete(save=False))


# --- After it was sent -----------------------------------------------------------------------


def settle_sent(submission_id: int, *, thread_id: int) -> None:
    """Gives the conversation what its author chose while writing: who sees it, and the record
    that it belongs to."""
    draft = Draft.objects.filter(submission=submission_id).select_related("author").first()
    if draft is None:
        return
    thread = Thread.objects.get(pk=thread_id)
    if draft.visibility and draft.visibility != thread.visibility and thread.email_count == 1:
        Thread.objects.filter(pk=thread_id).update(visibility=draft.visibility)
    if draft.remind_at and draft.remind_at > timezone.now():
        reminders.wait_for_answer(
            thread, by=draft.author, until=draft.remind_at, since=timezone.now()
        )
    for record in (draft.deal, draft.lead, draft.project, draft.person):
        if record and type(record).objects.visible_to(draft.author).filter(pk=record.pk).exists():
            linking.link_by_hand(thread, record=record, by=draft.author)


# --- What goes out ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Written:
    """A draft with its fields put in, as the reader will get it."""

    subject: str
    html: str
    text: str
    missing: tuple[str, ...] = ()


def context_of(draft: Draft, *, by: Any) -> fields.Context:
    """The records for smart fields, each only as far as the sender may see it."""
    person = _seen(Person, draft.person_id, by) or _first_recipient(draft, by)
    deal = _seen(Deal, draft.deal_id, by)
    lead = _seen(Lead, draft.lead_id, by)
    project = _seen(Project, draft.project_id, by)
    item = deal or lead or project
    organization_id = next(
        (one.organization_id for one in (person, item) if one and one.organization_id), None
    )
    return fields.Context(
        sender=by,
        account=draft.account,
        person=person,
        organization=_seen(Organization, organization_id, by),
        deal=deal,
        lead=lead,
        project=project,
        today=timezone.localdate(),
    )


def _seen(model: Any, pk: int | None, user: Any) -> Any:
    return model.objects.visible_to(user).filter(pk=pk).first() if pk else None


def _first_recipient(draft: Draft, user: Any) -> Person | None:
    if not draft.to:
        return None
    found = Person.objects.visible_to(user).filter(emails__address=draft.to[0][1])
    return found.order_by("pk").first()


def write(draft: Draft, *, by: Any) -> Written:
    """The mail as it would leave now."""
    context = context_of(draft, by=by)
    subject = fields.resolve_text(draft.subject, context)
    body = fields.resolve_html(_clean(draft.html, draft), context)
    signature = draft.signature.html if draft.signature else ""
    signed = fields.resolve_html(_clean(signature, draft), context)
    parts = [f'<div style="{FONT}">{body.text}</div>']
    if signed.text:
        parts.append(f'<div style="{FONT}">-- <br>{signed.text}</div>')
    quote = _quote(draft)
    text = plain.html_to_text(body.text)
    if signed.text:
        text += f"\n\n-- \n{plain.html_to_text(signed.text)}"
    if quote:
        text += f"\n\n{quote.text}"
        parts.append(quote.html)
    missing = tuple(dict.fromkeys((*subject.missing, *body.missing, *signed.missing)))
    return Written(subject.text, "".join(parts), text, missing)


def _clean(source: str, draft: Draft) -> str:
    """Editor HTML for the way out: pictures are parts of this draft or web addresses; nothing
    is fetched, and nothing of another draft can be named."""
    known = set(draft.files.exclude(content_id="").values_list("content_id", flat=True))
    policy = html.ImagePolicy(
        inline=lambda cid: f"cid:{cid}" if cid in known else None,
        remote=lambda address: address,
    )
    return html.clean(source, images=policy)


@dataclass(frozen=True)
class _Quote:
    html: str
    text: str


def _quote(draft: Draft) -> _Quote | None:
    parent = draft.parent
    if parent is None or not draft.includes_quote:
        return None
    raw = blobs.read(parent.blob) if parent.blob else b""
    text = parent.body.text if hasattr(parent, "body") else ""
    source = parse.html_of(raw) or html.text_to_html(text)
    if draft.kind == DraftKind.FORWARD:
        lines = _forward_lines(parent)
        heading = _("Forwarded message")
        return _Quote(
            answers.forwarded_html(source, heading=heading, lines=lines),
            answers.forwarded_text(text, heading=heading, lines=lines),
        )
    attribution = _("On %(day)s %(name)s wrote:") % {
        "day": date_format(
            timezone.localtime(parent.sent_at or parent.received_at), "DATETIME_FORMAT"
        ),
        "name": _mailbox(parent.from_name, parent.from_address),
    }
    return _Quote(
        answers.quote_html(source, attribution=attribution),
        answers.quote_text(text, attribution=attribution),
    )


def quoted_html(draft: Draft) -> str:
    """The quote as it would go out, for the writer who wants to change it; strictly cleaned."""
    quote = _quote(draft)
    return quote.html if quote else ""


def _forward_lines(parent: Email) -> list[tuple[str, str]]:
    people = {
        role: ", ".join(_mailbox(one[1], one[2]) for one in parent.recipients if one[0] == role)
        for role in ("to", "cc")
    }
    sent = timezone.localtime(parent.sent_at or parent.received_at)
    return [
        (_("From"), _mailbox(parent.from_name, parent.from_address)),
        (_("Date"), date_format(sent, "DATETIME_FORMAT")),
        (_("Subject"), parent.subject),
        (_("To"), people["to"]),
        (_("Cc"), people["cc"]),
    ]


def _mailbox(name: str, address: str) -> str:
    return f"{name} <{address}>" if name else address


# --- Sending ---------------------------------------------------------------------------------


def send(
    draft: Draft, *, by: Any, version: int, send_at: datetime | None = None, force: bool = False
) -> Submission:
    """Queues a draft. Raises ComposeError when something is missing that only its author can
    supply; `force` sends fields without a value as nothing, at the author's word."""
    account, recipients = check_sendable(draft, by=by)
    written = write(draft, by=by)
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
    return submission


def check_sendable(draft: Draft, *, by: Any) -> tuple[MailAccount, list[tuple[str, Party]]]:
    """The account and the recipients; raises ComposeError for what only the author can supply."""
    usable = MailAccount.objects.usable_by(by)
    account = usable.filter(pk=draft.account_id).first() if draft.account_id else None
    if account is None:
        raise ComposeError("no_account")
    return account, _recipients(draft)


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


def take_back(submission: Submission) -> Draft | None:
    """Undo: cancels a waiting mail and gives its draft back. Raises outbox.OutboxError when it
    has left."""
    with transaction.atomic():
        outbox.cancel(submission)
        draft = Draft.objects.filter(submission=submission).first()
        if draft:
            Draft.objects.filter(pk=draft.pk).update(
                submission=None, send_at=None, version=F("version") + 1
            )
            draft.refresh_from_db()
    return draft


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
        header = answers.reply_headers(_parsed(draft.parent), kind, ())
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
        files=tuple(_files(draft)),
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


def _files(draft: Draft) -> Iterable[OutgoingFile]:
    for file in draft.files.all():
        if file.content_id and file.content_id not in draft.html:
            continue  # a picture that was taken out of the text again
        with file.content.open("rb") as content:
            yield OutgoingFile(file.name, file.content_type, content.read(), file.content_id)


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
