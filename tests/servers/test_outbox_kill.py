"""kill -9 at every step of sending, against a real SMTP dialogue: never two copies of a mail."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
STEPS = ("connect", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "dot", "answered", "QUIT")
# Where the server has the whole mail, nobody may send it again by himself.
AFTER_THE_DOT = ("dot", "answered", "QUIT")

pytestmark = pytest.mark.servers


class StallingServer:
    """A submission server that stops at one step and waits to be let go on; keeps every mail."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.stall_at = ""
        self.reached = threading.Event()
        self.mails: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _step(self, name: str) -> None:
        if name == self.stall_at:
            self.reached.set()
            threading.Event().wait(5)

    def _talk(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rwb") as stream:
                self._dialogue(stream)
        except OSError:
            return  # the other side was killed

    def _dialogue(self, stream: Any) -> None:
        def say(text: bytes) -> None:
            stream.write(text + b"\r\n")
            stream.flush()

        self._step("connect")
        say(b"220 mx.example ESMTP")
        for line in stream:
            verb = line[:4].upper().decode()
            self._step(verb)
            if verb == "EHLO":
                say(b"250-mx.example\r\n250 AUTH PLAIN")
            elif verb == "AUTH":
                say(b"235 2.7.0 fine")
            elif verb == "DATA":
                say(b"354 go on")
                self.mails.append(b"".join(iter(stream.readline, b".\r\n")))
                self._step("dot")
                say(b"250 2.0.0 queued")
                self._step("answered")
            elif verb == "QUIT":
                say(b"221 bye")
                return
            else:
                say(b"250 2.1.0 fine")


@pytest.fixture
def server() -> Iterator[StallingServer]:
    found = StallingServer()
    yield found
    found.socket.close()


def start(folder: Path, *command: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "DEALPOST_DATA": str(folder), "PYTHONUNBUFFERED": "1"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.servers.outbox_process", *command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def run(folder: Path, *command: str) -> str:
    process = start(folder, *command)
    output, _errors = process.communicate(timeout=400)
    assert process.returncode == 0, command
    return output


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with an account, whose port is set for each test."""
    folder = tmp_path_factory.mktemp("outbox")
    run(folder, "prepare", "1")
    return folder


def installation(prepared: Path, target: Path, port: int) -> Path:
    import shutil
    import sqlite3

    shutil.copytree(prepared, target)
    with sqlite3.connect(next(target.glob("*.sqlite3"))) as database:
        database.execute("UPDATE mailsync_serversettings SET port = ?", [port])
    database.close()
    return target


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step(
    prepared: Path, tmp_path: Path, server: StallingServer, step: str
) -> None:
    folder = installation(prepared, tmp_path / "data", server.port)
    server.stall_at = step
    process = start(folder, "send")
    assert server.reached.wait(200), step
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    server.stall_at = ""
    # Two further workers come up, one after the other.
    run(folder, "send")
    run(folder, "send")
    assert len(server.mails) == 1
    found = json.loads(run(folder, "report"))
    if step in AFTER_THE_DOT:
        # The server has it; here that is known, or it is said that it is not.
        assert found["state"] in ("unknown", "sent")
    else:
        assert found["state"] == "sent"
