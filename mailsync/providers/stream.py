"""Bytes to and from a server that may be slow, broken or hostile.

A command has a wall-clock deadline, not a time-out per packet: a server that sends one byte a
second would never meet the latter. Announced bytes extend the deadline at SLOWEST bytes a
second; more than the limits in one line or literal ends the connection before it is read.
"""

import contextlib
import io
import socket
import ssl
import time
import zlib

from mailsync.providers.base import ProviderError, Reaction

# A stalled command, and the wait before the next try, are over before another folder of the
# account has waited for a minute.
COMMAND_SECONDS = 45.0
SLOWEST = 50_000  # bytes a second
LONGEST_LINE = 16 << 20  # a SEARCH answer of two million UIDs
BIG_BUFFER = 1 << 18


class _DeadlineReader(io.RawIOBase):
    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.deadline = time.monotonic() + COMMAND_SECONDS
        self.received = 0
        self.inflater: zlib._Decompress | None = None
        # Compressed bytes that were read ahead, before it was known that they are.
        self.packed = b""
        self.is_paused = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int | None:  # type: ignore[override]
        if self.is_paused:
            return None
        if self.inflater is not None:
            return self._inflate_into(self.inflater, memoryview(buffer))
        return self._receive_into(memoryview(buffer))

    def _receive_into(self, view: memoryview) -> int:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.connection.settimeout(left)
        count = self.connection.recv_into(view)
        self.received += count
        return count

    def _inflate_into(self, inflater: "zlib._Decompress", view: memoryview) -> int:
        """Never inflates more than there is room for, so a bomb meets the ordinary limits."""
        while True:
            waiting = inflater.unconsumed_tail or self.packed
            self.packed = b"" if waiting is self.packed else self.packed
            plain = inflater.decompress(waiting, len(view))
            if plain:
                view[: len(plain)] = plain
                return len(plain)
            if not inflater.unconsumed_tail and not self.packed:
                received = bytearray(1 << 14)
                count = self._receive_into(memoryview(received))
                if not count:
                    return 0
                self.packed = bytes(received[:count])


class Stream:
    """One connection; every failure is a ProviderError and leaves the stream unusable."""

    def __init__(self, connection: socket.socket, *, buffer_size: int = BIG_BUFFER) -> None:
        self._buffer_size = buffer_size
        self._use(connection)
        self._deflater: zlib._Compress | None = None

    def _use(self, connection: socket.socket) -> None:
        self.connection = connection
        self._raw = _DeadlineReader(connection)
        self._reader = io.BufferedReader(self._raw, self._buffer_size)  # type: ignore[type-var]

    def encrypted(self, connection: ssl.SSLSocket) -> None:
        """Goes on over TLS. What the server sent ahead in the clear is dropped, unread."""
        self._use(connection)

    def compress(self) -> None:
        """Goes on with raw deflate both ways (RFC 4978)."""
        packed = self.rest()
        self._use(self.connection)
        self._raw.packed = packed
        self._raw.inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._deflater = zlib.compressobj(level=1, wbits=-zlib.MAX_WBITS)

    def begin(self, seconds: float = COMMAND_SECONDS) -> None:
        """Starts the clock of one command."""
        self._raw.deadline = time.monotonic() + seconds
        self._raw.received = 0

    def send(self, data: bytes) -> None:
        if self._deflater is not None:
            data = self._deflater.compress(data) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        try:
            self.connection.settimeout(COMMAND_SECONDS + len(data) / SLOWEST)
            self.connection.sendall(data)
        except (OSError, ValueError) as error:
            raise ProviderError("connection_lost", Reaction.LATER) from error

    def line(self, limit: int = LONGEST_LINE) -> bytes:
        """One line with its end. Raises at the end of the stream."""
        try:
            line = self._reader.readline(limit)
        except (OSError, ValueError, zlib.error) as error:
            raise self._lost(error) from error
        if not line.endswith(b"\n"):
            if len(line) >= limit:
                raise misbehaves("a line without end")
            raise ProviderError("connection_lost", Reaction.LATER)
        return line

    def exactly(self, count: int) -> bytes:
        """So many bytes: all of them or an error, never a part."""
        self._raw.deadline += count / SLOWEST
        try:
            data = self._reader.read(count)
        except (OSError, ValueError, zlib.error) as error:
            raise self._lost(error) from error
        if len(data) != count:
            raise ProviderError("connection_lost", Reaction.LATER)
        return data

    def rest(self) -> bytes:
        """What was read ahead, for who goes on with the bare connection."""
        self._raw.is_paused = True
        return self._reader.read1(BIG_BUFFER) or b""

    def _lost(self, error: Exception) -> ProviderError:
        if isinstance(error, zlib.error):
            return misbehaves("compressed data is damaged")
        if isinstance(error, TimeoutError) and self._raw.received:
            return misbehaves("slower than any mail server")
        return ProviderError("connection_lost", Reaction.LATER)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.close()


def misbehaves(why: str) -> ProviderError:
    """The server broke the rules; `why` is our own word and may be logged."""
    return ProviderError("server_misbehaves", Reaction.PROTOCOL, server_text=why)
