"""Reading what an IMAP server answers. No connection here.

Nothing in an answer is trusted: numbers out of range, ranges of a billion UIDs, rows without a
UID and items that nobody asked for are left out or refused.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from mailsync.providers.base import Keyword, Moved
from mailsync.providers.imap_errors import BadAnswerError
from mailsync.providers.imap_sets import MOST_UIDS, uids_of_set
from mailsync.providers.imap_values import date_of, keywords_of, path_from_wire

FetchItems = dict[str, Any]

_FLAGS_ROW = re.compile(
    rb"\* \d+ FETCH \((?:UID (\d+) ?|FLAGS \(([^()\"]*)\) ?|MODSEQ \((\d+)\) ?)+\)\r\n",
    re.IGNORECASE,
)
_ROW = re.compile(rb"\* \d+ FETCH ", re.IGNORECASE)
# The row that nearly every server sends for a message: plain items, then one literal at the end.
_PLAIN_ROW = re.compile(
    rb"\* \d+ FETCH \((?:UID (\d+) |FLAGS \(([^()\"]*)\) |INTERNALDATE \"([^\"]*)\" "
    rb"|RFC822\.SIZE (\d{1,20}) |MODSEQ \((\d{1,20})\) )+(BODY\[[^\]]*\]) \{\d+\}\r\n"
)
# And the one without a message: of lists.
_LISTED_ROW = re.compile(
    rb"\* \d+ FETCH \((?:UID (\d+) ?|FLAGS \(([^()\"]*)\) ?|INTERNALDATE \"([^\"]*)\" ?"
    rb"|RFC822\.SIZE (\d{1,20}) ?|MODSEQ \((\d{1,20})\) ?)+\)\r\n"
)
_TOKEN = re.compile(
    rb' *(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|(\{\d+\+?\}\r\n)|((?:BODY|BINARY)\[[^\]]*\](?:<\d+>)?|[^\s()"{]+))',
    re.IGNORECASE,
)
_OPEN, _CLOSE, _QUOTED, _LITERAL, _ATOM = range(1, 6)
_ESCAPED = re.compile(rb"\\(.)")
_DEEPEST = 60


# --- Tokens -----------------------------------------------------------------------------------


def tokens(pieces: list[bytes], start: int = 0) -> list[Any]:
    """The values of an answer: bytes for atoms, strings and literals, None for NIL, lists."""
    literals = iter(pieces[1::2])
    stack: list[list[Any]] = [[]]
    for text in pieces[::2]:
        for found in _tokens_of(text, start):
            kind = found.lastindex
            if kind == _OPEN:
                stack.append([])
                if len(stack) > _DEEPEST:
                    raise BadAnswerError("too deep")
            elif kind == _CLOSE:
                if len(stack) < 2:
                    raise BadAnswerError("a bracket too many")
                closed = stack.pop()
                stack[-1].append(closed)
            else:
                stack[-1].append(next(literals) if kind == _LITERAL else _value(found))
        start = 0
    if len(stack) != 1:
        raise BadAnswerError("a bracket missing")
    return stack[0]


def _tokens_of(text: bytes, position: int) -> Iterator[re.Match[bytes]]:
    while found := _TOKEN.match(text, position):
        position = found.end()
        yield found
    if text[position:].strip():
        raise BadAnswerError("not a token")


def _value(found: re.Match[bytes]) -> bytes | None:
    if found.lastindex == _ATOM:
        return None if found[_ATOM].upper() == b"NIL" else found[_ATOM]
    quoted = found[_QUOTED]
    return _ESCAPED.sub(rb"\1", quoted) if b"\\" in quoted else quoted


# --- FETCH ------------------------------------------------------------------------------------


def flags_row(
    pieces: list[bytes],
) -> tuple[int, Keyword, int | None, tuple[str, ...] | None] | None:
    """UID, marks, MODSEQ and labels of a FETCH row; None when the row has no UID or no flags."""
    if len(pieces) == 1:
        found = _FLAGS_ROW.fullmatch(pieces[0])
        if found:
            uid, flags, modseq = found.groups()
            if uid is None or flags is None:
                return None
            return int(uid), keywords_of(flags), int(modseq) if modseq else None, None
    items = fetch_items(pieces)
    if items is None or "UID" not in items or "FLAGS" not in items:
        return None
    return items["UID"], items["FLAGS"], items.get("MODSEQ"), items.get("X-GM-LABELS")


def fetch_items(pieces: list[bytes]) -> FetchItems | None:
    """The items of a FETCH row by name; None when the answer is no FETCH row.

    UID, RFC822.SIZE, MODSEQ are numbers, FLAGS is Keyword, INTERNALDATE a datetime or None,
    X-GM-LABELS a tuple; a body stands under "BODY" (bytes, or None for NIL) and under its full name.
    """
    if len(pieces) == 1:
        plain = _LISTED_ROW.fullmatch(pieces[0])
        if plain:
            return _plain_items(plain)
    elif len(pieces) == 3 and pieces[2] == b")\r\n":
        plain = _PLAIN_ROW.fullmatch(pieces[0])
        if plain:
            body = {"BODY": pieces[1], plain[6].decode("ascii", "replace").upper(): pieces[1]}
            return _plain_items(plain) | body
    found = _ROW.match(pieces[0])
    if not found:
        return None
    values = tokens(pieces, found.end())
    if len(values) != 1 or not isinstance(values[0], list):
        raise BadAnswerError("not a list of items")
    row = values[0]
    items: FetchItems = {}
    for name, value in zip(row[::2], row[1::2], strict=False):
        if not isinstance(name, bytes):
            raise BadAnswerError("an item without a name")
        _store_item(items, name.decode("ascii", "replace").upper(), value)
    return items


def _plain_items(row: re.Match[bytes]) -> FetchItems:
    """The same as the tokens give, four times as fast."""
    uid, flags, date, size, modseq = row.groups()[:5]
    items: FetchItems = {}
    if uid is not None:
        items["UID"] = int(uid)
    if flags is not None:
        items["FLAGS"] = keywords_of(flags)
    if date is not None:
        items["INTERNALDATE"] = date_of(date)
    if size is not None:
        items["RFC822.SIZE"] = int(size)
    if modseq is not None:
        items["MODSEQ"] = int(modseq)
    return items


def _store_item(items: FetchItems, name: str, value: Any) -> None:
    if name in ("UID", "RFC822.SIZE"):
        items[name] = _number(value)
    elif name == "FLAGS":
        items[name] = keywords_of(b" ".join(_bytes_in(value)))
    elif name == "MODSEQ":
        items[name] = _number(value[0]) if isinstance(value, list) and value else None
    elif name == "INTERNALDATE":
        items[name] = date_of(value) if _is_bytes(value) else None
    elif name in ("EMAILID", "THREADID"):
        items[name] = _text(value[0]) if isinstance(value, list) and value else ""
    elif name in ("X-GM-MSGID", "X-GM-THRID"):
        items[name] = _text(value)
    elif name == "X-GM-LABELS":
        items[name] = tuple(path_from_wire(label) for label in _bytes_in(value))
    else:
        if name.startswith("BODY["):
            items["BODY"] = value
        items[name] = value


def _is_bytes(value: Any) -> bool:
    return isinstance(value, bytes)


def _bytes_in(value: Any) -> list[bytes]:
    return [part for part in value if isinstance(part, bytes)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def _number(value: Any) -> int:
    if not isinstance(value, bytes) or not value.isdigit() or len(value) > 20:
        raise BadAnswerError("not a number")
    return int(value)


# --- STATUS, LIST, SEARCH ---------------------------------------------------------------------


def status_row(pieces: list[bytes]) -> tuple[str, dict[str, Any]] | None:
    """Path and figures of a STATUS answer; None for another answer."""
    if pieces[0][:9].upper() != b"* STATUS ":
        return None
    values = tokens(pieces, 9)
    if len(values) != 2 or not isinstance(values[0], bytes) or not isinstance(values[1], list):
        return None
    figures: dict[str, Any] = {}
    for name, value in zip(values[1][::2], values[1][1::2], strict=False):
        if _is_bytes(name) and _is_bytes(value) and value.isdigit() and len(value) <= 20:
            figures[name.decode("ascii", "replace").upper()] = int(value)
        elif _is_bytes(name) and isinstance(value, list) and value:
            figures[name.decode("ascii", "replace").upper()] = _text(value[0])
    return path_from_wire(values[0]), figures


def list_row(pieces: list[bytes]) -> tuple[frozenset[str], str, str] | None:
    """Attributes, delimiter and path of a LIST answer; None for another answer."""
    if pieces[0][:7].upper() != b"* LIST ":
        return None
    values = tokens(pieces, 7)
    if len(values) < 3 or not isinstance(values[2], bytes):
        return None
    attributes = frozenset(word.decode("ascii", "replace").lower() for word in _bytes_in(values[0]))
    return attributes, _text(values[1]), path_from_wire(values[2])


def search_rows(rows: list[list[bytes]]) -> list[int]:
    """UIDs of ESEARCH (RFC 4731) and SEARCH answers, ascending."""
    found: set[int] = set()
    for pieces in rows:
        line = pieces[0]
        if line[:10].upper() == b"* ESEARCH ":
            words = line.split()
            for name, value in pairwise(words):
                if name.upper() == b"ALL":
                    found.update(uids_of_set(value))
        elif line[:8].upper() == b"* SEARCH":
            # Ends with (MODSEQ n) where CONDSTORE is on.
            found.update(int(word) for word in line[8:].split(b"(")[0].split() if word.isdigit())
        if len(found) > MOST_UIDS:
            raise BadAnswerError("more UIDs than a mailbox has")
    found.discard(0)
    return sorted(found)


def vanished_row(pieces: list[bytes], *, below: int | None) -> list[int] | None:
    """UIDs of a VANISHED (EARLIER) answer (RFC 7162 3.2.10); None for another answer."""
    line = pieces[0]
    if line[:11].upper() != b"* VANISHED ":
        return None
    rest = line[11:].strip()
    if rest.upper().startswith(b"(EARLIER)"):
        rest = rest[9:].strip()
    return uids_of_set(rest, below=below) if rest else []


# --- Response codes ---------------------------------------------------------------------------

_SELECT_FIGURE = re.compile(rb"\[(UIDVALIDITY|UIDNEXT|HIGHESTMODSEQ) (\d{1,20})\]", re.IGNORECASE)
_EXISTS = re.compile(rb"\* (\d{1,10}) EXISTS", re.IGNORECASE)
_COPYUID = re.compile(rb"\[COPYUID (\d{1,10}) ([\d,:]+) ([\d,:]+)\]", re.IGNORECASE)
_APPENDUID = re.compile(rb"\[APPENDUID (\d{1,10}) (\d{1,10})\]", re.IGNORECASE)
_MESSAGELIMIT = re.compile(rb"\[MESSAGELIMIT \d+ (\d{1,10})\]", re.IGNORECASE)


def select_figures(rows: list[list[bytes]]) -> dict[str, int]:
    """UIDVALIDITY, UIDNEXT, HIGHESTMODSEQ and EXISTS of a SELECT's answer, as the server says
    them: judging a UIDVALIDITY of 0 or a UIDNEXT that went down is the caller's."""
    figures: dict[str, int] = {}
    for pieces in rows:
        found = _SELECT_FIGURE.search(pieces[0])
        if found:
            figures[found[1].decode().upper()] = int(found[2])
        elif exists := _EXISTS.match(pieces[0]):
            figures["EXISTS"] = int(exists[1])
    return figures


def copied(texts: list[bytes]) -> tuple[int, dict[int, int]] | None:
    """UIDVALIDITY and new UID by old one from COPYUID (RFC 4315 3); None without it."""
    for text in texts:
        found = _COPYUID.search(text)
        if found:
            try:
                old, new = _in_order(found[2]), _in_order(found[3])
            except BadAnswerError:
                return None
            return int(found[1]), dict(zip(old, new, strict=True)) if len(old) == len(new) else {}
    return None


def _in_order(text: bytes) -> list[int]:
    """UIDs of a set in the order written: COPYUID pairs them by position."""
    return [uid for part in text.split(b",") for uid in uids_of_set(part)]


def appended(text: bytes) -> Moved:
    """Where APPEND put the message, from APPENDUID (RFC 4315 3)."""
    found = _APPENDUID.search(text)
    return Moved(0, int(found[1]), int(found[2])) if found else Moved(0)


def message_limit(text: bytes) -> int | None:
    """The lowest UID that a limited command (RFC 9738) got to; None when it got to all."""
    found = _MESSAGELIMIT.search(text)
    return int(found[1]) if found else None
