"""Fixtures for tests that need real servers, and the network policy that lets them be reached."""

import socket
from collections.abc import Callable, Iterator

import pytest

from tests.servers import dovecot as dovecot_server
from tests.servers import postfix as postfix_server
from tests.servers.dovecot import Dovecot
from tests.servers.postfix import Postfix


@pytest.fixture
def loopback_allowed(settings: object) -> None:
    """Connections to servers on this machine, on whatever port they got."""
    settings.ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8", "::1/128"]  # type: ignore[attr-defined]
    settings.MAIL_PORTS = range(1, 65536)  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def dovecots() -> Iterator[Callable[[str], Dovecot]]:
    """Gives a running Dovecot by its capabilities ("" for all it has); one of each a session."""
    if not dovecot_server.is_installed():
        pytest.skip("Dovecot is not installed")
    running: dict[str, Dovecot] = {}

    def server(capability: str = "") -> Dovecot:
        if capability not in running:
            running[capability] = Dovecot(capability=capability).__enter__()
        return running[capability]

    yield server
    for one in running.values():
        one.__exit__(None, None, None)


@pytest.fixture
def dovecot(
    dovecots: Callable[..., Dovecot],
    loopback_allowed: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Dovecot:
    """A Dovecot with all its capabilities, trusted and reachable."""
    server = dovecots("")
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authority.ca))
    return server


@pytest.fixture(scope="session")
def _postfix(dovecots: Callable[..., Dovecot]) -> Iterator[Postfix]:
    if not postfix_server.is_usable():
        pytest.skip("Postfix is not installed, or we are not root")
    with Postfix(dovecots("")) as server:
        yield server


@pytest.fixture
def postfix(_postfix: Postfix, dovecot: Dovecot) -> Postfix:
    """A Postfix that delivers into `dovecot`."""
    return _postfix


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
