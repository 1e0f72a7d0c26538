"""A draft as its reader will get it: smart fields put in, signature and quote beneath.

What the editor sent is never trusted: it is cleaned here, once more, on its way out.
"""

import unicodedata
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from crm.models import Deal, Lead, Organization, Person, Project
from inbox.domain import draft_files, fields, quoting
from inbox.models import Draft
from mailsync.mime import html, plain

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


def write(draft: Draft, *, by: Any, drops_empty: bool = False) -> Written:
    """The mail as it would leave now; with `drops_empty` fields without a value are nothing."""
    return _laid_out(draft, *_filled_in(draft, by=by, drops_empty=drops_empty))


def missing(draft: Draft, *, by: Any) -> tuple[str, ...]:
    """The smart fields that nothing is known for, without laying out what is quoted."""
    return _missing_of(*_filled_in(draft, by=by))


def _filled_in(
    draft: Draft, *, by: Any, drops_empty: bool = False
) -> tuple[fields.Resolved, fields.Resolved, fields.Resolved]:
    context = context_of(draft, by=by)
    return (
        fields.resolve_text(draft.subject, context, drops_empty=drops_empty),
        fields.resolve_html(_body(draft), context, drops_empty=drops_empty),
        fields.resolve_html(_signature(draft), context, drops_empty=drops_empty),
    )


def _missing_of(*texts: fields.Resolved) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for text in texts for name in text.missing))


def as_typed(draft: Draft) -> Written:
    """The same with its smart fields still as fields, for who goes on writing elsewhere."""
    texts = (draft.subject, _body(draft), _signature(draft))
    return _laid_out(draft, *(fields.Resolved(text, ()) for text in texts))


def _laid_out(
    draft: Draft, subject: fields.Resolved, body: fields.Resolved, signed: fields.Resolved
) -> Written:
    parts = [_block(body.text)]
    if signed.text:
        parts.append(_block(f"-- <br>{signed.text}"))
    known = draft_files.quoted_pictures(draft)
    quote = quoting.quote_of(
        draft,
        html.ImagePolicy(
            inline=lambda name: f"cid:{name}" if name in known else None,
            remote=lambda address: address,
        ),
    )
    text = plain.html_to_text(body.text)
    if signed.text:
        text += f"\n\n-- \n{plain.html_to_text(signed.text)}"
    if quote:
        text += f"\n\n{quote.text}"
        parts.append(quote.html)
    return Written(subject.text, "".join(parts), text, _missing_of(subject, body, signed))


def _block(text: str) -> str:
    """What was written here, running the way its first letter does, as it did in the editor."""
    letters = map(unicodedata.bidirectional, plain.html_to_text(text))
    first = next((one for one in letters if one in ("L", "R", "AL")), "L")
    direction = "" if first == "L" else ' dir="rtl"'
    return f'<div{direction} style="{FONT}">{text}</div>'


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
