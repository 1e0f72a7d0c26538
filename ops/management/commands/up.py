"""Runs the product on this machine: web, workers, scheduler, mailbox watcher."""

import http.client
import os
import socket
import sys
import threading
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from ops.checks import installation_messages
from ops.errors import StartError
from ops.running.belongings import require_belongings
from ops.running.listening import listen, split_address
from ops.running.lock import lock_folder
from ops.running.preparing import prepare_database, prepare_folder, prepare_static
from ops.running.programs import all_programs, chosen_programs
from ops.running.supervisor import Supervisor

ANSWER_WITHIN = 60.0


class Command(BaseCommand):
    help = __doc__
    # bin/test runs the system checks; here they would cost a second of every start.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--only",
            default="",
            help="comma-separated: web, worker, sync, beat, watch; for separate machines",
        )
        parser.add_argument("--demo", action="store_true", help="a company to look around in")

    def handle(self, *args: object, only: str, demo: bool, **options: Any) -> None:
        began = time.monotonic()
        try:
            if demo != settings.DEMO:
                raise StartError("The demo is started by: bin/up --demo")
            code = self._run([name for name in only.split(",") if name], began)
        except StartError as error:
            self.stderr.write(f"dealpost: {error}")
            code = 1
        except KeyboardInterrupt:
            code = 130
        sys.exit(code)

    def _run(self, names: list[str], began: float) -> int:
        prepare_folder(settings.DATA_DIR)
        if not settings.DEMO and (settings.DATA_DIR / "demo.json").exists():
            msg = f"{settings.DATA_DIR} holds the demo's company. It is started by: bin/up --demo"
            raise StartError(msg)
        # Held by its descriptor until this process ends.
        lock_folder(settings.DATA_DIR)
        with_web = not names or "web" in names
        listener = listen(settings.LISTEN) if with_web else None
        programs = all_programs(listener=listener.fileno() if listener else None)
        known = {program.name for program in programs}
        if unknown := set(names) - known:
            msg = f"--only knows {', '.join(sorted(known))}; not {', '.join(sorted(unknown))}."
            raise StartError(msg)
        prepare_database(self._say)
        require_belongings()
        if with_web:
            prepare_static(self._say)
        for message in installation_messages():
            self._say(f"Note: {message.msg}")
        self._prepare_demo()
        supervisor = Supervisor(
            chosen_programs(programs, names),
            folder=settings.BASE_DIR,
            status=settings.DATA_DIR / "processes.json",
            write=self._write,
        )
        if with_web:
            threading.Thread(target=self._welcome, args=(began,), daemon=True).start()
        return supervisor.run()

    def _prepare_demo(self) -> None:
        if settings.DEMO:
            from ops.demo.company import prepare_demo  # optional dependency

            prepare_demo(say=self._say)

    def _say(self, text: str) -> None:
        self._write(text + "\n")

    def _write(self, text: str) -> None:
        # Our own terminal may have been closed; the processes go on.
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 -- for good

    def _welcome(self, began: float) -> None:
        """Waits for the first answer, then says where to go."""
        host, port = split_address(settings.LISTEN)
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- compared
        if not _answers(host, port):
            self._say(f"No answer on port {port} yet; the lines of web say why.")
            return
        address = settings.SITE_URL.rstrip("/")
        self._say(f"\n  Dealpost is ready after {time.monotonic() - began:.1f} s: {address}/")
        for line in _next_steps(address):
            self._say(f"  {line}")
        self._say("  Ctrl-C stops it.\n")


def _answers(host: str, port: int) -> bool:
    end = time.monotonic() + ANSWER_WITHIN
    while time.monotonic() < end:
        connection = http.client.HTTPConnection(host, port, timeout=ANSWER_WITHIN)
        try:
            connection.request("GET", "/healthz/")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException, socket.gaierror):
            time.sleep(0.2)
        finally:
            connection.close()
    return False


def _next_steps(address: str) -> list[str]:
    from django.db import connection

    from users.domain.setup import is_set_up, setup_code

    try:
        if settings.DEMO:
            from ops.demo.company import sign_in_path  # optional dependency

            return [
                "This is a demo: nothing here is real, nothing leaves this machine.",
                f"You are let in by: {address}{sign_in_path()}",
            ]
        if not is_set_up():
            return [
                f"Nobody has set it up yet. From another machine the set-up code is {setup_code()}"
            ]
    finally:
        connection.close()
    return []
