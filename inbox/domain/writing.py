"""A draft as its reader will get it: smart fields put in, signature and quote beneath.

What the editor sent is never trusted: it is cleaned here, once more, on its way out. The
quoted original does not pass through the editor at all, so that nothing can damage it; it is
taken from the stored mail when the mail is sent.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from crm.models import Deal, Lead, Organization, Person, Project
from inbox.domain import fields
from inbox.enums import DraftKind
from inbox.models import Draft
from mailsync.domain import blobs
from mailsync.mime import answers, html, parse, plain
from mailsync.mime.types import OutgoingFile
from mailsync.models import Email

MAX_QUOTED_BYTES = 2 * 1024 * 1024
# What a Content-ID may be made of to be written out as it came.
_CONTENT_ID = re.compile(r"[A-Za-z0-9@._+-]{1,100}")
FONT = "font-family:Arial,Helvetica,sans-serif;font-size:15px"


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
    return _laid_out(
        draft,
        subject=fields.resolve_text(draft.subject, context),
        body=fields.resolve_html(_body(draft), context),
        signed=fields.resolve_html(_signature(draft), context),
    )


def as_typed(draft: Draft) -> Written:
    """The same with its smart fields still as fields, for who goes on writing elsewhere."""
    return _laid_out(
        draft,
        subject=fields.Resolved(draft.subject, ()),
        body=fields.Resolved(_body(draft), ()),
        signed=fields.Resolved(_signature(draft), ()),
    )


def _laid_out(
    draft: Draft, *, subject: fields.Resolved, body: fields.Resolved, signed: fields.Resolved
) -> Written:
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


def _body(draft: Draft) -> str:
    return _clean(draft.html, draft.files)


def _signature(draft: Draft) -> str:
    signature = draft.signature
    return _clean(signature.html, signature.files) if signature else ""


def _clean(source: str, files: Any) -> str:
    """Editor HTML for the way out: pictures are its own parts or web addresses; nothing is
    fetched, and nothing of another text can be named."""
    known = set(files.exclude(content_id="").values_list("content_id", flat=True))
    policy = html.ImagePolicy(
        inline=lambda cid: f"cid:{cid}" if cid in known else None,
        remote=lambda address: address,
    )
    return html.clean(source, images=policy)


@dataclass(frozen=True)
class _Quote:
    html: str
    text: str


def _raw_of(parent: Email) -> bytes:
    return blobs.read(parent.blob) if parent.blob else b""


def quoted_pictures(draft: Draft) -> dict[str, OutgoingFile]:
    """The pictures that the quoted mail brought, by Content-ID: the first of them, as far as they
    weigh little beside what is being written."""
    if draft.parent is None or not draft.includes_quote:
        return {}
    raw = _raw_of(draft.parent)
    source = parse.html_of(raw)
    found: dict[str, OutgoingFile] = {}
    room = MAX_QUOTED_BYTES
    for name, part in parse.inline_images(raw).items():
        if not _CONTENT_ID.fullmatch(name) or f"cid:{name}" not in source:
            continue
        content = parse.part_bytes(raw, part.section) or b""
        if 0 < len(content) <= room:
            room -= len(content)
            found[name] = OutgoingFile(part.name or "picture", part.content_type, content, name)
    return found


def _quote(draft: Draft, *, pictures: bool = True) -> _Quote | None:
    parent = draft.parent
    if parent is None or not draft.includes_quote:
        return None
    raw = _raw_of(parent)
    known = quoted_pictures(draft) if pictures else {}

    def inline(content_id: str) -> str | None:
        return f"cid:{content_id}" if content_id in known else None

    text = parent.body.text if hasattr(parent, "body") else ""
    source = parse.html_of(raw) or html.text_to_html(text)
    if draft.kind == DraftKind.FORWARD:
        lines = _forward_lines(parent)
        heading = _("Forwarded message")
        return _Quote(
            answers.forwarded_html(source, heading=heading, lines=lines, inline=inline),
            answers.forwarded_text(text, heading=heading, lines=lines),
        )
    attribution = _("On %(day)s %(name)s wrote:") % {
        "day": date_format(
            timezone.localtime(parent.sent_at or parent.received_at), "DATETIME_FORMAT"
        ),
        "name": _mailbox(parent.from_name, parent.from_address),
    }
    return _Quote(
        answers.quote_html(source, attribution=attribution, inline=inline),
        answers.quote_text(text, attribution=attribution),
    )


def quoted_html(draft: Draft) -> str:
    """The quote as it would go out, for the writer who wants to change it; strictly cleaned."""
    quote = _quote(draft, pictures=False)
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
