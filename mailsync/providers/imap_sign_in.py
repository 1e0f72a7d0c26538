"""From a host name to a signed-in IMAP connection. No password before TLS is certain."""

import base64
import re

from common.net import ConnectError, NetworkPolicy, encrypt, safe_connect
from mailsync.enums import Security
from mailsync.providers.base import ProviderError, Reaction, ServerAddress
from mailsync.providers.imap_wire import ImapWire, Tagged, astring, check
from mailsync.providers.stream import BIG_BUFFER, Stream

CONNECT_SECONDS = 30.0
# RFC 2971; NetEase refuses SELECT ("Unsafe Login") to clients that do not say who they are.
CLIENT_ID = b'("name" "Dealpost" "vendor" "Dealpost" "version" "1")'
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TRY_LATER = frozenset({"unknown_host", "not_reached"})


def connect(server: ServerAddress, *, buffer_size: int = BIG_BUFFER) -> ImapWire:
    """A connection that is encrypted and checked, or ProviderError; nothing secret sent yet."""
    wire = ImapWire(reach(server, buffer_size=buffer_size))
    try:
        _greet(wire)
        if server.security == Security.STARTTLS:
            _start_tls(wire, server)
    except BaseException:
        wire.stream.close()
        raise
    return wire


def reach(server: ServerAddress, *, buffer_size: int = BIG_BUFFER) -> Stream:
    """A byte stream to the server, over TLS where the settings say TLS from the first byte."""
    security = Security(server.security)
    policy = NetworkPolicy.from_settings()
    try:
        connection = safe_connect(server.host, server.port, timeout=CONNECT_SECONDS, policy=policy)
        if security is Security.TLS:
            connection = encrypt(connection, host=server.host, pinned=server.pinned)
    except ConnectError as error:
        raise connect_failed(error) from error
    if security is Security.PLAIN and not policy.trusts_line_to(connection):
        connection.close()
        raise ProviderError("tls_required", Reaction.SETTINGS)
    return Stream(connection, buffer_size=buffer_size)


def connect_failed(error: ConnectError) -> ProviderError:
    reaction = Reaction.LATER if error.code in _TRY_LATER else Reaction.SETTINGS
    return ProviderError(error.code, reaction)


def _greet(wire: ImapWire) -> None:
    greeting = wire.next_line(CONNECT_SECONDS)[0].upper()
    if greeting.startswith(b"* PREAUTH"):
        # A session that somebody else signed in: STARTTLS is forbidden in it, and whose mail
        # it shows is unknown.
        raise ProviderError("tls_required", Reaction.SETTINGS)
    if greeting.startswith(b"* BYE"):
        raise ProviderError("server_unavailable", Reaction.LATER)
    if not greeting.startswith(b"* OK"):
        raise ProviderError("not_a_mail_server", Reaction.SETTINGS)


def _start_tls(wire: ImapWire, server: ServerAddress) -> None:
    """STARTTLS (RFC 9051 6.2.1) or nothing: a server without it gets no password."""
    _rows, tagged = wire.run(b"STARTTLS")
    if tagged.status != b"OK":
        raise ProviderError("tls_required", Reaction.SETTINGS)
    try:
        encrypted = encrypt(wire.stream.connection, host=server.host, pinned=server.pinned)
    except ConnectError as error:
        raise connect_failed(error) from error
    wire.stream.encrypted(encrypted)
    # What was said in the clear may have been said by anybody.
    wire.capabilities = frozenset()


def sign_in(wire: ImapWire, server: ServerAddress) -> None:
    """Authenticates; afterwards the capabilities are those of the signed-in state."""
    if _CONTROL.search(server.user_name + server.secret):
        raise ProviderError("sign_in_refused", Reaction.SIGN_IN)
    if not wire.capabilities:
        wire.done(b"CAPABILITY")
    told = wire.capabilities_told
    check(_authenticate(wire, server), code="sign_in_refused", reaction=Reaction.SIGN_IN)
    if wire.capabilities_told == told:
        wire.done(b"CAPABILITY")
    if "ID" in wire.capabilities:
        wire.run(b"ID", CLIENT_ID)


def _authenticate(wire: ImapWire, server: ServerAddress) -> Tagged:
    name, secret = server.user_name.encode(), server.secret.encode()
    if "AUTH=PLAIN" in wire.capabilities:
        response = base64.b64encode(b"\0" + name + b"\0" + secret)
        return _sasl(wire, b"PLAIN", [response], at_once="SASL-IR" in wire.capabilities)
    if "LOGINDISABLED" not in wire.capabilities:
        _rows, tagged = wire.run(b"LOGIN", astring(server.user_name), astring(server.secret))
        return tagged
    if "AUTH=LOGIN" in wire.capabilities:
        responses = [base64.b64encode(name), base64.b64encode(secret)]
        return _sasl(wire, b"LOGIN", responses, at_once=False)
    # RFC 9051 6.2.3: with LOGINDISABLED a password must not be sent.
    raise ProviderError("tls_required", Reaction.SETTINGS)


def _sasl(wire: ImapWire, mechanism: bytes, responses: list[bytes], *, at_once: bool) -> Tagged:
    """AUTHENTICATE (RFC 9051 6.2.2), with the first response in the command where RFC 4959
    allows it."""
    if at_once:
        _rows, tagged = wire.run(b"AUTHENTICATE", mechanism, responses[0])
        return tagged
    tag = wire.send(b"AUTHENTICATE", mechanism)
    answers = wire.answers(tag)
    left = list(responses)
    while True:
        try:
            pieces = next(answers)
        except StopIteration as stop:
            end: Tagged = stop.value
            return end
        if pieces[0].startswith(b"+"):
            if not left:
                # RFC 9051 6.2.2: a lone * cancels; some servers tell the reason this way.
                wire.send_line(b"*")
                continue
            wire.send_line(left.pop(0))


def start_compression(wire: ImapWire) -> None:
    """RFC 4978; a server that says no is used without."""
    _rows, tagged = wire.run(b"COMPRESS", b"DEFLATE")
    if tagged.status == b"OK":
        wire.stream.compress()
