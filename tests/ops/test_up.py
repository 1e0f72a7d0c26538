"""`bin/up` as people use it: the whole product under its supervisor, killed piece by piece."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.ops.test_supervisor import is_alive, wait_for

pytestmark = pytest.mark.servers
ROOT = Path(__file__).resolve().parents[2]
WARM_START_SECONDS = 5.0
SERVERS = {"DATABASE_URL", "REDIS_URL", "BROKER_URL"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Product:
    def __init__(self, folder):
        self.data = folder / "data"
        self.port = free_port()
        self.log = folder / "log"
        self.process = None
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in SERVERS},
            "DEALPOST_DATA": str(self.data),
            "DEALPOST_LISTEN": f"127.0.0.1:{self.port}",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        self.environment.pop("DEALPOST_SECRET_KEY", None)

    def start(self, *arguments):
        began = time.monotonic()
        self.launch(*arguments)
        wait_for(self.answers, seconds=240, told=self.log.read_text)
        return time.monotonic() - began

    def launch(self, *arguments):
        """As `start`, without waiting for its first page."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "bin/up"), *arguments],
                cwd="/", env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def answers(self):
        assert self.process.poll() is None, self.log.read_text()
        return self.asks("/healthz/") == 200

    def asks(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def once(self, **environment):
        """A start that is expected to be refused."""
        return subprocess.run(
            [sys.executable, str(ROOT / "bin/up")],
            cwd="/", env={**self.environment, **environment}, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip

    def processes(self):
        return json.loads((self.data / "processes.json").read_text())

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(timeout=40)


@pytest.fixture
def product(tmp_path):
    product = Product(tmp_path)
    yield product
    if product.process and product.process.poll() is None:
        product.stop()


def test_up_starts_survives_kills_and_starts_again_quickly(product):
    first = product.start()
    processes = product.processes()
    assert {"web", "worker", "sync", "beat"} <= set(processes)
    for name, before in processes.items():
        os.kill(before["pid"], signal.SIGKILL)
        after = wait_for(
            lambda name=name, before=before: (
                product.processes()[name]["pid"] not in (None, before["pid"])
                and product.processes()[name]
            ),
            told=product.log.read_text,
        )
        assert after["restarts"] == 1
    # The port stays open while the web process is away: this request waits and is answered.
    assert product.asks("/healthz/") == 200

    refused = product.once()
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert f"Dealpost already runs on {product.data}" in refused.stderr

    pids = [process["pid"] for process in product.processes().values()]
    assert product.stop(signal.SIGINT) == 0
    assert not any(is_alive(pid) for pid in pids)

    warm = product.start()
    print(f"first start {first:.1f} s, warm start {warm:.1f} s")
    assert warm < max(WARM_START_SECONDS, first)


def test_a_taken_port_is_said_in_one_line(product):
    with socket.create_server(("127.0.0.1", product.port)):
        refused = product.once()
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        (
            f"dealpost: Port {product.port} is taken by another program. "
            f"Choose one: DEALPOST_LISTEN=127.0.0.1:{product.port + 1} bin/up"
        )
    ]


def test_a_folder_that_cannot_be_made_is_said_in_one_line(product, tmp_path):
    (tmp_path / "file").write_text("")
    refused = product.once(DEALPOST_DATA=str(tmp_path / "file" / "data"))
    assert refused.returncode == 1
    assert "cannot be written to" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_no_process_outlives_a_killed_supervisor(product):
    product.start()
    pids = [process["pid"] for process in product.processes().values()]
    assert len(pids) > 3
    assert all(map(is_alive, pids))
    product.process.kill()
    product.process.wait()
    wait_for(lambda: not any(is_alive(pid) for pid in pids), seconds=30)
