"""A big message without the bytes of its attachments: all header fields and the text parts.

The result is a whole MIME message that an ordinary parser reads. A part whose bytes stayed on
the server has an empty body and the field `X-Dealpost-Omitted: section=2.1; size=12345`; its
bytes come from `MailStore.part(uid, section)`, still transfer-encoded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mailsync.providers.base import Content, Keyword, ProviderError, Reaction

OMITTED_HEADER = "X-Dealpost-Omitted"
LARGEST_TEXT = 2 << 20
MOST_PARTS = 200
_DEEPEST = 20

FetchOne = Callable[[int, bytes], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Part:
    section: str
    is_text: bool
    size: int


class TextOnly:
    def __init__(self, fetch: FetchOne, uid: int) -> None:
        self._fetch = fetch
        self._uid = uid
        self._left = MOST_PARTS

    def content(self) -> Content:
        row = self._fetch(self._uid, b"(UID FLAGS INTERNALDATE BODYSTRUCTURE BODY.PEEK[HEADER])")
        structure, header = row.get("BODYSTRUCTURE"), row.get("BODY")
        if not isinstance(structure, list) or header is None:
            raise ProviderError("message_not_had", Reaction.MESSAGE)
        return Content(
            uid=self._uid,
            raw=self._assembled(header, structure, section="", depth=0),
            keywords=row.get("FLAGS", Keyword.NONE),
            received_at=row.get("INTERNALDATE"),
        )

    def _assembled(self, header: bytes, structure: list[Any], *, section: str, depth: int) -> bytes:
        if structure and isinstance(structure[0], list):
            return header + self._multipart(structure, section=section, depth=depth)
        return self._leaf(header, _leaf_of(structure, section or "1"))

    def _multipart(self, structure: list[Any], *, section: str, depth: int) -> bytes:
        children = [child for child in structure if isinstance(child, list)]
        subtype_at = next(
            (n for n, item in enumerate(structure) if not isinstance(item, list)), len(structure)
        )
        boundary = _boundary(structure[subtype_at + 1 :])
        if boundary is None or depth >= _DEEPEST:
            raise ProviderError("message_not_had", Reaction.MESSAGE)
        out = b""
        for number, child in enumerate(children[:subtype_at], start=1):
            self._left -= 1
            if self._left < 0:
                break
            name = f"{section}.{number}" if section else str(number)
            mime = self._section(f"{name}.MIME") or b"\r\n"
            out += b"--" + boundary + b"\r\n"
            out += self._assembled(mime, child, section=name, depth=depth + 1) + b"\r\n"
        return out + b"--" + boundary + b"--\r\n"

    def _leaf(self, header: bytes, part: _Part) -> bytes:
        if part.is_text and part.size <= LARGEST_TEXT:
            return header + (self._section(part.section) or b"")
        note = f"{OMITTED_HEADER}: section={part.section}; size={part.size}\r\n"
        return note.encode() + header

    def _section(self, section: str) -> bytes | None:
        row = self._fetch(self._uid, b"(UID BODY.PEEK[%s])" % section.encode())
        value: bytes | None = row.get("BODY")
        return value


def _boundary(extension: list[Any]) -> bytes | None:
    """The boundary among the body parameters that follow a multipart's subtype."""
    parameters = extension[0] if extension and isinstance(extension[0], list) else []
    for name, value in zip(parameters[::2], parameters[1::2], strict=False):
        if isinstance(name, bytes) and name.lower() == b"boundary" and isinstance(value, bytes):
            return value
    return None


def _leaf_of(structure: list[Any], section: str) -> _Part:
    """RFC 9051 7.5.2: type, subtype, parameters, id, description, encoding, size, ..."""
    kind = structure[0].lower() if structure and isinstance(structure[0], bytes) else b""
    size_text = structure[6] if len(structure) > 6 else b""
    size = int(size_text) if isinstance(size_text, bytes) and size_text.isdigit() else 0
    dispositions = [
        item[0].lower()
        for item in structure[7:]
        if isinstance(item, list) and item and isinstance(item[0], bytes)
    ]
    is_text = kind == b"text" and b"attachment" not in dispositions
    return _Part(section=section, is_text=is_text, size=size)
