"""Handing mail over by SMTP submission (RFC 6409).

The step that matters is the final dot: before it nothing was sent, after it the server may have
the message whatever becomes of the connection (RFC 1047). `submit` tells the caller right
before it goes out, and calls every failure after it "outcome_unknown".
"""

import base64
import contextlib
import re
from collections.abc import Iterable

from common.net import ConnectError, encrypt
from mailsync.enums import Security
from mailsync.providers.base import (
    BeforeHandOver,
    ProviderError,
    Reaction,
    RecipientResult,
    ServerAddress,
    SubmitResult,
)
from mailsync.providers.imap_sign_in import connect_failed, reach
from mailsync.providers.smtp_wire import Reply, SmtpWire, stuffed

GREETING_SECONDS = 300.0
DATA_SECONDS = 120.0
AFTER_DOT_SECONDS = 600.0
# We are no mail exchanger and our own name is nobody's business: the address literal of RFC
# 5321 4.1.3 says as little as possible and is accepted for submission.
HELLO_NAME = "[127.0.0.1]"

_BARE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_NOT_IN_ADDRESS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029<>\"\\,;:()\[\]]")
_TOO_MANY = re.compile(r"too many|rate|limit|quota|throttl", re.IGNORECASE)
# Permanent by their number, but over tomorrow: how Gmail and Microsoft say that an account has sent
# as much as it may (RFC 3463 classes 5.X.X with their own details).
_SENDING_LIMIT = frozenset({"5.4.5", "5.1.90", "5.2.121", "5.2.122"})
_LIMIT_PAUSE = 3600.0
_APP_PASSWORD = re.compile(
    r"application-specific|app password|authori[sz]ation code", re.IGNORECASE
)


class SMTPSubmitter:
    """A Submitter. One connection, several messages one after the other."""

    def __init__(self, wire: SmtpWire, *, saves_sent_copy: bool = False) -> None:
        self._wire = wire
        self.saves_sent_copy = saves_sent_copy

    @classmethod
    def connect(cls, server: ServerAddress, *, saves_sent_copy: bool = False) -> "SMTPSubmitter":
        """Connects and signs in. Raises ProviderError."""
        wire = SmtpWire(reach(server))
        try:
            _greet(wire)
            if server.security == Security.STARTTLS:
                _start_tls(wire, server)
            _sign_in(wire, server)
            return cls(wire, saves_sent_copy=saves_sent_copy)
        except BaseException:
            wire.stream.close()
            raise

    def submit(
        self,
        raw: bytes,
        *,
        envelope_from: str,
        envelope_to: Iterable[str],
        before_final_dot: BeforeHandOver,
    ) -> SubmitResult:
        recipients = list(dict.fromkeys(envelope_to))
        for address in (envelope_from, *recipients):
            check_address(address)
        _check_message(raw)
        self._begin(raw, envelope_from=envelope_from, recipients=recipients)
        results = [self._recipient(address) for address in recipients]
        if not any(result.accepted for result in results):
            self._wire.command(b"RSET")
            return SubmitResult(tuple(results), accepted=False)
        self._offer_data()
        try:
            # The text may go; as long as the dot has not, the server must not deliver it.
            self._wire.stream.send(stuffed(raw))
            before_final_dot()
            return self._hand_over(results)
        except BaseException:
            # Nothing may follow half a message on this connection, not even QUIT.
            self._wire.stream.close()
            raise

    def _begin(self, raw: bytes, *, envelope_from: str, recipients: list[str]) -> None:
        line = b"MAIL FROM:<" + envelope_from.encode() + b">"
        extensions = self._wire.extensions
        if "SIZE" in extensions:
            limit = extensions["SIZE"]
            if limit.isdigit() and 0 < int(limit) < len(raw):
                raise ProviderError("message_too_big", Reaction.REFUSED)
            line += b" SIZE=%d" % len(raw)
        if not raw.isascii():
            if "8BITMIME" not in extensions:
                raise ProviderError("message_not_seven_bit", Reaction.REFUSED)
            line += b" BODY=8BITMIME"
        if not "".join((envelope_from, *recipients)).isascii():
            if "SMTPUTF8" not in extensions:
                raise ProviderError("address_not_supported", Reaction.REFUSED)
            line += b" SMTPUTF8"
        reply = self._wire.command(line)
        if reply.code != 250:
            raise _refused(reply)

    def _recipient(self, address: str) -> RecipientResult:
        reply = self._wire.command(b"RCPT TO:<" + address.encode() + b">")
        if reply.code == 421:
            raise _refused(reply)
        return RecipientResult(
            address=address,
            accepted=reply.code in (250, 251),
            code=reply.code,
            enhanced=reply.enhanced,
            temporary=reply.is_temporary or reply.enhanced in _SENDING_LIMIT,
        )

    def _offer_data(self) -> None:
        reply = self._wire.command(b"DATA", seconds=DATA_SECONDS)
        if reply.code != 354:
            raise _refused(reply)

    def _hand_over(self, results: list[RecipientResult]) -> SubmitResult:
        try:
            self._wire.stream.send(b".\r\n")
            reply = self._wire.reply(seconds=AFTER_DOT_SECONDS)
        except ProviderError as error:
            raise ProviderError("outcome_unknown", Reaction.LATER) from error
        if reply.code == 250:
            return SubmitResult(tuple(results), accepted=True)
        if reply.code >= 400:
            raise _refused(reply)
        raise ProviderError("outcome_unknown", Reaction.PROTOCOL, server_text=reply.text)

    def close(self) -> None:
        with contextlib.suppress(ProviderError):
            self._wire.command(b"QUIT", seconds=2.0)
        self._wire.stream.close()


def check_address(address: str) -> None:
    """One address that is safe inside angle brackets; raises ProviderError("address_invalid").

    Quoted local parts are refused although RFC 5321 allows them: nobody has one, and they are
    the way to smuggle a second command.
    """
    local, at, domain = address.rpartition("@")
    too_long = len(local.encode()) > 64 or len(address.encode()) > 254
    if not (local and at and domain) or too_long or "@" in local:
        raise ProviderError("address_invalid", Reaction.REFUSED)
    if _NOT_IN_ADDRESS.search(address):
        raise ProviderError("address_invalid", Reaction.REFUSED)


def _check_message(raw: bytes) -> None:
    """A bare CR or LF can end a message early on some servers (SMTP smuggling)."""
    if _BARE_LINE_END.search(raw) or b"\x00" in raw:
        raise ProviderError("message_malformed", Reaction.REFUSED)


def _greet(wire: SmtpWire) -> None:
    reply = wire.reply(seconds=GREETING_SECONDS)
    if reply.code != 220:
        raise _refused(reply)
    wire.hello(HELLO_NAME)


def _start_tls(wire: SmtpWire, server: ServerAddress) -> None:
    """STARTTLS (RFC 3207) or nothing. What the server said in the clear is forgotten."""
    if "STARTTLS" not in wire.extensions or wire.command(b"STARTTLS").code != 220:
        raise ProviderError("tls_required", Reaction.SETTINGS)
    try:
        encrypted = encrypt(wire.stream.connection, host=server.host, pinned=server.pinned)
    except ConnectError as error:
        raise connect_failed(error) from error
    wire.stream.encrypted(encrypted)
    wire.hello(HELLO_NAME)


def _sign_in(wire: SmtpWire, server: ServerAddress) -> None:
    """AUTH (RFC 4954). A server without AUTH is used without: it trusts our network."""
    mechanisms = wire.mechanisms()
    if not mechanisms or not server.user_name:
        return
    name, secret = server.user_name.encode(), server.secret.encode()
    if "PLAIN" in mechanisms:
        response = base64.b64encode(b"\0" + name + b"\0" + secret)
        reply = wire.command(b"AUTH PLAIN " + response)
    elif "LOGIN" in mechanisms:
        reply = wire.command(b"AUTH LOGIN")
        for word in (name, secret):
            if reply.code == 334:
                reply = wire.command(base64.b64encode(word))
    else:
        raise ProviderError("sign_in_not_offered", Reaction.SIGN_IN)
    if reply.code != 235:
        raise _sign_in_refused(reply)


def _sign_in_refused(reply: Reply) -> ProviderError:
    if reply.is_temporary:
        return _refused(reply)
    # RFC 4954 6: 534 and 5.7.9 want another mechanism, which in practice is an app password.
    wants_app_password = reply.enhanced == "5.7.9" or _APP_PASSWORD.search(reply.text)
    code = "app_password_needed" if wants_app_password else "sign_in_refused"
    return ProviderError(code, Reaction.SIGN_IN, server_text=reply.text)


def _refused(reply: Reply) -> ProviderError:
    """A reply that ends the attempt: temporary ones are worth another, permanent ones are not."""
    if reply.is_temporary:
        throttled = bool(_TOO_MANY.search(reply.text))
        return ProviderError(
            "throttled" if throttled else "server_unavailable",
            Reaction.THROTTLED if throttled else Reaction.LATER,
            server_text=reply.text,
        )
    if reply.enhanced in _SENDING_LIMIT:
        return ProviderError(
            "sending_limit",
            Reaction.THROTTLED,
            retry_after=_LIMIT_PAUSE,
            server_text=reply.text,
        )
    if reply.code == 530:
        return ProviderError("sign_in_refused", Reaction.SIGN_IN, server_text=reply.text)
    if reply.code == 552 or reply.enhanced == "5.3.4":
        return ProviderError("message_too_big", Reaction.REFUSED, server_text=reply.text)
    return ProviderError("message_refused", Reaction.REFUSED, server_text=reply.text)
