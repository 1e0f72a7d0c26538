"""A commit that outlives a power cut.

SQLite runs with `synchronous=NORMAL`: in WAL mode the last commits before a power cut may be gone,
though never half of one (https://sqlite.org/pragma.html#pragma_synchronous). For mail that came in
that costs nothing, the server still has it. For a mail that was handed over it would mean sending
it again.
"""

from collections.abc import Iterator
from contextlib import contextmanager

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
