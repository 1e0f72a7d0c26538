"""Work on hostile input in a child process that the kernel ends when it takes too much.

A time-out by signal does not help: code in C does not come back to the interpreter to see it.
The ordinary path never comes here; see `shapes.shape_of`. Children are ordinary programs and
not forks, because workers of a task queue may not have forked children; text goes in and text
comes back, nothing that the parent would have to unpickle.
"""

import atexit
import contextlib
import importlib
import math
import os
import resource
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

CPU_SECONDS = 5
MEMORY_BYTES = 512_000_000
WALL_SECONDS = 20
IDLE_CHILDREN = 2
ANSWER_BYTES = 32_000_000
ROOT = Path(__file__).resolve().parents[2]

_lock = threading.Lock()
_idle: list["subprocess.Popen[bytes]"] = []
_owner = 0
_LENGTH = struct.Struct("!I")


def run(function: Callable[[str], str], text: str) -> str | None:
    """What the function makes of the text; None when it took too long, too much, or failed.

    The function must live at the top of a module of `mailsync.mime`.
    """
    child = _borrow()
    name = f"{function.__module__}:{function.__name__}".encode()
    answer = _ask(child, name, text.encode("utf-8", "replace"))
    if answer is None:
        child.kill()
        _close(child)
        return None
    _give_back(child)
    return answer.decode() if answer else None


def _borrow() -> "subprocess.Popen[bytes]":
    global _owner  # noqa: PLW0603 - one pool a process, and its process must be known
    with _lock:
        if _owner != os.getpid():  # a fork must not talk to its parent's children
            _idle.clear()
            _owner = os.getpid()
        while _idle:
            child = _idle.pop()
            if child.poll() is None:
                return child
            _close(child)
    return subprocess.Popen(
        [sys.executable, "-m", "mailsync.mime.sandbox"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"},
    )


def _give_back(child: "subprocess.Popen[bytes]") -> None:
    with _lock:
        if len(_idle) < IDLE_CHILDREN:
            _idle.append(child)
            return
    _close(child)


def _close(child: "subprocess.Popen[bytes]") -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    try:
        child.wait(2)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def close_idle() -> None:
    """Ends the children that wait for work."""
    with _lock:
        # After a fork they are the parent's.
        children = _idle[:] if _owner == os.getpid() else []
        _idle.clear()
    for child in children:
        _close(child)


# A process that ends takes its children along, and waits for them.
atexit.register(close_idle)


def _ask(child: "subprocess.Popen[bytes]", name: bytes, data: bytes) -> bytes | None:
    if child.stdin is None or child.stdout is None:
        return None
    deadline = time.monotonic() + WALL_SECONDS
    try:
        child.stdin.write(_LENGTH.pack(len(name)) + name + _LENGTH.pack(len(data)) + data)
        child.stdin.flush()
        head = _read_until(child.stdout, _LENGTH.size, deadline)
        if head is None:
            return None
        length = _LENGTH.unpack(head)[0]
        return _read_until(child.stdout, length, deadline) if length <= ANSWER_BYTES else None
    except (OSError, ValueError):
        return None


def _read_until(pipe: IO[bytes], length: int, deadline: float) -> bytes | None:
    data = b""
    chunks: list[bytes] = []
    missing = length
    while missing:
        ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        data = os.read(pipe.fileno(), min(missing, 1 << 20)) if ready else b""
        if not data:
            return None
        chunks.append(data)
        missing -= len(data)
    return b"".join(chunks)


def main() -> None:
    """The child: reads jobs from standard input until it ends."""
    source, target = sys.stdin.buffer, sys.stdout.buffer
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    importlib.import_module("mailsync.mime.html")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    while head := source.read(_LENGTH.size):
        name = source.read(_LENGTH.unpack(head)[0]).decode()
        data = source.read(_LENGTH.unpack(source.read(_LENGTH.size))[0]).decode()
        allowed = math.ceil(time.process_time()) + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.RLIM_INFINITY))
        try:
            answer = _job(name)(data).encode("utf-8", "replace")
        except Exception:  # noqa: BLE001 - the parent shows the text instead
            answer = b""
        target.write(_LENGTH.pack(len(answer)) + answer)
        target.flush()


def _job(name: str) -> Callable[[str], str]:
    module, _, function = name.partition(":")
    if not module.startswith("mailsync.mime."):
        raise ValueError(module)
    job: Callable[[str], str] = getattr(importlib.import_module(module), function)
    return job


if __name__ == "__main__":
    main()
