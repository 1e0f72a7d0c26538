"""The wire of IMAP (RFC 9051, RFC 3501): commands out, answers in, within limits.

Commands are tagged and may be pipelined; answers come in the order asked. imapclient's and
imaplib's loops hold whole answers in memory, cannot pipeline and have no wall-clock deadline, so
they are not used; imapclient's codec of mailbox names is.
"""

import re
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

from mailsync.providers.base import ProviderError, Reaction
from mailsync.providers.imap_errors import refusal
from mailsync.providers.stream import COMMAND_SECONDS, Stream, misbehaves

# The message as a whole is the biggest thing that may come as a literal.
LARGEST_LITERAL = 52 << 20
_LITERAL = re.compile(rb"\{(\d+)\+?\}\r?\n$")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_CAPABILITY = re.compile(rb"\[CAPABILITY ([^\]]*)\]", re.IGNORECASE)

# One answer: text, literal, text, literal, ..., text.
Pieces = list[bytes]


@dataclass(frozen=True, slots=True)
class Literal:
    """An argument sent as a literal (RFC 9051 4.3)."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Tagged:
    """The end of a command's answer."""

    status: bytes
    text: bytes


def astring(text: str) -> bytes | Literal:
    """User's text as an argument. Control characters never reach a command line."""
    raw = text.encode()
    if _CONTROL.search(raw):
        raise ProviderError("refused", Reaction.REFUSED, server_text="a control character")
    if len(raw) > 500 or not raw.isascii():
        return Literal(raw)
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


class ImapWire:
    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.capabilities: frozenset[str] = frozenset()
        # How often the server told its capabilities: they change with TLS and signing in.
        self.capabilities_told = 0
        self.is_broken = False
        self._tag_number = 0
        self._is_leaving = False
        self._awaited: deque[bytes] = deque()

    # --- Out ----------------------------------------------------------------------------------

    def send(self, *parts: bytes | Literal) -> bytes:
        """Sends one command, its parts joined by spaces; returns the tag."""
        self._tag_number += 1
        tag = b"d%d" % self._tag_number
        line = tag
        for part in parts:
            if isinstance(part, Literal):
                self._send_literal(tag, line, part.data)
                line = b""
            elif _CONTROL.search(part):
                raise ProviderError("refused", Reaction.REFUSED, server_text="a control character")
            else:
                line += b" " + part
        self.stream.send(line + b"\r\n")
        self._awaited.append(tag)
        return tag

    def _send_literal(self, tag: bytes, line: bytes, data: bytes) -> None:
        """Sends what stands of the command so far, and the literal."""
        at_once = "LITERAL+" in self.capabilities or (
            "LITERAL-" in self.capabilities and len(data) <= 4096
        )
        self.stream.send(line + b" {%d%s}\r\n" % (len(data), b"+" if at_once else b""))
        if not at_once:
            if self._awaited:
                raise RuntimeError("a literal that waits cannot be pipelined")
            self._await_continuation(tag)
        self.stream.send(data)

    def _await_continuation(self, tag: bytes) -> None:
        self.stream.begin()
        for _ in range(1000):
            pieces = self._pieces(LARGEST_LITERAL)
            if pieces[0].startswith(b"+"):
                return
            if pieces[0].startswith(tag + b" "):
                raise refusal(pieces[0], code="refused", reaction=Reaction.REFUSED)
            self._note(pieces)
        raise self._break(misbehaves("no continuation"))

    def send_line(self, data: bytes) -> None:
        """A line inside a command: DONE, an answer to a SASL challenge."""
        self.stream.send(data + b"\r\n")

    # --- In -----------------------------------------------------------------------------------

    def answers(
        self,
        tag: bytes,
        *,
        expect: int = 1000,
        seconds: float = COMMAND_SECONDS,
        largest: int = LARGEST_LITERAL,
    ) -> Generator[Pieces, None, Tagged]:
        """The untagged answers up to the tagged one, which is returned as the generator's value.

        More than ten times the expected number of answers ends the connection.
        """
        if not self._awaited or self._awaited[0] != tag:
            raise RuntimeError("answers are read in the order asked")
        self.stream.begin(seconds)
        end = tag + b" "
        for _ in range(10 * expect + 10_000):
            pieces = self._pieces(largest)
            if pieces[0].startswith(end):
                self._awaited.popleft()
                return self._tagged(pieces)
            self._note(pieces)
            yield pieces
        raise self._break(misbehaves("a flood of answers"))

    def next_line(self, seconds: float = COMMAND_SECONDS) -> Pieces:
        """One answer outside the ordinary order: the greeting, a challenge, a line of IDLE."""
        self.stream.begin(seconds)
        pieces = self._pieces(LARGEST_LITERAL)
        self._note(pieces)
        return pieces

    def run(
        self, *parts: bytes | Literal, expect: int = 1000, seconds: float = COMMAND_SECONDS
    ) -> tuple[list[Pieces], Tagged]:
        """One command and its whole answer. Does not judge the status."""
        if self._awaited:
            raise RuntimeError("another answer is being read")
        tag = self.send(*parts)
        return self._collect(self.answers(tag, expect=expect, seconds=seconds))

    def _collect(self, answers: Iterator[Pieces]) -> tuple[list[Pieces], Tagged]:
        rows: list[Pieces] = []
        while True:
            try:
                rows.append(next(answers))
            except StopIteration as stop:
                return rows, stop.value

    def done(
        self,
        *parts: bytes | Literal,
        expect: int = 1000,
        seconds: float = COMMAND_SECONDS,
        code: str = "refused",
        reaction: Reaction = Reaction.REFUSED,
    ) -> tuple[list[Pieces], Tagged]:
        """One command that has to succeed."""
        rows, tagged = self.run(*parts, expect=expect, seconds=seconds)
        check(tagged, code=code, reaction=reaction)
        return rows, tagged

    def pipelined(
        self,
        commands: Sequence[tuple[bytes, ...]],
        *,
        depth: int = 2,
        expect: int = 1000,
        on_end: Callable[[int, Tagged], None] | None = None,
    ) -> Iterator[tuple[int, Pieces]]:
        """Answers of many commands with `depth` of them in flight, each with the number of its
        command. `on_end` judges each command's status; without it a refusal raises.

        Leaving the loop early reads the answers that are under way, so that the connection
        stays in step.
        """
        if self._awaited:
            raise RuntimeError("another answer is being read")
        sent = 0
        finished = 0
        tags: deque[bytes] = deque()
        try:
            while finished < len(commands):
                while sent < len(commands) and len(tags) < depth:
                    tags.append(self.send(*commands[sent]))
                    sent += 1
                answers = self.answers(tags[0], expect=expect)
                while True:
                    try:
                        pieces = next(answers)
                    except StopIteration as stop:
                        tags.popleft()
                        (on_end or _judge)(finished, stop.value)
                        break
                    yield finished, pieces
                finished += 1
        finally:
            self._catch_up()

    def _catch_up(self) -> None:
        while self._awaited and not self.is_broken:
            try:
                self._collect(self.answers(self._awaited[0], expect=10_000))
            except ProviderError:
                return

    def _pieces(self, largest: int) -> Pieces:
        try:
            line = self.stream.line()
            pieces = [line]
            while found := (_LITERAL.search(line) if line.endswith(b"}\r\n") else None):
                size = int(found[1])
                if size > largest:
                    raise misbehaves("a literal larger than any message")
                pieces.append(self.stream.exactly(size))
                line = self.stream.line()
                pieces.append(line)
                if len(pieces) > 2000:
                    raise misbehaves("an answer of too many parts")
        except ProviderError as error:
            raise self._break(error) from error
        return pieces

    def _tagged(self, pieces: Pieces) -> Tagged:
        _tag, _, rest = b"".join(pieces).rstrip().partition(b" ")
        status, _, text = rest.partition(b" ")
        self._note_capabilities(text)
        return Tagged(status.upper(), text)

    def _note(self, pieces: Pieces) -> None:
        """What counts whichever command it comes with: capabilities and the good-bye."""
        line = pieces[0]
        if line[2:3].isdigit():
            return
        if line.startswith((b"* OK", b"* ok", b"* PREAUTH")):
            self._note_capabilities(line)
        elif line[:13].upper() == b"* CAPABILITY ":
            self._learn(line[13:])
        elif line[:5].upper() == b"* BYE" and not self._is_leaving:
            raise self._break(refusal(line[5:], code="connection_lost", reaction=Reaction.LATER))

    def _note_capabilities(self, text: bytes) -> None:
        found = _CAPABILITY.search(text)
        if found:
            self._learn(found[1])

    def _learn(self, text: bytes) -> None:
        self.capabilities = frozenset(text.decode("ascii", "replace").upper().split())
        self.capabilities_told += 1

    def _break(self, error: ProviderError) -> ProviderError:
        self.is_broken = True
        self.stream.close()
        return error

    def close(self) -> None:
        """Says good-bye when the connection is in step, and hangs up."""
        self._is_leaving = True
        try:
            if not self.is_broken and not self._awaited:
                self.run(b"LOGOUT", seconds=2.0)
        except ProviderError:
            pass
        self.is_broken = True
        self.stream.close()


def check(tagged: Tagged, *, code: str = "refused", reaction: Reaction = Reaction.REFUSED) -> None:
    """Raises for NO and BAD. BAD means that we and the server do not understand each other."""
    if tagged.status == b"OK":
        return
    if tagged.status == b"BAD" and reaction is Reaction.REFUSED:
        code, reaction = "server_misbehaves", Reaction.PROTOCOL
    raise refusal(tagged.text, code=code, reaction=reaction)


def _judge(_number: int, tagged: Tagged) -> None:
    check(tagged)
