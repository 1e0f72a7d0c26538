"""A scratch installation for a benchmark: an empty data folder, and with DATABASE_URL a database
of its own on that server, else SQLite. Both are gone at the end.

Import nothing of Django's models before `installation()` has begun.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def installation() -> Iterator[None]:
    folder = tempfile.mkdtemp(prefix="dealpost-benchmark-")
    os.environ |= {
        "DEALPOST_DATA": folder,
        "DEALPOST_HOSTS": "testserver",
        "DJANGO_SETTINGS_MODULE": "config.settings_test",
    }
    server = os.environ.get("DATABASE_URL", "")
    name = f"benchmark_{uuid.uuid4().hex[:12]}"
    if server:
        _in_database(server, f'CREATE DATABASE "{name}"')
        os.environ["DATABASE_URL"] = f"{server.rpartition('/')[0]}/{name}"
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    try:
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        yield
    finally:
        connection.close()
        if server:
            _in_database(server, f'DROP DATABASE "{name}" WITH (FORCE)')
        shutil.rmtree(folder, ignore_errors=True)


def _in_database(server: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type] # a name of our own


# --- Very many rows ----------------------------------------------------------------------------


def copies(row: Any, number: int, **columns: str) -> None:
    """`number` rows like this stored one, which goes: each column named here by its SQL, in which
    `n` counts from 0. One statement, so a million rows take seconds and not minutes."""
    from django.db import connection, transaction

    table = row._meta.db_table
    names = [field.column for field in row._meta.concrete_fields if not field.primary_key]
    counted = (
        f"SELECT n FROM generate_series(0, {number - 1}) AS counted(n)"
        if connection.vendor == "postgresql"
        else f"WITH RECURSIVE counted(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted"
        f" WHERE n + 1 < {number}) SELECT n FROM counted"
    )
    given = ", ".join(columns.get(name, f"base.{name}") for name in names)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(names)})"
            f" SELECT {given} FROM {table} base CROSS JOIN ({counted}) numbers WHERE base.id = %s",
            [row.pk],
        )
        cursor.execute(f"DELETE FROM {table} WHERE id = %s", [row.pk])


def minutes(start: str) -> str:
    """SQL of the moment n minutes after `start`, a day such as 2020-01-01."""
    from django.db import connection

    if connection.vendor == "postgresql":
        return f"timestamptz '{start} 00:00+00' + n * interval '1 minute'"
    return f"strftime('%%Y-%%m-%%d %%H:%%M:%%S', '{start}', '+' || n || ' minutes')"


def analyze() -> None:
    """What an autovacuum or PRAGMA optimize has done on a server that runs."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
