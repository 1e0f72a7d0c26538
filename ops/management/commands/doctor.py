"""Says how this installation is doing, one line for each part. Ends with 1 if a part is not well."""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count

from mailsync.models import MailAccount
from ops.broker.store import Store
from ops.checks import installation_messages
from ops.errors import StartError
from ops.running.belongings import require_belongings
from ops.running.preparing import LEAST_FREE_BYTES
from ops.tasks import last_tick

# The scheduler rings every minute; three missed bells are no accident.
QUIET_TOO_LONG = timedelta(minutes=3)


@dataclass(frozen=True)
class Finding:
    part: str
    text: str
    is_good: bool = True


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def handle(self, *args: object, **options: Any) -> None:
        is_well = True
        for part in (
            database,
            belongings,
            broker,
            processes,
            workers,
            accounts,
            disk,
            installation,
        ):
            for finding in _examined(part):
                is_well = is_well and finding.is_good
                mark = "ok  " if finding.is_good else "BAD "
                self.stdout.write(f"{mark} {finding.part:<10} {finding.text}")
        sys.exit(0 if is_well else 1)


def _examined(part: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """A part that cannot even be asked is not well; the others are asked all the same."""
    try:
        yield from part()
    except DatabaseError as error:
        yield Finding(part.__name__, f"the database does not answer: {_first_line(error)}", False)


def database() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    executor = MigrationExecutor(connection)
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if waiting:
        yield Finding("database", f"{connection.vendor}, {waiting} updates wait; run bin/up", False)
    else:
        yield Finding("database", f"{connection.vendor} answers and is up to date")


def belongings() -> Iterator[Finding]:
    try:
        require_belongings()
    except StartError as error:
        yield Finding("belongings", str(error), False)
    else:
        yield Finding("belongings", "keys and folders are the installation's")


def broker() -> Iterator[Finding]:
    if not settings.IS_BROKER_EMBEDDED:
        yield _remote_broker()
        return
    path = settings.DATA_DIR / "broker.sqlite3"
    if not path.exists():
        yield Finding("broker", "embedded, not used yet")
        return
    store = Store(path)
    try:
        sizes, dead = store.sizes(), store.dead_letters()
    finally:
        store.close()
    waiting = ", ".join(f"{queue} {count}" for queue, count in sorted(sizes.items()))
    yield Finding("broker", f"embedded; waiting: {waiting or 'nothing'}")
    if dead:
        yield Finding("broker", f"{dead} messages given up after repeated failures", False)


def _remote_broker() -> Finding:
    try:
        with current_app.connection_for_read() as link:
            link.ensure_connection(max_retries=1, timeout=3)
    except OSError as error:
        return Finding("broker", f"does not answer: {_first_line(error)}", False)
    return Finding("broker", f"{link.transport.driver_type} answers")


def processes() -> Iterator[Finding]:
    """What runs under this machine's `up`."""
    path = settings.DATA_DIR / "processes.json"
    if not path.exists():
        yield Finding("processes", "bin/up is not running on this data folder")
        return
    for name, child in json.loads(path.read_text()).items():
        if child["pid"] is None or not _is_alive(child["pid"]):
            yield Finding("processes", f"{name} does not run", False)
            continue
        age = timedelta(seconds=int(time.time() - child["since"]))
        restarts = f", started again {child['restarts']} times" if child["restarts"] else ""
        yield Finding("processes", f"{name} runs for {age}{restarts}")


def workers() -> Iterator[Finding]:
    for name, queues in settings.WORKER_QUEUES.items():
        moment = last_tick(queues[-1])
        if moment is None:
            yield Finding("workers", f"{name} has not answered the scheduler yet")
            continue
        age = timedelta(seconds=int(time.time() - moment))
        yield Finding("workers", f"{name} answered {age} ago", age < QUIET_TOO_LONG)


def accounts() -> Iterator[Finding]:
    counts = MailAccount.objects.values_list("state").annotate(count=Count("id")).order_by("state")
    text = ", ".join(f"{state} {count}" for state, count in counts)
    yield Finding("accounts", text or "none connected")


def disk() -> Iterator[Finding]:
    free = shutil.disk_usage(settings.DATA_DIR).free
    yield Finding("disk", f"{free // 2**20:,} MB free for data", free >= LEAST_FREE_BYTES)


def installation() -> Iterator[Finding]:
    for message in installation_messages():
        yield Finding("note", message.msg, not message.is_serious(level=40))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
