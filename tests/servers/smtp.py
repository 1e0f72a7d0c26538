"""A submission server for tests: a sink that takes mail and keeps every byte."""

import socket
import ssl
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mailsync.enums import Security
from mailsync.providers.base import ServerAddress
from tests.servers.tls import Leaf

USER, PASSWORD = "grace@northwind.example", "correct-horse"


@dataclass
class Taken:
    """A message as it arrived: envelope, and every byte of the text."""

    sender: str
    recipients: list[str]
    raw: bytes
    mail_options: list[str]


@dataclass
class Sink:
    """Takes every message; refuses recipients listed in `refused` with the reply given there."""

    refused: dict[str, str] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    sign_ins: int = 0

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        raw = envelope.content
        self.taken.append(
            Taken(
                envelope.mail_from or "",
                list(envelope.rcpt_tos),
                raw if isinstance(raw, bytes) else (raw or "").encode(),
                list(envelope.mail_options),
            )
        )
        return "250 2.0.0 taken"


class SmtpSink:
    """`with SmtpSink(leaf=leaf) as server:`; STARTTLS is required before AUTH."""

    def __init__(self, *, leaf: Leaf) -> None:
        self.sink = Sink()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf.cert, leaf.key)
        self._controller = Controller(
            self.sink,
            hostname="127.0.0.1",
            port=_free_port(),
            tls_context=context,
            require_starttls=True,
            authenticator=self._authenticate,
            auth_required=True,
            enable_SMTPUTF8=True,
            data_size_limit=1_000_000,
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        self.sink.sign_ins += 1
        is_right = isinstance(data, LoginPassword) and (data.login, data.password) == (
            USER.encode(),
            PASSWORD.encode(),
        )
        return AuthResult(success=is_right, handled=False)

    def address(self, *, secret: str = PASSWORD) -> ServerAddress:
        return ServerAddress(
            host="localhost",
            port=self._controller.port,
            security=Security.STARTTLS.value,
            user_name=USER,
            secret=secret,
        )

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._controller.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
