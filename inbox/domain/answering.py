"""Answers and forwards: whom they go to, from which account, and what they take along."""

from collections.abc import Collection
from typing import Any

from django.db import transaction

from inbox.domain import draft_files, drafts
from inbox.enums import DraftKind
from inbox.errors import ComposeError
from inbox.models import Draft
from mailsync.domain import blobs, mirror
from mailsync.enums import Keyword
from mailsync.mime import answers, parse
from mailsync.mime.types import Answer, ParsedEmail
from mailsync.models import Email, MailAccount

ANSWERS = {
    DraftKind.REPLY: Answer.REPLY,
    DraftKind.REPLY_ALL: Answer.REPLY_ALL,
    DraftKind.FORWARD: Answer.FORWARD,
}


MARKS = {
    DraftKind.REPLY: Keyword.ANSWERED,
    DraftKind.REPLY_ALL: Keyword.ANSWERED,
    DraftKind.FORWARD: Keyword.FORWARDED,
}


def mark_answered(submission_id: int) -> None:
    """The mail that was answered or forwarded says so, here and in its mailbox (RFC 8621 4.1.1),
    where it is the author's own: a colleague who answers a shared one changes nobody's mailbox."""
    draft = (
        Draft.objects.filter(submission=submission_id).select_related("author", "parent").first()
    )
    mark = MARKS.get(DraftKind(draft.kind)) if draft else None
    if draft is None or draft.parent is None or mark is None:
        return
    if MailAccount.objects.usable_by(draft.author).filter(pk=draft.parent.account_id).exists():
        mirror.mark_email(draft.parent, mark, by=draft.author)


def answer_to(email: Email, *, kind: DraftKind, by: Any) -> Draft:
    """An answer to, or a forward of, an email which `by` may see; not stored yet.

    It is sent from the account that the mail came to when that is one of his own; a colleague
    who reads a shared conversation answers from his own account.
    """
    usable = MailAccount.objects.usable_by(by)
    own_account = usable.filter(pk=email.account_id).first()
    account = own_account or drafts.default_account(by) or usable.first()
    header = answers.reply_headers(parsed(email), ANSWERS[kind], _own_addresses(email, by))
    return Draft(
        author=by,
        account=account,
        kind=kind,
        parent=email,
        to=[[party.name, party.address] for party in header.to],
        cc=[[party.name, party.address] for party in header.cc],
        subject=header.subject,
        signature=drafts.default_signature(by, account=account, kind=kind),
        # Empty: as the conversation is that it goes on with. A forward stays in it, so the
        # account's default would publish what was private.
        visibility="" if not account or own_account else account.default_visibility,
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


def parsed(email: Email) -> ParsedEmail:
    if email.blob is None:
        raise ComposeError("parent_not_here")
    return parse.parse(blobs.read(email.blob))


def _take_files(draft: Draft, email: Email) -> None:
    raw = blobs.read(email.blob) if email.blob else b""
    for part in email.attachments.filter(is_inline=False):
        content = parse.part_bytes(raw, part.section) or b""
        draft_files.add_file(draft, name=part.name, content_type=part.content_type, content=content)
