"""What must be true before the processes start: a data folder, a schema, static files.

Each step looks first and acts only when there is something to do, so that the next start is quick.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from common import assets
from ops import storage
from ops.apps import OurStaticFilesConfig
from ops.errors import StartError

# Below this intake of mail stops; there is no sense in starting.
LEAST_FREE_BYTES = 500 * 1024 * 1024
# Any number, but the same on every machine that migrates the same database.
MIGRATION_LOCK = 7_236_871

Say = Callable[[str], object]


def prepare_folder(folder: Path) -> None:
    """The data folder exists, is ours alone, can be written to and has room."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / ".probe"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise StartError(
            f"The data folder {folder} cannot be written to: {error.strerror}."
        ) from None
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        msg = f"The disk is almost full: {free // 2**20} MB are left for {folder}, 500 are needed."
        raise StartError(msg)


def prepare_database(say: Say) -> None:
    try:
        with _migrating_alone():
            executor = MigrationExecutor(connection)
            plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
            if plan:
                say(f"Updating the database ({len(plan)} steps)")
                call_command("migrate", interactive=False, verbosity=0)
            if _lacks_cache_table():
                call_command("createcachetable", verbosity=0)
    except OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise StartError(f"The database does not answer: {reason}") from None
    finally:
        connection.close()


def prepare_static(say: Say) -> None:
    """Copies, hashes and compresses the static files when one of them has changed."""
    if settings.DEBUG:
        return
    root = Path(settings.STATIC_ROOT)
    stamp = root / ".stamp"
    wanted = _static_fingerprint()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("Collecting static files")
    call_command("collectstatic", interactive=False, verbosity=0, clear=root.exists())
    stamp.write_text(wanted)


@contextmanager
def _migrating_alone() -> Iterator[None]:
    """Several machines may start at once; SQLite is guarded by the supervisor's own lock."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])


def _lacks_cache_table() -> bool:
    return isinstance(caches["default"], DatabaseCache) and (
        settings.CACHES["default"]["LOCATION"] not in connection.introspection.table_names()
    )


def _static_fingerprint() -> str:
    # How they are stored counts as well as what they say.
    digest = hashlib.sha256(
        Path(storage.__file__).read_bytes() + Path(assets.__file__).read_bytes()
    )
    ignored = OurStaticFilesConfig.ignore_patterns
    for finder in get_finders():
        for name, source in finder.list(ignored):
            status = os.stat(source.path(name))  # noqa: PTH116 -- thousands of files
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
