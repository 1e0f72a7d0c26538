"""Thousands of races for mails on their way out: workers against each other, against the author's
button, and against whoever takes a living worker for dead. Never two copies, never silence."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

# The same cluster that bin/test runs the unit tests on.
sys.path.append(str(Path(__file__).resolve().parents[2] / "bin"))
from _checks import private_postgresql

ROOT = Path(__file__).resolve().parents[2]
MAILS = 100
WORKERS = 2

pytestmark = pytest.mark.servers


@pytest.fixture(params=["sqlite", "postgresql"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    found = {**os.environ, "DEALPOST_DATA": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    for name in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL"):
        found.pop(name, None)
    if request.param == "sqlite":
        yield found
        return
    with private_postgresql() as database:
        assert database, "PostgreSQL is not installed"
        yield {**found, "DATABASE_URL": database}


def start(environment: dict[str, str], *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.servers.outbox_race", *command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> str:
    output, _errors = process.communicate(timeout=600)
    assert process.returncode == 0, process.args
    return output


def at_the_line(data: Path, racers: list[subprocess.Popen[str]]) -> None:
    """Waits until all are ready: who starts up first would have the mails for himself."""
    deadline = time.monotonic() + 60
    while len(list(data.glob("ready-*"))) < len(racers):
        if time.monotonic() > deadline:
            for racer in racers:
                racer.kill()
            pytest.fail("somebody never came to the line")
        time.sleep(0.01)


def test_hundreds_of_mails_that_all_want_at_once(
    environment: dict[str, str], tmp_path: Path
) -> None:
    end(start(environment, "prepare", str(MAILS)))
    sink, told_file, go = tmp_path / "sink", tmp_path / "told", tmp_path / "go"
    racers = [start(environment, "worker", str(sink)) for _number in range(WORKERS)]
    racers.append(start(environment, "author", str(told_file)))
    nemesis = start(environment, "nemesis")
    try:
        at_the_line(tmp_path, [*racers, nemesis])
        go.touch()
        for racer in racers:
            end(racer)
    finally:
        go.unlink(missing_ok=True)
        end(nemesis)

    copies = Counter(map(int, sink.read_text().split()))
    told = {int(pk): word for pk, word in json.loads(told_file.read_text()).items()}
    rows = json.loads(end(start(environment, "report")))
    assert len(rows) == MAILS
    assert set(copies.values()) == {1}, "the sink holds two copies of one mail"
    # What each end means. A mail in nobody's hand any more may still stand as in somebody's when
    # he was taken for dead; the next look at it settles it.
    wrong = [
        (number, state, code, copies[number], told[pk])
        for pk, number, state, code in rows
        if not is_right(state, code, copies[number], told[pk])
    ]
    assert wrong == []
    ends = Counter(state for _pk, _number, state, _code in rows)
    assert {"sent", "cancelled", "queued", "failed", "unknown"} <= set(ends), ends
    assert Counter(told.values())["too late"] > 0, "nobody met anybody"


def is_right(state: str, code: str, copies: int, told: str) -> bool:
    """The end of a mail, the copies of it that are out, and what its author was told."""
    if told == "cancelled":
        return (state, copies) == ("cancelled", 0)
    return {
        "sent": copies == 1 and code == "",
        "unknown": code == "outcome_unknown",
        "failed": copies == 0 and code == "message_refused",
        "queued": copies == 0,
        "claimed": copies == 0,
    }.get(state, False)
