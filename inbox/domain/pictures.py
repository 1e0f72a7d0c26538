"""Pictures from the web in a mail: asked for by its reader, fetched by us, never by the browser.

The sender learns that some reader of this installation wanted to see pictures, not who, where
or with what. An address of ours for a picture is signed for one reader and one message and lives
shortly, so that nobody can use this server to fetch other things.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from django.core import signing

from common.addresses import normalise_address
from common.net import ConnectError, NetworkPolicy, encrypt, safe_connect
from inbox.models import TrustedSender
from mailsync.mime import pictures
from mailsync.models import Email

CONSENT_SALT = "inbox.pictures.consent"
ADDRESS_SALT = "inbox.pictures.address"
LIFETIME = 3600
LONGEST_ADDRESS = 2000
SECONDS = 10.0
REDIRECTS = 3
PORTS = {"http": 80, "https": 443}
USER_AGENT = "Dealpost picture proxy"
# At once in one process: one newsletter must not take every thread that answers pages.
AT_ONCE = threading.BoundedSemaphore(6)


class FetchError(Exception):
    """The picture could not be had. Why is not told: it would say what answers where."""


# --- What the reader allowed ------------------------------------------------------------------


def consent(email: Email, *, by: Any) -> str:
    """What a page carries after its reader asked for this message's pictures."""
    return signing.dumps([by.pk, email.pk], salt=CONSENT_SALT)


def is_wanted(email: Email, *, by: Any, given: str = "") -> bool:
    """Whether this reader asked for the pictures: of this message, or of its sender for good."""
    if is_trusted(email, by=by):
        return True
    try:
        asked = signing.loads(given, salt=CONSENT_SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return False
    return bool(asked == [by.pk, email.pk])


def is_trusted(email: Email, *, by: Any) -> bool:
    return TrustedSender.objects.filter(user=by, address=_sender(email)).exists()


def trust_sender(email: Email, *, by: Any) -> None:
    """Pictures of this sender are loaded for this reader from now on."""
    if _sender(email):
        TrustedSender.objects.get_or_create(user=by, address=_sender(email))


def distrust_sender(email: Email, *, by: Any) -> None:
    TrustedSender.objects.filter(user=by, address=_sender(email)).delete()


def _sender(email: Email) -> str:
    return normalise_address(email.from_address)


# --- Addresses of ours ------------------------------------------------------------------------


def sealed(address: str, *, email: Email, by: Any) -> str | None:
    """The web address as a token for this reader and message; None for one that is too long."""
    if len(address) > LONGEST_ADDRESS:
        return None
    return signing.dumps(address, salt=_salt(email.pk, by), compress=True)


def unsealed(token: str, *, email_id: int, by: Any) -> str | None:
    """The web address behind a token; None when it is not one of ours for this reader."""
    try:
        return str(signing.loads(token, salt=_salt(email_id, by), max_age=LIFETIME))
    except signing.BadSignature:
        return None


def _salt(email_id: int, by: Any) -> str:
    return f"{ADDRESS_SALT}.{by.pk}.{email_id}"


# --- Fetching ---------------------------------------------------------------------------------


def policy() -> NetworkPolicy:
    """Public addresses alone. The networks that the operator opened for mail servers stay shut:
    here a stranger's mail says where to."""
    return NetworkPolicy(ports=frozenset(PORTS.values()))


def fetch(address: str) -> pictures.Picture:
    """The picture behind a web address, written anew. Raises FetchError or PictureError."""
    deadline = time.monotonic() + SECONDS
    if not AT_ONCE.acquire(timeout=SECONDS):
        raise FetchError
    try:
        data = _download(address, deadline=deadline)
    except (ConnectError, OSError, HTTPException, ValueError) as error:
        raise FetchError from error
    finally:
        AT_ONCE.release()
    return pictures.rewritten(data)


def _download(address: str, *, deadline: float) -> bytes:
    for _hop in range(REDIRECTS + 1):
        target = urlsplit(address)
        with _answer_of(target, deadline=deadline) as answer:
            if answer.status == 200:
                return _whole(answer, deadline=deadline)
            place = answer.getheader("Location")
            if answer.status not in (301, 302, 303, 307, 308) or not place:
                raise FetchError
            address = urljoin(address, place)
    raise FetchError


@contextlib.contextmanager
def _answer_of(target: SplitResult, *, deadline: float) -> Iterator[HTTPResponse]:
    """The answer to one GET that says nothing of the reader. Whatever drips is cut off at the
    deadline: time-outs of sockets begin anew with every byte."""
    left = deadline - time.monotonic()
    if target.scheme not in PORTS or not target.hostname or left <= 0:
        raise FetchError
    port = target.port or PORTS[target.scheme]
    connection = safe_connect(target.hostname, port, timeout=left, policy=policy())
    # A second handle on the same connection: the first one passes into the TLS object.
    with contextlib.closing(connection.dup()) as handle:
        guard = threading.Timer(max(0.0, deadline - time.monotonic()), _cut, [handle])
        guard.start()
        client = HTTPConnection(target.hostname, port)
        client.default_port = PORTS[target.scheme]  # which the Host field leaves out
        try:
            if target.scheme == "https":
                connection = encrypt(connection, host=target.hostname)
            client.sock = connection
            client.request("GET", _path(target), headers=_headers())
            yield client.getresponse()
        finally:
            guard.cancel()
            guard.join()
            client.close()
            connection.close()


def _cut(handle: socket.socket) -> None:
    with contextlib.suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)


def _path(target: SplitResult) -> str:
    # A mail may write what a request line cannot hold.
    path = target.path or "/"
    text = f"{path}?{target.query}" if target.query else path
    return quote(text, safe="%/:=&?~#+!$,;'@()*[]")


def _headers() -> dict[str, str]:
    return {
        "User-Agent": USER_AGENT,
        "Accept": "image/png, image/jpeg, image/gif, image/webp",
        "Connection": "close",
    }


def _whole(answer: HTTPResponse, *, deadline: float) -> bytes:
    data = answer.read(pictures.LARGEST_BYTES + 1)
    if len(data) > pictures.LARGEST_BYTES:
        raise pictures.TooLargeError
    if time.monotonic() > deadline:  # cut off, which looks like its end
        raise FetchError
    return data
