"""The wire of SMTP submission (RFC 5321, RFC 6409): one command, one reply, bounded."""

import re
from dataclasses import dataclass

from mailsync.providers.base import ProviderError, Reaction
from mailsync.providers.stream import Stream, misbehaves

COMMAND_SECONDS = 300.0  # RFC 5321 4.5.3.2
LONGEST_REPLY_LINE = 8192  # 512 by the RFC; longer ones exist
MOST_REPLY_LINES = 200
_ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})\b")
_CODE = re.compile(rb"\d{3}(?:[ -]|$)")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Reply:
    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.lines)[:500]

    @property
    def enhanced(self) -> str:
        """RFC 3463 status, empty without one."""
        found = _ENHANCED.match(self.lines[-1]) if self.lines else None
        return found[1] if found else ""

    @property
    def is_temporary(self) -> bool:
        return 400 <= self.code < 500


class SmtpWire:
    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        # Keyword in capitals -> its parameters (RFC 5321 4.1.1.1).
        self.extensions: dict[str, str] = {}

    def command(self, line: bytes, *, seconds: float = COMMAND_SECONDS) -> Reply:
        """Sends one line and reads its reply."""
        if _CONTROL.search(line):
            raise ProviderError("refused", Reaction.REFUSED, server_text="a control character")
        self.stream.send(line + b"\r\n")
        return self.reply(seconds=seconds)

    def reply(self, *, seconds: float = COMMAND_SECONDS) -> Reply:
        self.stream.begin(seconds)
        lines: list[str] = []
        for _ in range(MOST_REPLY_LINES):
            raw = self.stream.line(LONGEST_REPLY_LINE).rstrip(b"\r\n")
            if not _CODE.match(raw):
                raise misbehaves("not an SMTP reply")
            lines.append(raw[4:].decode("utf-8", "replace"))
            if raw[3:4] != b"-":
                return Reply(int(raw[:3]), tuple(lines))
        raise misbehaves("a reply without end")

    def hello(self, name: str) -> None:
        """EHLO; submission servers have it (RFC 6409 7)."""
        reply = self.command(b"EHLO " + name.encode("ascii"))
        if reply.code != 250:
            raise ProviderError("not_a_mail_server", Reaction.SETTINGS, server_text=reply.text)
        self.extensions = {}
        for line in reply.lines[1:]:
            # AUTH=PLAIN is an old spelling that some servers still send beside the right one.
            keyword, _, parameters = line.replace("AUTH=", "AUTH ", 1).strip().partition(" ")
            known = self.extensions.get(keyword.upper(), "")
            self.extensions[keyword.upper()] = f"{known} {parameters}".strip()

    def mechanisms(self) -> frozenset[str]:
        return frozenset(self.extensions.get("AUTH", "").upper().split())


def stuffed(body: bytes) -> bytes:
    """The lines of a message with leading dots doubled (RFC 5321 4.5.2), without the final
    dot, ending in CRLF."""
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    body = body.replace(b"\r\n.", b"\r\n..")
    return b"." + body if body.startswith(b".") else body
