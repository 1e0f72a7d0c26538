import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.servers

GOOD = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("bye", flush=True), sys.exit(0)))
print("hello", flush=True)
while True:
    time.sleep(0.05)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("hello", flush=True)
while True:
    time.sleep(0.05)
"""
BROKEN = "print('no'); raise SystemExit(3)"


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 -- a kernel file
        return stat.read().rsplit(")", 1)[1].split()[0] != "Z"


def wait_for(condition, seconds=15, told=lambda: ""):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, told()
        time.sleep(0.05)
    return value


class Bench:
    def __init__(self, folder):
        self.folder = folder
        self.process = None

    def start(self, **scripts):
        programs = []
        for stage, (name, content) in enumerate(scripts.items()):
            script = self.folder / f"{name}.py"
            script.write_text(content)
            quick = 3 if content is BROKEN else None
            programs.append(
                {
                    "name": name, "command": [str(script)], "stage": stage,
                    "grace": 1.0, "most_quick_deaths": quick,
                }
            )  # fmt: skip
        (self.folder / "programs.json").write_text(json.dumps(programs))
        self.output = (self.folder / "output").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.ops.supervised", str(self.folder)],
            stdout=self.output,
            stderr=subprocess.STDOUT,
        )

    def lines(self):
        text = (self.folder / "output").read_text()
        return [re.sub(r"^\d\d:\d\d:\d\d (\w+) +\|", r"\1:", line) for line in text.splitlines()]

    def wait_for_lines(self, *wanted, times=1):
        wait_for(lambda: all(self.lines().count(line) >= times for line in wanted), told=self.lines)

    def pids(self):
        content = json.loads((self.folder / "processes.json").read_text())
        return {name: child["pid"] for name, child in content.items()}

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process:
            self.output.close()


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.stop()


def test_children_run_and_their_lines_bear_their_names(bench):
    bench.start(one=GOOD, two=GOOD)
    bench.wait_for_lines("one: hello", "two: hello")


def test_a_killed_child_comes_back(bench):
    bench.start(one=GOOD, two=GOOD)
    bench.wait_for_lines("one: hello", "two: hello")
    before = bench.pids()
    os.kill(before["one"], signal.SIGKILL)
    bench.wait_for_lines("one: hello", times=2)
    after = bench.pids()
    assert after["one"] != before["one"]
    assert after["two"] == before["two"]
    assert "up: one ended (signal SIGKILL), again in 0.5 s" in bench.lines()


def test_a_child_that_keeps_ending_waits_twice_as_long_each_time(bench):
    bench.start(good=GOOD, bad="raise SystemExit(3)")
    bench.wait_for_lines("up: bad ended (exit code 3), again in 2 s")
    told = [line for line in bench.lines() if line.startswith("up: bad")]
    assert [line.rsplit(" ", 2)[1] for line in told] == ["0.5", "1", "2"]


def test_a_vital_child_that_keeps_ending_ends_the_whole(bench):
    bench.start(web=BROKEN, other=GOOD)
    assert bench.process.wait(timeout=15) == 1
    assert "up: web ended 3 times in a row: giving up" in bench.lines()
    assert "other: bye" in bench.lines()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all_in_order(bench, number):
    bench.start(one=GOOD, two=GOOD, three=GOOD)
    bench.wait_for_lines("one: hello", "two: hello", "three: hello")
    pids = bench.pids()
    bench.process.send_signal(number)
    assert bench.process.wait(timeout=10) == 0
    assert [line for line in bench.lines() if "bye" in line] == [
        "one: bye",
        "two: bye",
        "three: bye",
    ]
    assert not any(is_alive(pid) for pid in pids.values())
    assert not (bench.folder / "processes.json").exists()


def test_a_child_that_does_not_end_in_time_is_killed(bench):
    bench.start(one=STUBBORN)
    bench.wait_for_lines("one: hello")
    bench.process.terminate()
    assert bench.process.wait(timeout=10) == 0
    assert "up: one did not end in time and was killed" in bench.lines()


def test_the_second_signal_kills_at_once(bench):
    bench.start(**dict.fromkeys(["one", "two", "three"], STUBBORN))
    bench.wait_for_lines("one: hello", "two: hello", "three: hello")
    began = time.monotonic()
    bench.process.terminate()
    bench.wait_for_lines("up: stopping")
    bench.process.terminate()
    assert bench.process.wait(timeout=10) == 0
    assert time.monotonic() - began < 1.0


def test_no_child_outlives_a_killed_supervisor(bench):
    bench.start(one=GOOD, two=STUBBORN)
    bench.wait_for_lines("one: hello", "two: hello")
    pids = bench.pids()
    bench.process.kill()
    bench.process.wait()
    wait_for(lambda: not any(is_alive(pid) for pid in pids.values()))
