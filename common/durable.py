"""Commits, names and bytes that outlive a power cut.

SQLite runs with `synchronous=NORMAL`: in WAL mode the last commits before a power cut may be gone,
though never half of one (https://sqlite.org/pragma.html#pragma_synchronous). For mail that came in
that costs nothing, the server still has it. For a mail that was handed over it would mean sending
it again.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection


@contextmanager
def durable() -> Iterator[None]:
    """What is committed inside is on the disk with the commit. Not for use in a transaction: there
    the outermost one decides. PostgreSQL does so always."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        before = cursor.execute("PRAGMA synchronous").fetchone()[0]
        cursor.execute("PRAGMA synchronous = FULL")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA synchronous = {int(before)}")


def settle() -> None:
    """What was committed until now is on the disk when this returns. To be called before bytes go
    that no row names any more: a commit that a power cut takes would name them again. Not for use
    in a transaction, as `durable`."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return
    # Not by a commit of ours: that would wait for whoever writes, and may then have failed.
    # SQLite's locks are on other files, so closing this one takes none away.
    log = Path(f"{connection.settings_dict['NAME']}-wal")
    if log.exists():
        sync(log)
        sync(log.parent)


def sync(path: Path) -> None:
    """What is in this file, or the names in this folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
