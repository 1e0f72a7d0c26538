"""What an answer or a forward quotes: the mail as its reader saw it.

The quoted original does not pass through the editor, so that nothing can damage it; it is taken
from the stored mail when the mail is sent. Pictures of the web keep their addresses: its readers'
mail programs ask for them or not, as with every mail; nobody fetches them here.
"""

import re
from dataclasses import dataclass

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from inbox.enums import DraftKind
from inbox.models import Draft
from mailsync.domain import blobs
from mailsync.mime import answers, html, parse
from mailsync.mime.types import OutgoingFile
from mailsync.models import Email

# What a Content-ID may be made of to be written out as it came.
_CONTENT_ID = re.compile(r"[A-Za-z0-9@._+-]{1,100}")


@dataclass(frozen=True)
class Quote:
    html: str
    text: str


def _raw_of(parent: Email) -> bytes:
    return blobs.read(parent.blob) if parent.blob else b""


def pictures_of(draft: Draft, *, room: int) -> dict[str, OutgoingFile]:
    """The pictures that the quoted mail brought, by Content-ID: the first of them, as far as there
    is room for them in the mail."""
    if draft.parent is None or not draft.includes_quote:
        return {}
    raw = _raw_of(draft.parent)
    source = parse.html_of(raw)
    found: dict[str, OutgoingFile] = {}
    for name, part in parse.inline_images(raw).items():
        if not _CONTENT_ID.fullmatch(name) or f"cid:{name}" not in source:
            continue
        content = parse.part_bytes(raw, part.section) or b""
        if 0 < len(content) <= room:
            room -= len(content)
            found[name] = OutgoingFile(part.name or "picture", part.content_type, content, name)
    return found


def quote_of(draft: Draft, images: html.ImagePolicy) -> Quote | None:
    """The quote as it goes out; None where the mail has none."""
    parent = draft.parent
    if parent is None or not draft.includes_quote:
        return None
    text = parent.body.text if hasattr(parent, "body") else ""
    source = parse.html_of(_raw_of(parent)) or html.text_to_html(text)
    if draft.kind == DraftKind.FORWARD:
        lines = _forward_lines(parent)
        heading = _("Forwarded message")
        return Quote(
            answers.forwarded_html(source, heading=heading, lines=lines, images=images),
            answers.forwarded_text(text, heading=heading, lines=lines),
        )
    attribution = _("On %(day)s %(name)s wrote:") % {
        "day": date_format(
            timezone.localtime(parent.sent_at or parent.received_at), "DATETIME_FORMAT"
        ),
        "name": _mailbox(parent.from_name, parent.from_address),
    }
    return Quote(
        answers.quote_html(source, attribution=attribution, images=images),
        answers.quote_text(text, attribution=attribution),
    )


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
