"""A draft as a message for other mail programs, and back."""

import re
from dataclasses import dataclass
from typing import Any

from inbox.domain import draft_files, writing
from inbox.domain.answering import ANSWERS, parsed
from inbox.domain.draft_sight import without_what_is_hidden_from_any
from inbox.enums import DraftKind
from inbox.errors import ComposeError
from inbox.models import Draft
from mailsync.domain.news import people_of
from mailsync.mime import answers, html, parse
from mailsync.mime.build import OutgoingAddressError, build_sent_copy, checked_address
from mailsync.mime.types import Answer, OutgoingEmail, OutgoingFile, Party

MARK = "X-Dealpost-Draft"
MAX_HTML = 5_000_000
MAX_FILES = 100
_MARK = re.compile(rb"(?im)^x-dealpost-draft:[ \t]*([0-9a-f]{1,32})[ \t]*\r?$")


@dataclass(frozen=True)
class Found:
    """What a message in the Drafts mailbox says."""

    to: list[list[str]]
    cc: list[list[str]]
    bcc: list[list[str]]
    subject: str
    html: str
    files: tuple[OutgoingFile, ...]
    message_id: str
    answers_id: str


def message_of(draft: Draft, *, message_id: str, mark: str) -> bytes:
    """The whole mail as it stands, with signature and quote; smart fields as they were typed,
    so that they are still fields when the draft comes back. Everybody of the account opens its
    Drafts, so it quotes what all of them may see."""
    account = draft.account
    if account is None:
        raise ValueError("a draft without an account has no mailbox")
    draft = without_what_is_hidden_from_any(draft, people_of(account))
    written = writing.as_typed(draft)
    header = None
    if draft.parent:
        try:
            kind = ANSWERS.get(DraftKind(draft.kind), Answer.REPLY)
            header = answers.reply_headers(parsed(draft.parent), kind, ())
        except ComposeError:
            header = None
    email = OutgoingEmail(
        message_id=message_id,
        sender=Party(account.sender_name or draft.author.name, account.address),
        sent_at=draft.updated_at,
        to=_parties(draft.to),
        cc=_parties(draft.cc),
        bcc=_parties(draft.bcc),
        subject=written.subject,
        text=written.text,
        html=written.html,
        in_reply_to=header.in_reply_to if header else "",
        references=header.references if header else (),
        files=tuple(draft_files.outgoing(draft)),
    )
    return f"{MARK}: {mark}\r\n".encode() + build_sent_copy(email)


def mark_of(raw: bytes) -> str:
    """Which of our messages this is; empty for one that another mail program wrote."""
    match = _MARK.search(raw.partition(b"\r\n\r\n")[0])
    return match[1].decode() if match else ""


def read(raw: bytes) -> Found:
    """What somebody wrote into a draft with another mail program."""
    email = parse.parse(raw)
    files = [
        OutgoingFile(
            part.name or "file",
            part.content_type,
            parse.part_bytes(raw, part.section) or b"",
            part.content_id if part.is_inline and part.content_type.startswith("image/") else "",
        )
        for part in email.attachments[:MAX_FILES]
    ]
    return Found(
        to=_pairs(email.to),
        cc=_pairs(email.cc),
        bcc=_pairs(email.bcc),
        subject=" ".join(email.subject.split())[:1000],
        html=(parse.html_of(raw) or html.text_to_html(email.text))[:MAX_HTML],
        files=tuple(files),
        message_id=email.message_id,
        answers_id=email.references[-1] if email.references else "",
    )


def _pairs(parties: tuple[Party, ...]) -> list[list[str]]:
    return [[party.name, party.address] for party in parties]


def _parties(pairs: Any) -> tuple[Party, ...]:
    """Those that are addresses already; the rest is still being typed."""
    found = []
    for name, address in pairs:
        try:
            found.append(Party(name, checked_address(address)))
        except OutgoingAddressError:
            continue
    return tuple(found)
