"""A server that says what a test tells it to, whatever the protocol: for quirks and lies."""

import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from mailsync.enums import Security
from mailsync.providers.base import ServerAddress
from tests.servers.tls import Leaf

USER, PASSWORD = "grace@northwind.example", "correct-horse"

Script = Callable[["Talk"], None]


class Talk:
    """The server's side of one connection, for a script."""

    def __init__(self, connection: socket.socket, said: list[bytes]) -> None:
        self.connection = connection
        self._said = said
        self._file = connection.makefile("rb")

    def say(self, data: bytes) -> None:
        self.connection.sendall(data)

    def hear(self) -> bytes:
        """One line from the client; empty at the end."""
        line = self._file.readline()
        if line:
            self._said.append(line)
        return line

    def encrypt(self, leaf: Leaf) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf.cert, leaf.key)
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self._file = self.connection.makefile("rb")

    def close(self) -> None:
        self._file.close()
        self.connection.close()


class ScriptedServer:
    """Runs the script once for each connection; `said` is every line the clients sent."""

    def __init__(self, script: Script, *, leaf: Leaf | None = None) -> None:
        self._script = script
        self._leaf = leaf
        self.said: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def address(self, security: Security = Security.PLAIN) -> ServerAddress:
        host = "127.0.0.1" if security == Security.PLAIN else "localhost"
        return ServerAddress(host, self.port, security.value, USER, PASSWORD)

    def _accept(self) -> None:
        while True:
            try:
                connection, _peer = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        talk = Talk(connection, self.said)
        try:
            if self._leaf:
                talk.encrypt(self._leaf)
            self._script(talk)
        except OSError:
            pass  # the client hung up, which is what many tests want
        finally:
            talk.close()

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # close() alone does not wake a thread that waits in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(5)
        for thread in self._threads:
            thread.join(5)


# --- IMAP -------------------------------------------------------------------------------------

CAPABILITIES = "IMAP4rev1 UIDPLUS MOVE IDLE AUTH=PLAIN SASL-IR"


def imap_script(
    answers: dict[str, bytes | Callable[[Talk, bytes], None]],
    *,
    capabilities: str = CAPABILITIES,
    greeting: bytes | None = None,
) -> Script:
    """A script that signs in whoever comes and answers commands from the table: the command's
    first words in capitals -> untagged answers, or a function that does all the talking."""

    def script(talk: Talk) -> None:
        talk.say(greeting or f"* OK [CAPABILITY {capabilities}] ready\r\n".encode())
        while line := talk.hear():
            tag, _, command = line.strip().partition(b" ")
            verb = command.upper().decode("utf-8", "replace")
            key = max((k for k in answers if verb.startswith(k)), key=len, default="")
            answer = answers.get(key, b"")
            if callable(answer):
                answer(talk, tag)
                continue
            if not key and verb.startswith(("AUTHENTICATE", "LOGIN")):
                talk.say(tag + f" OK [CAPABILITY {capabilities}] in\r\n".encode())
                continue
            if not key and verb.startswith(("SELECT", "EXAMINE")):
                answer = b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 10] x\r\n"
            talk.say(answer + tag + b" OK done\r\n")

    return script
