"""Answers and forwards: whom they go to, their subject, their place in the thread, their quote."""

import html as html_entities
from collections.abc import Collection, Iterable

from mailsync.mime import html, limits
from mailsync.mime.subjects import base_subject
from mailsync.mime.types import Answer, AnswerHeader, ParsedEmail, Party

# As mail programs draw it whose readers know no other sign for a quote.
_QUOTE_STYLE = "margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex"


def reply_headers(
    parent: ParsedEmail, mode: Answer, own_addresses: Collection[str]
) -> AnswerHeader:
    """`own_addresses` are normalised, as all addresses here; none of them is written to, unless
    the mail was a note to oneself."""
    prefix = "Fwd" if mode is Answer.FORWARD else "Re"
    subject = f"{prefix}: {base_subject(parent.subject)}".strip()[: limits.SUBJECT_CHARACTERS]
    references = tuple(dict.fromkeys((*parent.references, parent.message_id)))
    references = tuple(one for one in references if one)
    if len(references) > 2 * limits.REFERENCES_KEPT:
        kept = limits.REFERENCES_KEPT
        references = references[:kept] + references[-kept:]
    if mode is Answer.FORWARD:
        # No In-Reply-To: to its new reader it is no answer. References keep it in our thread.
        return AnswerHeader((), (), subject, "", references)
    own = frozenset(own_addresses)
    to, cc = _recipients(parent, mode, own)
    return AnswerHeader(to, cc, subject, parent.message_id, references)


def _recipients(
    parent: ParsedEmail, mode: Answer, own: frozenset[str]
) -> tuple[tuple[Party, ...], tuple[Party, ...]]:
    is_ours = parent.sender.address in own
    if is_ours:  # answering one's own mail goes on to the people it went to
        first = _without(parent.to, own) or parent.to
    else:
        first = parent.reply_to or ((parent.sender,) if parent.sender.address else ())
        first = _without(first, own) or first
    if mode is Answer.REPLY:
        return _once(first), ()
    to = _once((*first, *(() if is_ours else _without(parent.to, own))))
    taken = own | {party.address for party in to}
    return to, _once(_without(parent.cc, taken))


def _without(parties: Iterable[Party], addresses: Collection[str]) -> tuple[Party, ...]:
    return tuple(party for party in parties if party.address not in addresses)


def _once(parties: Iterable[Party]) -> tuple[Party, ...]:
    return tuple({party.address: party for party in reversed(tuple(parties))}.values())[::-1]


def quote_text(text: str, *, attribution: str) -> str:
    """The parent's text under its attribution, each line marked."""
    lines = text.rstrip().split("\n")
    marked = "\n".join(
        f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in lines
    )
    return f"{attribution}\n{marked}\n"


def quote_html(source: str, *, attribution: str, images: html.ImagePolicy) -> str:
    """The parent's HTML as a quote, with its looks and its pictures; nothing hidden, since it goes
    out under our name."""
    cleaned = html.clean_quote(source, images=images)
    return (
        f"<div>{html_entities.escape(attribution)}</div>"
        f'<blockquote type="cite" style="{_QUOTE_STYLE}">{cleaned}</blockquote>'
    )


def forwarded_text(text: str, *, heading: str, lines: Iterable[tuple[str, str]]) -> str:
    """The parent's text below the block that mail programs read as a forward."""
    head = "\n".join(f"{label}: {value}" for label, value in lines if value)
    return f"---------- {heading} ---------\n{head}\n\n{text}"


def forwarded_html(
    source: str,
    *,
    heading: str,
    lines: Iterable[tuple[str, str]],
    images: html.ImagePolicy,
) -> str:
    head = "".join(
        f"<div>{html_entities.escape(label)}: {html_entities.escape(value)}</div>"
        for label, value in lines
        if value
    )
    cleaned = html.clean_quote(source, images=images)
    return f"<div>---------- {html_entities.escape(heading)} ---------</div>{head}<br>{cleaned}"
