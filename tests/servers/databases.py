"""A PostgreSQL cluster and a Redis of our own, on free ports of loopback, thrown away afterwards."""

import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.servers.dovecot import free_port

# The same cluster that bin/test runs the unit tests on.
sys.path.append(str(Path(__file__).resolve().parents[2] / "bin"))
from _checks import private_postgresql

__all__ = ["private_postgresql", "private_redis"]


@contextlib.contextmanager
def private_redis() -> Iterator[str]:
    """Its address."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="dealpost-redis-") as folder:
        words = ["--bind", "127.0.0.1", "--save", "", "--maxmemory-policy", "noeviction"]
        process = subprocess.Popen(
            ["redis-server", "--port", str(port), "--dir", folder, *words],
            stdout=subprocess.DEVNULL,
        )
        try:
            _wait_for(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(port: int) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return
