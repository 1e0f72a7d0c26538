"""Runs the checks of bin/test one after the other, times them, and counts what came out."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

import _stage0

POSTGRESQL = Path("/usr/lib/postgresql")
# pytest's exit code when a selection holds no test. That is no agreement: who mistypes a name, or
# looks for a test in the wrong part, would read that everything agrees.
NOTHING_SELECTED = 5

# No part takes half of this; a browser that hangs would take all the time there is.
LONGEST_SECONDS = 25 * 60
# More than this is no bad luck.
MOST_SECOND_TRIES = 8


class Outcome:
    """What a run of pytest came to, read from its report."""

    def __init__(self, passed, skipped, failed, code):
        self.passed = passed
        self.skipped = skipped
        self.failed = failed
        self.code = code

    @classmethod
    def read(cls, results, code):
        """None when pytest wrote no report: it broke before the tests."""
        try:
            cases = list(ElementTree.parse(results).getroot().iter("testcase"))
        except (OSError, ElementTree.ParseError):
            return None
        failed, skipped = set(), 0
        for case in cases:
            if case.find("failure") is not None or case.find("error") is not None:
                failed.add("%s::%s" % (case.get("classname"), case.get("name")))
            elif case.find("skipped") is not None:
                skipped += 1
        # A test that fails and then breaks in its clean-up stands there twice.
        return cls(max(len(cases) - skipped - len(failed), 0), skipped, failed, code)

    def mended(self):
        return Outcome(self.passed + len(self.failed), self.skipped, set(), 0)


class Run:
    def __init__(self, python, scratch, extra):
        self.python = python
        self.scratch = scratch
        self.extra = extra
        self.in_ci = os.environ.get("CI") == "true"
        self.passed = self.failed = self.skipped = 0
        self.broken = []
        self.environment = dict(os.environ, PYTHONUNBUFFERED="1")
        # The tests must not see an operator's data, servers or .env.
        for name in ("DEALPOST_DATA", "DATABASE_URL", "REDIS_URL", "BROKER_URL", "DEALPOST_DEMO"):
            self.environment.pop(name, None)
        # Containers often forbid it. Then each worker of each part would compile all there is anew,
        # and pytest its assertions: five seconds of a processor each time.
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)
        data = scratch / "data"
        data.mkdir(mode=0o700)
        self.settings = dict(
            self.environment, DEALPOST_DATA=str(data), DEALPOST_URL="https://dealpost.test"
        )

    def check(self, name, command):
        """One tool that either agrees or not; its words are shown only when it does not."""
        began = time.monotonic()
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.settings,
        )
        if done.returncode == 0:
            self.passed += 1
            self._report("ok", name, began)
            return
        self.failed += 1
        self.broken.append(name)
        print(done.stdout.rstrip())
        self._report("FAILED", name, began)

    def pytest(self, name, arguments, *, database="", second_try=False):
        """A selection of the tests; pytest's own lines are shown as they come.

        With `second_try` what failed runs once more by itself: tests with real servers and a real
        browser share two cores with both. One that needed it is named, so that it can be mended.
        """
        began = time.monotonic()
        print("\n-- %s" % name, flush=True)
        environment = dict(self.environment)
        if database is None:
            self.skipped += 1
            self._report("SKIPPED", name, began)
            return
        if database:
            environment["DATABASE_URL"] = database
        outcome = self._run_pytest(arguments, environment)
        if second_try and outcome is None:
            print("\n-- %s: once more, since it broke off" % name, flush=True)
            outcome = self._run_pytest(arguments, environment)
        if second_try and outcome and 0 < len(outcome.failed) <= MOST_SECOND_TRIES:
            print("\n-- %s: what failed, once more" % name, flush=True)
            again = self._run_pytest([*arguments, "--last-failed"], environment)
            if again and not again.failed and again.code == 0:
                for test in sorted(outcome.failed):
                    print("passed only at the second try: %s" % test)
                outcome = outcome.mended()
        broken_before = len(self.broken)
        self._note(name, outcome)
        is_good = len(self.broken) == broken_before
        self._report("ok" if is_good else "FAILED", name, began)

    def _run_pytest(self, arguments, environment):
        results = self.scratch / ("%d.xml" % time.monotonic_ns())
        command = [self.python, "-m", "pytest", "-q", "--junitxml", str(results), *arguments]
        try:
            done = subprocess.run(
                [*command, *self.extra],
                stdin=subprocess.DEVNULL,
                env=environment,
                timeout=LONGEST_SECONDS,
            )
        except subprocess.TimeoutExpired:
            print("\nstopped: it did not end within %d minutes" % (LONGEST_SECONDS // 60))
            return None
        return Outcome.read(results, done.returncode)

    def _note(self, name, outcome):
        if outcome is None:
            # A run that broke before a single test ended is a failure too.
            self.failed += 1
            self.broken.append(name)
            return
        self.passed += outcome.passed
        self.skipped += outcome.skipped
        self.failed += len(outcome.failed)
        if outcome.code == NOTHING_SELECTED:
            self.failed += 1
            self.broken.append(name + " (no test was selected)")
        elif outcome.failed or outcome.code:
            self.failed += not outcome.failed
            self.broken.append(name)

    def _report(self, outcome, name, began):
        print("%-8s %-28s %6.1f s" % (outcome, name, time.monotonic() - began), flush=True)

    def finish(self):
        """Prints the sum, the plain closing line last of all; the exit code."""
        is_good = not self.failed and not self.broken
        if self.in_ci and self.skipped:
            self.broken.append("skipped tests (not allowed with CI=true)")
            is_good = False
        print("\nFailed: " + ", ".join(self.broken) if self.broken else "\nEverything agrees.")
        line = "%d passed, %d failed, %d skipped" % (self.passed, self.failed, self.skipped)
        print(line, flush=True)
        return 0 if is_good else 1


def postgresql_programs():
    """The folder with initdb and pg_ctl of the newest PostgreSQL here, or nothing."""
    versions = [
        path for path in POSTGRESQL.glob("*/bin/initdb") if path.parent.parent.name.isdigit()
    ]
    if versions:
        return max(versions, key=lambda path: int(path.parent.parent.name)).parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def private_postgresql():
    """The address of a throw-away cluster of our own, or None without PostgreSQL.

    No system cluster is touched. PostgreSQL refuses to run as root, so root hands it to `postgres`.
    """
    programs = postgresql_programs()
    if programs is None:
        yield None
        return
    # Not below scratch: that folder is closed to the user the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="dealpost-pg-"))
    run_as = []
    if _stage0.is_root():
        shutil.chown(folder, "postgres", "postgres")
        run_as = ["runuser", "-u", "postgres", "--"]
    port = free_port()
    options = (
        "-c listen_addresses=127.0.0.1 -c port=%d -c unix_socket_directories=%s "
        "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=60"
    ) % (port, folder)
    cluster = str(folder / "data")
    control = [*run_as, str(programs / "pg_ctl"), "-D", cluster, "-w"]
    initdb = [str(programs / "initdb"), "-D", cluster, "-U", "postgres", "-A", "trust", "--no-sync"]
    try:
        _quietly([*run_as, *initdb, "-E", "UTF8", "--locale=C.UTF-8"], folder)
        _quietly([*control, "-l", str(folder / "log"), "-o", options, "start"], folder)
        yield "postgres://postgres@127.0.0.1:%d/postgres" % port
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], cwd=str(folder), capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def _quietly(command, folder):
    # Files and not pipes: the server would inherit a pipe and keep it open for ever.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(command, cwd=str(folder), stdout=output, stderr=output)
        output.seek(0)
        if done.returncode:
            _stage0.stop("PostgreSQL for the tests did not start:\n" + output.read()[-2000:])
