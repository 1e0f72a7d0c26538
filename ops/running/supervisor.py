"""Keeps the product's processes running, in one terminal or under one service unit.

Rules: children have sessions of their own, so that Ctrl-C reaches only us and we choose the order
of stopping; a child that ends is started again after a pause that doubles until it has been well
for a while; the second signal kills; if we are killed, no child stays (see `child`). Children are
started from the main thread only: on Linux "the parent died" means the thread that forked.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import FrameType

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
HEALTHY_AFTER = 30.0
LOOK_EVERY = 0.1
NAME_WIDTH = 7
CHILD_ENVIRONMENT = {
    "PYTHONUNBUFFERED": "1",
    # Celery's block of words about root; containers run as root, and `up` says the rest.
    "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
}


@dataclass(frozen=True)
class Program:
    """What to run. `stage` orders the stopping: the lowest first, equals together."""

    name: str
    command: Sequence[str]
    stage: int
    grace: float
    # A vital program that dies this often without having been well ends the whole.
    most_quick_deaths: int | None = None
    inherited: tuple[int, ...] = ()


@dataclass
class Child:
    program: Program
    process: subprocess.Popen[str] | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    start_at: float | None = 0.0
    quick_deaths: int = 0
    restarts: int = 0
    readers: list[threading.Thread] = field(default_factory=list)


class Supervisor:
    def __init__(
        self,
        programs: Sequence[Program],
        *,
        folder: Path,
        status: Path,
        write: Callable[[str], object] = sys.stdout.write,
    ) -> None:
        self.children = [Child(program) for program in programs]
        self.folder = folder
        self.status = status
        self._write = write
        self._write_lock = threading.Lock()
        self._signals = 0
        self._exit_code = 0

    def run(self) -> int:
        """Until a signal comes or a vital program gives up; the exit code."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        try:
            while not self._signals:
                self._look()
                time.sleep(LOOK_EVERY)
        finally:
            self._stop_all()
            self.status.unlink(missing_ok=True)
        return self._exit_code

    def say(self, name: str, text: str) -> None:
        moment = datetime.now().astimezone().strftime("%H:%M:%S")
        with self._write_lock:
            self._write(f"{moment} {name:<{NAME_WIDTH}} | {text}\n")

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1
        if self._signals > 1:
            self._kill_all()

    def _look(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.process is None:
                if child.start_at is not None and now >= child.start_at:
                    self._start(child)
            elif child.process.poll() is not None:
                self._after_death(child)
            elif child.pause > FIRST_PAUSE and now - child.started > HEALTHY_AFTER:
                child.pause, child.quick_deaths = FIRST_PAUSE, 0

    def _start(self, child: Child) -> None:
        program = child.program
        child.process = subprocess.Popen(
            [
                sys.executable, "-m", "ops.running.child",
                str(os.getpid()), str(program.grace), *program.command,
            ],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            bufsize=1,
            start_new_session=True,
            pass_fds=program.inherited,
            env={**os.environ, **CHILD_ENVIRONMENT},
        )  # fmt: skip
        child.started = time.monotonic()
        child.start_at = None
        reader = threading.Thread(
            target=self._read, args=(child.process, program.name), daemon=True
        )
        reader.start()
        child.readers = [reader]
        self._write_status()

    def _read(self, process: subprocess.Popen[str], name: str) -> None:
        assert process.stdout is not None  # noqa: S101 -- a pipe was asked for
        with process.stdout as lines:
            for line in lines:
                if text := line.rstrip():
                    self.say(name, text)

    def _after_death(self, child: Child) -> None:
        process, program = child.process, child.program
        assert process is not None  # noqa: S101 -- the caller has looked
        child.process = None
        for reader in child.readers:
            reader.join(timeout=1)
        if time.monotonic() - child.started > HEALTHY_AFTER:
            child.pause, child.quick_deaths = FIRST_PAUSE, 0
        child.quick_deaths += 1
        child.restarts += 1
        if program.most_quick_deaths and child.quick_deaths >= program.most_quick_deaths:
            self.say("up", f"{program.name} ended {child.quick_deaths} times in a row: giving up")
            self._exit_code = 1
            self._signals = 1
            return
        self.say("up", f"{program.name} ended ({_cause(process)}), again in {child.pause:g} s")
        child.start_at = time.monotonic() + child.pause
        child.pause = min(child.pause * 2, LONGEST_PAUSE)
        self._write_status()

    def _stop_all(self) -> None:
        if any(child.process for child in self.children):
            self.say("up", "stopping")
        for stage in sorted({child.program.stage for child in self.children}):
            self._stop_stage([child for child in self.children if child.program.stage == stage])
        for child in self.children:
            for reader in child.readers:
                reader.join(timeout=1)

    def _stop_stage(self, children: Sequence[Child]) -> None:
        began = time.monotonic()
        for child in children:
            if child.process and child.process.poll() is None:
                child.process.terminate()
        for child in children:
            if child.process is None:
                continue
            left = began + child.program.grace - time.monotonic()
            try:
                child.process.wait(timeout=max(left, 0.1))
            except subprocess.TimeoutExpired:
                self.say("up", f"{child.program.name} did not end in time and was killed")
                _kill_session(child.process)
                child.process.wait()

    def _kill_all(self) -> None:
        for child in self.children:
            if child.process and child.process.poll() is None:
                _kill_session(child.process)

    def _write_status(self) -> None:
        """What `doctor` reads: which process runs since when."""
        now = time.time()
        content = {
            child.program.name: {
                "pid": child.process.pid if child.process else None,
                "since": now - (time.monotonic() - child.started),
                "restarts": child.restarts,
            }
            for child in self.children
        }
        draft = self.status.with_suffix(".new")
        draft.write_text(json.dumps(content))
        draft.replace(self.status)


def _kill_session(process: subprocess.Popen[str]) -> None:
    """A worker may have children of its own; they share its session."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()


def _cause(process: subprocess.Popen[str]) -> str:
    code = process.returncode
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
