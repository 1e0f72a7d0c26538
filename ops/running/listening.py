"""The web port. The supervisor holds it, so that browsers wait instead of being refused while the
web process is started again."""

import errno
import socket

from ops.errors import StartError

BACKLOG = 2048


def split_address(address: str) -> tuple[str, int]:
    """`127.0.0.1:8000`, `[::1]:8000` or `:8000` for all interfaces."""
    host, separator, port = address.rpartition(":")
    if not separator or not port.isdigit():
        msg = f"DEALPOST_LISTEN should look like 127.0.0.1:8000, not {address!r}."
        raise StartError(msg)
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 -- asked for in words


def listen(address: str) -> socket.socket:
    host, port = split_address(address)
    try:
        family, _, _, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror:
        raise StartError(f"The host in DEALPOST_LISTEN is not known: {host}.") from None
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(place)
    except OSError as error:
        listener.close()
        raise StartError(_refusal(error, host=host, port=port)) from None
    listener.listen(BACKLOG)
    return listener


def _refusal(error: OSError, *, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} is taken by another program. "
            f"Choose one: DEALPOST_LISTEN={host}:{port + 1} bin/up"
        )
    if error.errno == errno.EACCES:
        return f"Port {port} may not be opened by this user. Choose one above 1023."
    return f"{host}:{port} cannot be listened on: {error.strerror}."


def free_port() -> int:
    """A loopback port that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
