"""`bin/test` says that everything agrees when tests have run and passed, and never else."""

import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings

PASSED = '<testcase classname="a" name="one"/>'
FAILED = '<testcase classname="a" name="two"><failure/></testcase>'
SKIPPED = '<testcase classname="a" name="three"><skipped/></testcase>'
NOTHING_SELECTED = 5


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    # As bin/test itself: no cache lands in bin/.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(str(Path(settings.BASE_DIR) / "bin"))
    return importlib.import_module("_checks")


@pytest.fixture
def run(checks: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.delenv("CI", raising=False)
    return checks.Run(python="python", scratch=tmp_path, extra=[])


@pytest.fixture
def says(checks: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """What pytest reports at each call, and its exit code; the commands it was called with."""

    def says(*reports: tuple[str | None, int]) -> list[Any]:
        commands: list[Any] = []
        coming = iter(reports)

        def answer(command: list[str], **_: Any) -> Any:
            commands.append(command)
            cases, code = next(coming)
            if cases is not None:
                results = Path(command[command.index("--junitxml") + 1])
                results.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
            return subprocess.CompletedProcess(command, code)

        monkeypatch.setattr(checks.subprocess, "run", answer)
        return commands

    return says


def test_what_was_compiled_is_kept_for_the_next_worker(
    checks: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    run = checks.Run(python="python", scratch=tmp_path, extra=[])
    assert "PYTHONUNBUFFERED" in run.environment
    assert "PYTHONDONTWRITEBYTECODE" not in {*run.environment, *run.settings}


def test_tests_that_pass_agree(run: Any, says: Any, capsys: Any) -> None:
    says((PASSED, 0), (PASSED + SKIPPED, 0))
    run.pytest("one", [])
    run.pytest("other", [])
    assert run.finish() == 0
    assert capsys.readouterr().out.endswith("Everything agrees.\n2 passed, 0 failed, 1 skipped\n")


@pytest.mark.parametrize(
    ("cases", "code"),
    [(FAILED, 1), (PASSED + FAILED, 1), (PASSED, 2), (PASSED, 3), (None, 3), (None, 4)],
    ids=["failed", "one failed", "interrupted", "broke at the end", "broke", "no such option"],
)
def test_whatever_else_comes_does_not(run: Any, says: Any, cases: str | None, code: int) -> None:
    says((PASSED, 0), (cases, code))
    run.pytest("one", [])
    run.pytest("other", [])
    assert (run.finish(), run.failed, run.broken) == (1, 1, ["other"])


@pytest.mark.parametrize("extra", [[], ["-k", "no such test"]])
def test_selection_of_nothing_is_no_agreement(
    run: Any, says: Any, capsys: Any, extra: list[str]
) -> None:
    run.extra = extra
    commands = says(("", NOTHING_SELECTED))
    run.pytest("one", ["-m", "some"])
    assert run.finish() == 1
    assert commands[0][-2 - len(extra) :] == ["-m", "some", *extra]
    out = capsys.readouterr().out
    assert "FAILED   one" in out
    assert "Failed: one (no test was selected)\n0 passed, 1 failed, 0 skipped\n" in out


def test_what_failed_passes_at_the_second_try_and_is_named(
    run: Any, says: Any, capsys: Any
) -> None:
    commands = says((PASSED + FAILED, 1), (FAILED.replace("<failure/>", ""), 0))
    run.pytest("servers", ["-m", "servers"], second_try=True)
    assert run.finish() == 0
    assert "--last-failed" in commands[1]
    out = capsys.readouterr().out
    assert "passed only at the second try: a::two" in out
    assert "2 passed, 0 failed, 0 skipped" in out


@pytest.mark.parametrize("again", [(FAILED, 1), ("", NOTHING_SELECTED), (None, 3)])
def test_second_try_that_does_not_pass_is_a_failure(run: Any, says: Any, again: Any) -> None:
    says((PASSED + FAILED, 1), again)
    run.pytest("servers", ["-m", "servers"], second_try=True)
    assert (run.finish(), run.failed) == (1, 1)


@pytest.mark.servers
def test_part_that_hangs_is_stopped_and_tried_once_more(
    run: Any, checks: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any
) -> None:
    """The real thing: a pytest that hangs at its first run and not at its second."""
    (tmp_path / "test_hangs.py").write_text(
        "import pathlib, time\n"
        "def test_it():\n"
        "    seen = pathlib.Path(__file__).with_name('seen')\n"
        "    if not seen.exists():\n"
        "        seen.touch()\n"
        "        time.sleep(100)\n"
    )
    monkeypatch.setattr(checks, "LONGEST_SECONDS", 15)
    run.python = sys.executable
    arguments = [str(tmp_path), "-c", "/dev/null", "--rootdir", str(tmp_path), "-p", "no:django"]
    run.pytest("browser", arguments, second_try=True)
    assert run.finish() == 0
    out = capsys.readouterr().out
    assert "stopped: it did not end within" in out
    assert "browser: once more, since it broke off" in out
    assert "1 passed, 0 failed, 0 skipped" in out


def test_part_that_hangs_without_a_second_try_has_failed(
    run: Any, checks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(command: list[str], timeout: float, **_: Any) -> Any:
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(checks.subprocess, "run", hang)
    run.pytest("unit", [])
    assert (run.finish(), run.failed, run.broken) == (1, 1, ["unit"])


def test_no_second_try_for_what_failed_by_the_dozen(run: Any, says: Any, checks: Any) -> None:
    many = "".join(
        FAILED.replace("two", str(number)) for number in range(checks.MOST_SECOND_TRIES + 1)
    )
    commands = says((many, 1))
    run.pytest("servers", ["-m", "servers"], second_try=True)
    assert (run.finish(), len(commands)) == (1, 1)


def test_skip_fails_where_all_must_run(
    checks: ModuleType, says: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CI", "true")
    run = checks.Run(python="python", scratch=tmp_path, extra=[])
    says((PASSED + SKIPPED, 0))
    run.pytest("one", [])
    assert run.finish() == 1


def test_part_without_its_database_is_skipped_and_said_so(run: Any, says: Any, capsys: Any) -> None:
    commands = says()
    run.pytest("both on PostgreSQL", [], database=None)
    assert commands == []
    assert run.skipped == 1
    assert "SKIPPED  both on PostgreSQL" in capsys.readouterr().out
