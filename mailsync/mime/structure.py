"""The tree of parts, as offsets into the raw bytes: nothing is decoded or copied.

Sections are numbered as IMAP counts them (RFC 9051 6.4.5), so that a part can be fetched from
the server by the number that is stored here.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from mailsync.mime import limits
from mailsync.mime.headers import Fields, content_field, first, plain, split_fields


@dataclass(slots=True)
class Entity:
    """A part: its fields, and where its body lies."""

    fields: Fields
    content_type: str
    parameters: dict[str, str]
    start: int  # of the body
    end: int
    section: str = ""
    children: list["Entity"] = field(default_factory=list)
    message: "Entity | None" = None  # what a message/rfc822 part holds

    @property
    def encoding(self) -> str:
        value = first(self.fields, "content-transfer-encoding")
        return _encoding_of(value) if value else ""

    @property
    def disposition(self) -> tuple[str, dict[str, str]]:
        value = first(self.fields, "content-disposition")
        return content_field(value) if value else ("", {})


@lru_cache(maxsize=128)
def _encoding_of(value: bytes) -> str:
    return plain(value).lower().split(";")[0].strip(" \"'")


class Tree:
    """The message as parts. `is_cut` when a limit was met, `is_broken` when something was odd."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.parts = 0
        self.candidates = 0
        self.is_cut = False
        self.is_broken = False
        self.root = self._read(0, len(raw), depth=0, default="text/plain")
        if not self.is_cut:
            self._number(self.root, "")

    def _read(self, start: int, end: int, *, depth: int, default: str) -> Entity:
        self.parts += 1
        fields, body = self._header(start, end)
        value = first(fields, "content-type")
        content_type, params = content_field(value) if value else (default, {})
        if content_type.count("/") != 1:
            content_type = "text/plain" if value and content_type in ("text", "") else default
        entity = Entity(fields, content_type, params, body, end)
        if content_type.startswith("multipart/"):
            self._read_children(entity, depth)
        elif content_type in ("message/rfc822", "message/global") and entity.encoding in _IDENTITY:
            if depth >= limits.DEPTH or self.parts >= limits.PARTS:
                self.is_cut = True
            else:
                entity.message = self._read(body, end, depth=depth + 1, default="text/plain")
        return entity

    def _header(self, start: int, end: int) -> tuple[Fields, int]:
        raw = self.raw
        while raw.startswith((b"From ", b">From "), start, end):  # the envelope of an mbox
            line = raw.find(b"\n", start, end)
            start = line + 1 if line >= 0 else end
        if raw.startswith((b"\r\n", b"\n"), start, end):
            return {}, start + (2 if raw[start] == 13 else 1)
        stop = _header_end(raw, start, end)
        if stop - start > limits.HEADER_BYTES:
            self.is_cut = True
        block = raw[start : min(stop, start + limits.HEADER_BYTES)]
        if block.count(b"\n") > limits.HEADER_FIELDS * 4:
            self.is_cut = True
        fields = split_fields(block)
        if not fields:
            self.is_broken = True
            return {}, start
        body = stop
        if raw.startswith(b"\r\n", body, end):
            body += 2
        elif raw.startswith(b"\n", body, end):
            body += 1
        return fields, min(body, end)

    def _read_children(self, entity: Entity, depth: int) -> None:
        boundary = entity.parameters.get("boundary", "").rstrip()
        if depth >= limits.DEPTH:
            self.is_cut = True
            return
        if not boundary:
            self.is_broken = True
            return
        default = "message/rfc822" if entity.content_type == "multipart/digest" else "text/plain"
        for start, end in self._slices(entity, boundary.encode("utf-8", "replace")):
            if self.parts >= limits.PARTS:
                self.is_cut = True
                return
            entity.children.append(self._read(start, end, depth=depth + 1, default=default))

    def _slices(self, entity: Entity, boundary: bytes) -> list[tuple[int, int]]:
        """Where each body part lies between the delimiter lines (RFC 2046 5.1.1)."""
        raw, end = self.raw, entity.end
        delimiter = b"--" + boundary
        slices: list[tuple[int, int]] = []
        opened = -1
        at = raw.find(delimiter, entity.start, end)
        while at >= 0:
            self.candidates += 1
            if self.candidates > limits.DELIMITER_CANDIDATES:
                self.is_cut = True
                break
            after = at + len(delimiter)
            if at == entity.start or raw[at - 1] in b"\r\n":
                closes = raw.startswith(b"--", after, end)
                line = raw.find(b"\n", after, end)
                rest = raw[after + 2 * closes : line if line >= 0 else min(end, after + 80)]
                if not rest.strip(b" \t\r"):
                    if opened >= 0:
                        slices.append((opened, max(opened, _before_break(raw, at))))
                    opened = -1 if closes else (line + 1 if line >= 0 else end)
                    if closes or len(slices) >= limits.PARTS:
                        break
            at = raw.find(delimiter, after, end)
        if opened >= 0 and opened < end:
            self.is_broken = True
            slices.append((opened, end))
        elif not slices:
            self.is_broken = True
        return slices

    def _number(self, entity: Entity, section: str) -> None:
        entity.section = section or "1"
        for index, child in enumerate(entity.children, 1):
            self._number(child, f"{section}.{index}" if section else str(index))
        if entity.message is not None:
            inner = entity.message
            if inner.children:
                self._number(inner, entity.section)
            else:
                self._number(inner, f"{entity.section}.1")

    def leaves(self) -> list[Entity]:
        """The parts that hold something, in their order; an attached message counts as one."""
        found: list[Entity] = []

        def visit(entity: Entity) -> None:
            if entity.children:
                for child in entity.children:
                    visit(child)
            else:
                found.append(entity)

        visit(self.root)
        return found


_NO_FIELD = re.compile(rb"\n[ \t]+(?=\r?\n)|\n(?![!-9;-~]+[ \t]{0,8}:|[ \t])")
_IDENTITY = frozenset(("", "7bit", "8bit", "binary", "7-bit", "8-bit"))


def _header_end(raw: bytes, start: int, end: int) -> int:
    """Just past the line break that ends the last header line."""
    crlf = raw.find(b"\n\r\n", start, end)
    lone = raw.find(b"\n\n", start, crlf if crlf >= 0 else end)
    stop = lone if lone >= 0 else crlf
    if stop < 0:
        # No empty line at all: one of spaces, or the first line that is no field, must do.
        odd = _NO_FIELD.search(raw, start, min(end, start + limits.HEADER_BYTES))
        return odd.start() + 1 if odd else end
    # A delimiter line ends a header too: some writers forget the blank line before it.
    missing = raw.find(b"\n--", start, stop)
    return (missing if missing >= 0 else stop) + 1


def _before_break(raw: bytes, at: int) -> int:
    """The line break before a delimiter belongs to the delimiter."""
    if raw[at - 1 : at] == b"\n":
        at -= 1
    if raw[at - 1 : at] == b"\r":
        at -= 1
    return at
