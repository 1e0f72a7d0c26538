"""The embedded broker under real workers that are killed."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from ops.broker.store import Store

pytestmark = pytest.mark.servers
WORKER = [
    sys.executable, "-m", "celery", "-q", "-A", "tests.ops.broker_app", "worker", "-P", "threads",
    "-c", "4", "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING",
]  # fmt: skip


class Bench:
    def __init__(self, folder):
        self.folder = folder
        self.environment = {**os.environ, "BROKER_TEST_FOLDER": str(folder)}
        self.workers = []

    def queue(self, *calls):
        code = f"from tests.ops.broker_app import work\nfor c in {calls!r}: work.delay(*c)"
        subprocess.run([sys.executable, "-c", code], env=self.environment, check=True)

    def start(self):
        worker = subprocess.Popen(WORKER, env=self.environment, stderr=subprocess.DEVNULL)
        self.workers.append(worker)
        return worker

    def log(self):
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []

    def wait_for(self, condition, seconds=20):
        end = time.monotonic() + seconds
        while not condition(self.log()):
            assert time.monotonic() < end, self.log()
            time.sleep(0.05)

    def waiting(self):
        store = Store(self.folder / "broker.sqlite3")
        try:
            return sum(store.sizes().values())
        finally:
            store.close()

    def stop(self):
        for worker in self.workers:
            worker.send_signal(signal.SIGTERM)
        for worker in self.workers:
            worker.wait(timeout=20)


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.stop()


def test_a_task_of_a_killed_worker_runs_again(bench):
    bench.queue((1, 2.0))
    worker = bench.start()
    bench.wait_for(lambda log: "begun 1" in log)
    worker.kill()
    bench.start()
    bench.wait_for(lambda log: "done 1" in log)
    assert bench.log() == ["begun 1", "begun 1", "done 1"]


def test_two_workers_run_each_task_once_even_beyond_its_lease(bench):
    bench.queue((0, 4.0), *((number, 0.01) for number in range(1, 60)))
    bench.start()
    bench.start()
    bench.wait_for(lambda log: len([line for line in log if line.startswith("done")]) == 60)
    assert set(Counter(bench.log()).values()) == {1}
    assert bench.waiting() == 0


def test_an_orderly_stop_finishes_what_runs_and_gives_back_the_rest(bench):
    bench.queue(*((number, 0.6) for number in range(12)))
    worker = bench.start()
    bench.wait_for(lambda log: len(log) >= 4)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=20) == 0
    log = bench.log()
    begun = sorted(line.split()[1] for line in log if line.startswith("begun"))
    done = sorted(line.split()[1] for line in log if line.startswith("done"))
    assert begun == done
    assert bench.waiting() == 12 - len(done)
