"""Where the words of a search stand in what is shown.

A text becomes pieces, each a hit or not. Pieces are plain text: the template escapes every one
of them by itself, so nothing of a stranger's mail can become markup on the way.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.db.models.functions import Substr

from common.words import MAX_WORD, words
from inbox.domain.search import Found
from mailsync.domain.search_index import Term
from mailsync.models import Attachment, Email

# A word with its accents, whichever way they are written.
TOKEN = re.compile(r"(?:[^\W_]|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0dff])+")
# So much of a body is read for its snippet, and so much is shown.
READ = 60_000
LOOK = 4_000
AROUND = 400
BEFORE = 40
SHOWN = 180


@dataclass(frozen=True)
class Piece:
    text: str
    is_hit: bool = False


@dataclass(frozen=True)
class Shown:
    """What a row of the answer shows in place of its subject and preview."""

    subject: list[Piece]
    snippet: list[Piece]
    file: list[Piece]


@dataclass(frozen=True)
class Wanted:
    """The words of one term, in order; the last may be a beginning."""

    words: tuple[str, ...]
    is_prefix: bool = False


def wanted(terms: Iterable[Term], *, columns: frozenset[str]) -> list[Wanted]:
    """What is to be marked in a text of these columns."""
    return [
        Wanted(tuple(found), term.is_prefix)
        for term in terms
        if not term.is_excluded and (not term.column or term.column in columns)
        if (found := words(term.text))
    ]


def shown(found: Found) -> dict[int, Shown]:
    """Thread id -> its marked subject, the text around the first hit, the file that was hit."""
    if not found.keys:
        return {}
    terms = found.query.terms
    rows: Any = Email.objects.filter(search_entry__key__in=found.keys.values()).annotate(
        index_key=F("search_entry__key"), start=Substr("body__text", 1, READ)
    )
    emails = {row.index_key: row for row in rows.only("pk", "subject", "preview")}
    files: dict[int, list[str]] = {}
    for pk, name in Attachment.objects.filter(email__in=emails.values()).values_list(
        "email", "name"
    ):
        files.setdefault(pk, []).append(name)
    in_subject = wanted(terms, columns=frozenset({"subject"}))
    in_body = wanted(terms, columns=frozenset({"body"}))
    return {
        thread_id: _shown(emails[key], files, in_subject=in_subject, in_body=in_body)
        for thread_id, key in found.keys.items()
        if key in emails
    }


def _shown(
    email: Any, files: dict[int, list[str]], *, in_subject: list[Wanted], in_body: list[Wanted]
) -> Shown:
    named = (marked(name, in_body) for name in files.get(email.pk, ()))
    return Shown(
        subject=marked(email.subject, in_subject),
        snippet=snippet(email.start or "", in_body) or [Piece(email.preview)],
        file=next((pieces for pieces in named if any(one.is_hit for one in pieces)), []),
    )


def snippet(text: str, terms: list[Wanted]) -> list[Piece]:
    """The text around the first hit, marked; nothing without a hit."""
    place = _near_first(text, terms)
    # Accents may hide the word from the quick look; then the beginning of the mail is read.
    part = text[:LOOK] if place is None else text[max(0, place - AROUND) : place + AROUND]
    text = " ".join(part.split())
    spans = spans_of(text, terms)
    if not spans:
        return []
    begin = max(0, spans[0][0] - BEFORE)
    if begin:
        # At the beginning of a word.
        begin = text.find(" ", begin, spans[0][0]) + 1 or spans[0][0]
    end = begin + SHOWN
    return _pieces(("…" if begin else "") + text[begin:end], terms)


def _near_first(text: str, terms: list[Wanted]) -> int | None:
    """Where the first hit is, so that a long mail is not cut into words for one line."""
    lower = text.lower()
    for term in sorted(terms, key=lambda one: -len(one.words[0])):
        found = re.search(rf"\b{re.escape(term.words[0])}", lower)
        if found:
            return found.start()
    return None


def marked(text: str, terms: list[Wanted]) -> list[Piece]:
    """The whole text in pieces."""
    return _pieces(text, terms)


def _pieces(text: str, terms: list[Wanted]) -> list[Piece]:
    pieces, at = [], 0
    for start, end in spans_of(text, terms):
        if start > at:
            pieces.append(Piece(text[at:start]))
        pieces.append(Piece(text[start:end], is_hit=True))
        at = end
    if at < len(text):
        pieces.append(Piece(text[at:]))
    return pieces


def spans_of(text: str, terms: list[Wanted]) -> list[tuple[int, int]]:
    """Where terms stand in the text, in order and without overlap."""
    # A look at the first word tells at most places that no term begins there.
    firsts = {term.words[0] for term in terms}
    begun = tuple(term.words[0] for term in terms if term.is_prefix and len(term.words) == 1)
    cut = list(_cut(text))
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(cut):
        word = cut[at][1]
        length = 0
        if word in firsts or word.startswith(begun):
            length = max(_fits(cut, at, term) for term in terms)
        if length:
            start, end = cut[at][0][0], cut[at + length - 1][0][1]
            # Pairs of one run of an unspaced script share its place.
            if found and start <= found[-1][1]:
                start, end = found[-1][0], max(end, found.pop()[1])
            found.append((start, end))
        at += length or 1
    return found


def _cut(text: str) -> Iterator[tuple[tuple[int, int], str]]:
    """The words of a text as the index has them, each with its place."""
    for match in TOKEN.finditer(text):
        token = match[0]
        if token.isascii():
            yield match.span(), token.lower()[:MAX_WORD]
        else:
            for word in words(token):
                yield match.span(), word


def _fits(cut: list[tuple[tuple[int, int], str]], at: int, term: Wanted) -> int:
    """How many words from here on are the term; 0 when they are not."""
    here = [word for _, word in cut[at : at + len(term.words)]]
    if len(here) < len(term.words) or tuple(here[:-1]) != term.words[:-1]:
        return 0
    last = term.words[-1]
    fits = here[-1].startswith(last) if term.is_prefix else here[-1] == last
    return len(here) if fits else 0
