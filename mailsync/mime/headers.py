"""Header fields: from bytes to text, parameters, file names and ids.

Everything here is linear in its input. The standard library's header parser is not: 8,000
encoded words or RFC 2231 parameters keep it busy for half a minute.
"""

import binascii
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from mailsync.mime import charsets, limits

Fields = dict[str, list[bytes]]

ADDRESS_FIELDS = frozenset(
    ("from", "to", "cc", "bcc", "reply-to", "sender", "resent-to", "references")
)

_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:([^\r\n]*(?:\r*\n[ \t][^\n]*)*)", re.MULTILINE)
_FOLD = re.compile(rb"\r*\n[ \t]")
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,75})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS = re.compile(r"(?<=\?=)\s+(?==\?)")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
SPACES = re.compile(r"\s+")
QUOTED_PAIR = re.compile(r"\\(.)")
COMMENT = re.compile(r"\([^()]{0,200}\)")  # RFC 5322 3.2.2, without others inside of it
_FIELD_LIMITS = dict.fromkeys(ADDRESS_FIELDS, limits.ADDRESS_FIELD_BYTES)


def split_fields(block: bytes) -> Fields:
    """Raw values by lower-case name, in order, each cut to what we are willing to read."""
    fields: Fields = {}
    for raw_name, whole in _FIELD.findall(block)[: limits.HEADER_FIELDS]:
        name = _field_name(raw_name)
        value = whole[: _FIELD_LIMITS.get(name, limits.FIELD_BYTES)]
        if name in fields:
            fields[name].append(value)
        else:
            fields[name] = [value]
    return fields


@lru_cache(maxsize=2048)
def _field_name(raw: bytes) -> str:
    return raw.decode("ascii").lower()


def first(fields: Fields, name: str) -> bytes:
    values = fields.get(name)
    return values[0] if values else b""


def plain(value: bytes, charset: str = "") -> str:
    """The value as text: unfolded, 8-bit bytes read, encoded words left as they are."""
    if b"\n" in value:
        value = _FOLD.sub(b" ", value)
    if value.isascii():
        return value.decode("ascii").strip()
    return charsets.decode(value, charset).strip()


def unstructured(value: bytes, charset: str = "") -> str:
    """The value as a person reads it: one line, words decoded, no control characters."""
    return one_line(decode_words(plain(value, charset)))


def one_line(text: str) -> str:
    """No line break or other control character survives this (header injection starts there)."""
    return _CONTROLS.sub(" ", text).strip() if text and not text.isprintable() else text.strip()


def decode_words(text: str) -> str:
    """RFC 2047 words, wherever they stand. Neighbours in one charset are joined as bytes first,
    because many writers cut in the middle of a character."""
    if "=?" not in text:
        return text
    text = _BETWEEN_WORDS.sub("", text)
    out: list[str] = []
    end = 0
    pending, pending_charset = b"", ""
    for found in _ENCODED_WORD.finditer(text):
        charset = found.group(1).partition("*")[0].lower()
        if pending and (found.start() > end or charset != pending_charset):
            out.append(charsets.decode(pending, pending_charset))
            pending = b""
        out.append(text[end : found.start()])
        pending += _word_bytes(found.group(2), found.group(3))
        pending_charset = charset
        end = found.end()
    if pending:
        out.append(charsets.decode(pending, pending_charset))
    out.append(text[end:])
    return "".join(out)


def _word_bytes(encoding: str, payload: str) -> bytes:
    data = payload.encode("utf-8", "replace")
    if encoding in "bB":
        return decode_base64(data)
    return binascii.a2b_qp(data.replace(b" ", b"_"), header=True)


def decode_base64(data: bytes) -> bytes:
    """What can be read of base64: wrong padding and foreign characters do not lose the rest."""
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        pass
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


# --- parameters (RFC 2045 5.1, RFC 2231) ------------------------------------------------------

_PARAMETER = re.compile(r'([^\s=;"]{1,80})\s{0,20}=\s{0,20}("(?:[^"\\]|\\.)*+"?|[^;]*)', re.DOTALL)
_AROUND_SLASH = re.compile(r"\s{0,20}/\s{0,20}")
_SECTIONED = re.compile(r"(.+?)(?:\*(\d{1,3}))?(\*)?")


def content_field(value: bytes) -> tuple[str, dict[str, str]]:
    """As `parameters`. The answers are shared: the few forms that all mail has are kept."""
    if len(value) < 80 and b"boundary" not in value:
        return _common_content_field(value)
    return parameters(plain(value))


@lru_cache(maxsize=512)
def _common_content_field(value: bytes) -> tuple[str, dict[str, str]]:
    return parameters(plain(value))


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """The main value in lower case, and its parameters decoded."""
    main, _, rest = value.partition(";")
    if "/ " in main or " /" in main or "(" in main:
        main = _AROUND_SLASH.sub("/", COMMENT.sub("", main))
    main = main.strip().lower()
    if " " in main or "\t" in main:  # "multipart/mixed boundary=x", the semicolon forgotten
        main, _, lost = value.strip().partition(" ")
        main, rest = main.lower().rstrip(";"), lost
    if not rest:
        return main, {}
    if "*" not in rest and "=?" not in rest and '"' in rest and "\\" not in rest:
        return main, {n: v.strip() for n, v in _simple_parameters(rest)}
    plain_ones: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for count, found in enumerate(_PARAMETER.finditer(rest)):
        if count >= limits.PARAMETERS:
            break
        name, text = found.group(1).lower(), found.group(2).strip()
        if text[:1] == '"':
            text = QUOTED_PAIR.sub(_unescape, text[1:].removesuffix('"'))
        match = _SECTIONED.fullmatch(name)
        if match is None or not (match.group(2) or match.group(3)):
            plain_ones.setdefault(name, _decode_plain_parameter(text))
            continue
        pieces.setdefault(match.group(1), []).append(
            (int(match.group(2) or 0), bool(match.group(3)), text)
        )
    for name, parts in pieces.items():
        plain_ones[name] = _join_sections(sorted(parts, key=lambda part: part[0]))
    return main, plain_ones


def _simple_parameters(rest: str) -> Iterable[tuple[str, str]]:
    seen: set[str] = set()
    for count, found in enumerate(_PARAMETER.finditer(rest)):
        name = found.group(1).lower()
        if count < limits.PARAMETERS and name not in seen:
            seen.add(name)
            yield name, found.group(2).strip().strip('"')


def _unescape(match: re.Match[str]) -> str:
    # Windows paths are written with single back-slashes; only quotes and slashes are escaped.
    return match.group(1) if match.group(1) in '"\\' else match.group()


def _decode_plain_parameter(text: str) -> str:
    text = decode_words(text)
    if "''" in text[:40] and "%" in text:  # RFC 2231 without its star
        return _join_sections([(0, True, text)])
    return text


def _join_sections(parts: list[tuple[int, bool, str]]) -> str:
    charset = ""
    data = b""
    if parts[0][1] and parts[0][2].count("'") >= 2:
        charset, _, rest = parts[0][2].split("'", 2)
        parts = [(0, True, rest), *parts[1:]]
    for _, encoded, text in parts:
        if encoded:
            data += unquote_to_bytes(text)
        elif "=?" in text:
            data += decode_words(text).encode(charsets.codec_of(charset) or "utf-8", "replace")
        else:
            data += text.encode(charsets.codec_of(charset) or "utf-8", "replace")
    return charsets.decode(data, charset)


# --- file names ------------------------------------------------------------------------------

_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f"<>|?*:\\/]')


def file_name(name: str) -> str:
    """A name that can be shown and saved anywhere: no path, no control or direction marks."""
    if not name:
        return ""
    if name.isascii() and _FORBIDDEN.search(name) is None:
        cleaned = name
    else:
        cleaned = unicodedata.normalize("NFC", re.split(r"[/\\]", name.rstrip("/\\"))[-1])
        cleaned = "".join(c for c in cleaned if unicodedata.category(c) not in _INVISIBLE)
        cleaned = _FORBIDDEN.sub("_", cleaned)
    cleaned = SPACES.sub(" ", cleaned).strip(" .") if " " in cleaned or "." in cleaned else cleaned
    if _RESERVED.match(cleaned):
        cleaned = f"_{cleaned}"
    return _shorten(cleaned)


_INVISIBLE = frozenset(("Cc", "Cf", "Co", "Cs", "Zl", "Zp"))


def _shorten(name: str) -> str:
    if len(name.encode()) <= limits.FILE_NAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 12:
        stem, dot, extension = name, "", ""
    room = limits.FILE_NAME_BYTES - len((dot + extension).encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip() + dot + extension


# --- ids -------------------------------------------------------------------------------------

_MESSAGE_ID = re.compile(r"<\s*([^<>\s]{1,400})\s*>")
_BARE_ID = re.compile(r"[^\s<>\"(),;:@]{1,100}@[^\s<>\"(),;]{1,150}")


def message_ids(text: str) -> list[str]:
    """The ids in their order, without brackets. One without an @ would join strangers."""
    text = text if "<" in text else f"<{text.strip()}>"
    return [
        one
        for one in _MESSAGE_ID.findall(text)
        if "@" in one and _octets(one) <= limits.MESSAGE_ID_BYTES
    ]


def _octets(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def message_id(text: str) -> str:
    found = message_ids(text)
    if found:
        return found[0]
    bare = _BARE_ID.search(text)
    return bare.group() if bare and len(bare.group()) <= limits.MESSAGE_ID_BYTES else ""


def reference_ids(references: str, in_reply_to: str) -> tuple[str, ...]:
    """References, then In-Reply-To; oldest first; the first and last 20 when there are more."""
    answered = message_ids(in_reply_to) if in_reply_to else []
    if not in_reply_to.lstrip().startswith("<"):
        # "Message from Joe <joe@example.com> of Friday <id>": the id is what comes last.
        answered = answered[-1:]
    ids = list(dict.fromkeys([*(message_ids(references) if references else ()), *answered]))
    if answered and ids[-1] != answered[-1] and not references:
        ids.remove(answered[-1])
        ids.append(answered[-1])
    if len(ids) > 2 * limits.REFERENCES_KEPT:
        ids = ids[: limits.REFERENCES_KEPT] + ids[-limits.REFERENCES_KEPT :]
    return tuple(ids)
