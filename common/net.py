"""The one way out: every connection to a host that a user, a mail or a DNS answer named.

A name is resolved once, each *socket address* is judged, and the connection goes to a judged
address: what the text looked like does not matter (`0177.0.0.1`, `127.1`, `①②⑦.0.0.1` all
resolve to loopback), nor does a second DNS answer. The host name is kept for SNI and the
certificate. TLS contexts come from here and from nowhere else.
"""

import errno
import hashlib
import hmac
import ipaddress
import os
import re
import selectors
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.conf import settings

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
# One row of getaddrinfo: family and the address as connect() takes it.
Candidate = tuple[int, Any]
Resolver = Callable[[str, int], list[Candidate]]

# Addresses that Python calls global although they lead into the machine or its network, or
# carry another address inside (RFC 6052, 3056, 8215, 9602, 3879).
NEVER_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "::/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
        "5f00::/16",
        "fec0::/10",
    )
)
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
NAT64 = ipaddress.ip_network("64:ff9b::/96")
V4_COMPATIBLE = ipaddress.ip_network("::/96")

NEXT_ATTEMPT_AFTER = 0.25  # RFC 8305 section 5
_NOT_IN_HOST = re.compile(r"[\x00-\x20\x7f-\xa0/@\\?#%\u2028\u2029]")


class ConnectError(Exception):
    """A connection that was refused by us or failed. `code` is a key of mailsync.errors."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """Where connections may go."""

    ports: frozenset[int]
    private_networks: tuple[IPNetwork, ...] = ()
    # The demo's mail server listens on loopback, on ports that an ordinary user may open.
    demo: bool = field(default=False)

    @classmethod
    def from_settings(cls) -> "NetworkPolicy":
        return cls(
            ports=frozenset(settings.MAIL_PORTS),
            private_networks=tuple(
                ipaddress.ip_network(text, strict=False)
                for text in settings.ALLOWED_PRIVATE_NETWORKS
            ),
            demo=settings.DEMO,
        )

    def allows_address(self, address: IPAddress) -> bool:
        """True when the address, and each address inside it, is public or listed."""
        return all(self._allows_layer(layer) for layer in _layers(address))

    def trusts_line_to(self, connection: socket.socket) -> bool:
        """True when what goes through this connection stays on a network that the operator
        listed: only there may a password go unencrypted."""
        address = _address_of((connection.family, connection.getpeername()))
        return all(
            _within(layer, self.private_networks) or (self.demo and _within(layer, LOOPBACK))
            for layer in _layers(address)
        )

    def allows_port(self, port: int, address: IPAddress) -> bool:
        return port in self.ports or (self.demo and _within(address, LOOPBACK))

    def _allows_layer(self, address: IPAddress) -> bool:
        if _within(address, self.private_networks):
            return True
        if self.demo and _within(address, LOOPBACK):
            return True
        return (
            address.is_global
            and not address.is_multicast
            and not address.is_reserved
            and not _within(address, NEVER_PUBLIC)
        )


def _within(address: IPAddress, networks: Iterable[IPNetwork]) -> bool:
    return any(address.version == net.version and address in net for net in networks)


def _layers(address: IPAddress) -> list[IPAddress]:
    """The address and the IPv4 addresses it carries. A v4-mapped address is only a spelling of
    the IPv4 one; of the tunnels both ends count."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    layers: list[IPAddress] = [address]
    if address.sixtofour:
        layers.append(address.sixtofour)
    if address.teredo:
        layers.extend(address.teredo)
    if address in NAT64 or (address in V4_COMPATIBLE and int(address) > 1):
        layers.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return layers


def resolve(host: str, port: int) -> list[Candidate]:
    """The socket addresses of a name, as the system gives them."""
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:
        raise ConnectError("unknown_host") from error
    return list(dict.fromkeys((row[0], row[4]) for row in rows))


def judged_addresses(
    host: str, port: int, *, policy: NetworkPolicy, resolver: Resolver = resolve
) -> list[Candidate]:
    """The addresses behind the name that may be connected to. Raises ConnectError."""
    if not host or len(host) > 253 or _NOT_IN_HOST.search(host):
        raise ConnectError("unknown_host")
    if port not in policy.ports and not policy.demo:
        raise ConnectError("port_not_allowed")
    candidates = [(row, _address_of(row)) for row in resolver(host, port)]
    if not candidates:
        raise ConnectError("unknown_host")
    allowed = [(row, address) for row, address in candidates if policy.allows_address(address)]
    if not allowed:
        raise ConnectError("private_network")
    rows = [row for row, address in allowed if policy.allows_port(port, address)]
    if not rows:
        raise ConnectError("port_not_allowed")
    return rows


def _address_of(row: Candidate) -> IPAddress:
    return ipaddress.ip_address(str(row[1][0]).partition("%")[0])


def safe_connect(
    host: str,
    port: int,
    *,
    timeout: float = 30.0,
    policy: NetworkPolicy | None = None,
    resolver: Resolver = resolve,
) -> socket.socket:
    """A connected TCP socket with this time-out set. Raises ConnectError with the code
    unknown_host, private_network, port_not_allowed or not_reached."""
    policy = policy or NetworkPolicy.from_settings()
    candidates = judged_addresses(host, port, policy=policy, resolver=resolver)
    connection = _first_to_answer(_alternate_families(candidates), timeout=timeout)
    connection.settimeout(timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return connection


def _alternate_families(candidates: list[Candidate]) -> deque[Candidate]:
    """RFC 8305 section 4: the first family first, then turn about."""
    first_family = candidates[0][0]
    first = deque(row for row in candidates if row[0] == first_family)
    other = deque(row for row in candidates if row[0] != first_family)
    ordered: deque[Candidate] = deque()
    while first or other:
        for queue in (first, other):
            if queue:
                ordered.append(queue.popleft())
    return ordered


def _first_to_answer(candidates: deque[Candidate], *, timeout: float) -> socket.socket:
    deadline = time.monotonic() + timeout
    next_attempt = 0.0
    with selectors.DefaultSelector() as selector:
        try:
            while True:
                now = time.monotonic()
                if candidates and (now >= next_attempt or not selector.get_map()):
                    _begin(candidates.popleft(), selector)
                    next_attempt = now + NEXT_ATTEMPT_AFTER
                    continue
                if now >= deadline or not (candidates or selector.get_map()):
                    raise ConnectError("not_reached")
                until = min(deadline, next_attempt) if candidates else deadline
                for key, _events in selector.select(max(0.0, until - now)):
                    connection: socket.socket = key.data
                    selector.unregister(connection)
                    if not connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                        return connection
                    connection.close()
                    next_attempt = 0.0
        finally:
            for key in list(selector.get_map().values()):
                selector.unregister(key.fileobj)
                key.data.close()


def _begin(candidate: Candidate, selector: selectors.BaseSelector) -> None:
    family, address = candidate
    try:
        connection = socket.socket(family, socket.SOCK_STREAM)
    except OSError:  # a family this machine does not have
        return
    connection.setblocking(False)
    if connection.connect_ex(address) in (0, errno.EINPROGRESS):
        selector.register(connection, selectors.EVENT_WRITE, connection)
    else:
        connection.close()


# --- TLS --------------------------------------------------------------------------------------


def tls_context(*, pinned: bool = False) -> ssl.SSLContext:
    """The context of every encrypted connection: TLS 1.2 or newer, the system's authorities,
    the host name checked. With `pinned` the caller compares the certificate itself."""
    # Reading the authorities takes 20 ms and a megabyte, so contexts are shared; for an hour,
    # so that a renewed bundle is seen.
    hour = int(time.monotonic() // 3600)
    bundle = os.environ.get("SSL_CERT_FILE", "")
    return _shared_context(pinned=pinned, _bundle=bundle, _hour=hour)


@lru_cache(maxsize=4)
def _shared_context(*, pinned: bool, _bundle: str, _hour: int) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if pinned:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def encrypt(connection: socket.socket, *, host: str, pinned: str = "") -> ssl.SSLSocket:
    """TLS on a connected socket. Nothing of ours goes through before the certificate is checked.

    `pinned`, a SHA-256 in hex, replaces the check against the authorities. On failure closes
    the socket and raises ConnectError with certificate_*, tls_failed, or not_reached when the other
    side falls silent or goes away in between, which says nothing about the settings.
    """
    try:
        encrypted = tls_context(pinned=bool(pinned)).wrap_socket(
            connection, server_hostname=host.rstrip(".")
        )
    except ssl.SSLCertVerificationError as error:
        connection.close()
        raise ConnectError(_certificate_code(error.verify_code)) from error
    except (TimeoutError, ConnectionError, ssl.SSLEOFError) as error:
        connection.close()
        raise ConnectError("not_reached") from error
    except (OSError, ValueError) as error:
        connection.close()
        raise ConnectError("tls_failed") from error
    if pinned and not hmac.compare_digest(fingerprint(encrypted), pinned.lower()):
        encrypted.close()
        raise ConnectError("certificate_changed")
    return encrypted


def fingerprint(connection: ssl.SSLSocket) -> str:
    """SHA-256 of the other side's certificate, in hex."""
    return hashlib.sha256(connection.getpeercert(binary_form=True) or b"").hexdigest()


def _certificate_code(verify_code: int) -> str:
    # X509_V_ERR_* of OpenSSL: not yet valid, expired; host name, address mismatch.
    if verify_code in (9, 10):
        return "certificate_expired"
    if verify_code in (62, 64):
        return "certificate_wrong_name"
    return "certificate_untrusted"
