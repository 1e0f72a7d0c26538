"""Content-Transfer-Encoding (RFC 2045 6) and uuencode, taken back; broken input gives what it has."""

import binascii
import re

from mailsync.mime.headers import decode_base64

_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.MULTILINE)
_UU_END = re.compile(rb"^end[ \t]*\r?$", re.MULTILINE)


def decode(data: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return decode_base64(data)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding in ("x-uuencode", "uuencode", "uue", "x-uue"):
        files = uuencoded(data)
        return files[0].content() if files else _uudecode(data)
    return data


def decoded_size(raw: bytes, start: int, end: int, encoding: str) -> int:
    """How large a part will be; exact for base64 in even lines, as every program writes it."""
    if encoding == "base64":
        end = _without_white_space(raw, start, end)
        line = raw.find(b"\n", start, end) + 1 - start
        if line <= 0:
            letters = end - start
        else:
            width = len(raw[start : start + line].rstrip(b"\r\n"))
            whole, rest = divmod(end - start, line)
            letters = whole * width + min(rest, width)
        padding = raw.endswith(b"=", start, end) + raw.endswith(b"==", start, end)
        return max(0, letters * 3 // 4 - padding)
    if encoding == "quoted-printable" and end - start < _QUOTED_PRINTABLE_BYTES:
        return len(binascii.a2b_qp(raw[start:end]))
    return end - start


_QUOTED_PRINTABLE_BYTES = 1_000_000
_TAIL = 1024


def _without_white_space(raw: bytes, start: int, end: int) -> int:
    """Where the content ends, found without a copy of it."""
    while end > start:
        tail = raw[max(start, end - _TAIL) : end]
        kept = len(tail.rstrip(b"\r\n \t"))
        end -= len(tail) - kept
        if kept:
            break
    return end


class UuFile:
    """A file written into a text, of the time before MIME: where it lies, and its name."""

    def __init__(self, data: bytes, begin: re.Match[bytes], end: re.Match[bytes]) -> None:
        self.name = begin.group(1).strip()
        self.start, self.end = begin.start(), end.end()
        self._lines = data[begin.end() : end.start()]

    def content(self) -> bytes:
        return _uudecode(self._lines)


def uuencoded(data: bytes) -> list[UuFile]:
    found: list[UuFile] = []
    at = 0
    while len(found) < 100:
        begin = _UU_BEGIN.search(data, at)
        end = _UU_END.search(data, begin.end()) if begin else None
        if begin is None or end is None:
            break
        if _looks_uuencoded(data[begin.end() : begin.end() + 70]):
            found.append(UuFile(data, begin, end))
        at = end.end()
    return found


def _looks_uuencoded(start: bytes) -> bool:
    line = start.split(b"\n", 1)[0].rstrip(b"\r")
    if not line:
        return False
    octets = (line[0] - 32) & 63
    return abs(len(line) - 1 - (octets + 2) // 3 * 4) <= 3


def _uudecode(lines: bytes) -> bytes:
    out: list[bytes] = []
    for line in lines.splitlines():
        if not line or line == b"end" or line.startswith(b"begin "):
            continue
        octets = (((line[0] - 32) & 63) * 4 + 5) // 3
        try:
            out.append(binascii.a2b_uu(line[: octets + 1]))
        except binascii.Error:
            continue
    return b"".join(out)
