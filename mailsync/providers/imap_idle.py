"""One IDLE (RFC 2177) that a selector loop can hold beside hundreds of others.

`start` blocks and belongs into a thread; after it nothing here waits. The connection is signed
in, has one mailbox open read-only, and costs a socket and a few kilobytes. Where the server has
NOTIFY (RFC 5465) the same connection hears of new mail in every other mailbox of the account, so
what another program files or sends arrives as quickly; elsewhere the poll finds it.
"""

import re
import ssl
import time

from mailsync.providers.base import ProviderError, Reaction, ServerAddress
from mailsync.providers.imap_errors import refusal
from mailsync.providers.imap_sign_in import connect, sign_in
from mailsync.providers.imap_values import path_to_wire
from mailsync.providers.imap_wire import ImapWire, astring, check
from mailsync.providers.stream import misbehaves

# RFC 2177 says 29 minutes; NATs and load balancers forget a quiet connection long before.
RENEW_AFTER = 9 * 60.0
_SMALL_BUFFER = 4096
_LONGEST_TAIL = 64 << 10
_NEWS = re.compile(rb"^\* (?:\d+ (?:EXISTS|EXPUNGE|FETCH)|VANISHED|STATUS)\b", re.IGNORECASE)
_REFUSED = re.compile(rb"^d\d+ (?:NO|BAD)\b", re.IGNORECASE)


# RFC 5465 5.2: what IDLE says of the open mailbox, and new mail in the account's own others.
_EVERYWHERE = (
    b"(SELECTED (MessageNew MessageExpunge FlagChange))",
    b"(PERSONAL (MessageNew MessageExpunge))",
)


class IdleUnavailableError(ProviderError):
    """The server has no IDLE: polling alone follows this account."""

    def __init__(self) -> None:
        super().__init__("refused", Reaction.REFUSED)


class IMAPIdle:
    def __init__(self, wire: ImapWire, tag_number: int) -> None:
        self._connection = wire.stream.connection
        self._tail = wire.stream.rest()
        self._tag_number = tag_number
        self._connection.setblocking(False)
        self.renew_at = time.monotonic() + RENEW_AFTER

    @classmethod
    def start(cls, server: ServerAddress, *, path: str = "INBOX") -> "IMAPIdle":
        """Connects, signs in, opens the mailbox and begins to idle. Raises ProviderError."""
        wire = connect(server, buffer_size=_SMALL_BUFFER)
        try:
            sign_in(wire, server)
            return cls(wire, _begin(wire, path))
        except BaseException:
            wire.stream.close()
            raise

    def fileno(self) -> int:
        return self._connection.fileno()

    def read(self) -> bool:
        """Takes what has arrived; True when it tells of a change. Raises ProviderError when the
        connection is at its end."""
        has_news = False
        while data := self._receive():
            lines = (self._tail + data).split(b"\r\n")
            self._tail = lines.pop()
            if len(self._tail) > _LONGEST_TAIL:
                raise misbehaves("a line without end")
            for line in lines:
                has_news |= self._is_news(line)
        return has_news

    def _receive(self) -> bytes:
        try:
            data = self._connection.recv(_SMALL_BUFFER)
        except (BlockingIOError, ssl.SSLWantReadError):
            return b""
        except OSError as error:
            raise ProviderError("connection_lost", Reaction.LATER) from error
        if not data:
            raise ProviderError("connection_lost", Reaction.LATER)
        return data

    @staticmethod
    def _is_news(line: bytes) -> bool:
        if line[:5].upper() == b"* BYE" or _REFUSED.match(line):
            raise refusal(line, code="connection_lost", reaction=Reaction.LATER)
        return bool(_NEWS.match(line))

    def renew(self) -> None:
        """Ends this IDLE and begins the next, in one write; the answers are read as they come."""
        self._tag_number += 1
        try:
            self._connection.send(b"DONE\r\nd%d IDLE\r\n" % self._tag_number)
        except OSError as error:
            raise ProviderError("connection_lost", Reaction.LATER) from error
        self.renew_at = time.monotonic() + RENEW_AFTER

    def close(self) -> None:
        try:
            self._connection.send(b"DONE\r\nd%d LOGOUT\r\n" % (self._tag_number + 1))
        except OSError:
            pass
        finally:
            self._connection.close()


def _begin(wire: ImapWire, path: str) -> int:
    """Opens the mailbox and idles in it; returns the number of the command's tag."""
    if "IDLE" not in wire.capabilities:
        raise IdleUnavailableError
    _rows, tagged = wire.run(b"EXAMINE", astring(path_to_wire(path)))
    check(tagged, code="mailbox_not_opened", reaction=Reaction.MAILBOX)
    if "NOTIFY" in wire.capabilities:
        # A server may find this too much to watch (RFC 5465 5.8); then IDLE is what there is.
        wire.run(b"NOTIFY", b"SET", *_EVERYWHERE)
    tag = wire.send(b"IDLE")
    # News may come before the continuation; it was there when the mailbox was opened, or is
    # seen by the next poll.
    for _ in range(1000):
        line = wire.next_line()[0]
        if line.startswith(b"+"):
            return int(tag[1:])
        if line.startswith(tag):
            raise refusal(line, code="refused", reaction=Reaction.LATER)
    raise misbehaves("no continuation of IDLE")
