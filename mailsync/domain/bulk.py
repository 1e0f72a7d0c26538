"""Many rows at once, without an object each.

The ORM spends 30 to 60 microseconds a row on making objects and binding them one by one, and a
millisecond on a question with a few hundred keys. The first sync of a mailbox writes a dozen
small rows a message, so those go through executemany on SQLite, through COPY and arrays on
PostgreSQL, and what a batch asks goes through `select`. Rows are plain tuples in the order of the columns; values are
those of the database (`moment`, `document` convert).
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db import connection, models

# Below the number of variables that one statement takes in SQLite (32,766 since 3.32).
CHUNK = 900

Row = Sequence[Any]


def moment(value: datetime | None) -> Any:
    """A point in time as the database's driver takes it."""
    if value is None or connection.vendor == "postgresql":
        return value
    return str((value if value.tzinfo is UTC else value.astimezone(UTC)).replace(tzinfo=None))


def moment_of(value: datetime) -> datetime:
    """A point in time as `select` gave it."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def document_of(value: Any) -> Any:
    """A JSON column's value as `select` gave it."""
    return json.loads(value) if isinstance(value, str) else value


_encode = json.JSONEncoder(ensure_ascii=False).encode


def document(value: Any) -> str | None:
    """A JSON column's value as text, which both databases take."""
    return None if value is None else _encode(value).replace("\\u0000", "")


def select(statement: str, among: Iterable[Any], *values: Any) -> list[tuple[Any, ...]]:
    """The rows of a question about a set of numbers or texts, in one statement whose text is the
    same for any set, so that the database reads it once. `{among}` stands where the set belongs,
    before the places of `values`; without anything in the set nothing is asked. Columns come as
    the driver gives them; `{plain}` before the name of a point in time saves its conversion where
    it is only compared and written back."""
    keys = list(among)
    if not keys:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(statement.format(among="= ANY(%s)", plain=""), [keys, *values])
        else:
            # The number of variables in a statement has a limit there; a list's length has none.
            chosen = "IN (SELECT value FROM json_each(%s))"
            # The driver knows a column by its name; what is calculated it leaves alone.
            cursor.execute(statement.format(among=chosen, plain="+"), [json.dumps(keys), *values])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def select_by_bytes(statement: str, among: Iterable[bytes], *values: Any) -> list[tuple[Any, ...]]:
    """As `select`, about a set of digests; at most a batch of them."""
    keys = list(among)
    if not keys:
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(statement.format(among="= ANY(%s)"), [keys, *values])
        else:
            # JSON holds no bytes.
            chosen = f"IN ({', '.join(['%s'] * len(keys))})"
            cursor.execute(statement.format(among=chosen), [*keys, *values])
        return [(bytes(first), *rest) for first, *rest in cursor.fetchall()]


def allocate_ids(model: type[models.Model], count: int) -> list[int]:
    """Fresh primary keys for `count` rows that are going to be inserted in this transaction."""
    if not count:
        return []
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [f'"{table}"', model._meta.pk.column, count],
            )
            return [number for (number,) in cursor.fetchall()]
        # Write transactions are IMMEDIATE, so nobody else takes these numbers meanwhile.
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        found = cursor.fetchone()
    start = found[0] if found else 0
    return list(range(start + 1, start + count + 1))


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Inserts rows that cannot clash."""
    if not rows:
        return
    table = model._meta.db_table
    if connection.vendor == "postgresql":
        names = ", ".join(f'"{name}"' for name in columns)
        # COPY goes past Django's cursor, which would turn psycopg's errors into Django's.
        with (
            connection.wrap_database_errors,
            connection.cursor() as cursor,
            cursor.cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy,
        ):
            for row in rows:
                copy.write_row([_without_nul(value) for value in row])
        return
    _many(_insert_statement(table, columns), rows)


def insert_missing(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Inserts rows that a unique constraint may already hold; those are left as they are.

    Rows go in sorted: two writers that insert the same keys in different order deadlock in
    PostgreSQL.
    """
    rows = sorted(rows, key=tuple)
    if connection.vendor == "postgresql":
        _insert_arrays(model, columns, rows)
        return
    statement = _insert_statement(model._meta.db_table, columns)
    _many(f"{statement} ON CONFLICT DO NOTHING", rows)


def update(
    model: type[models.Model], *, columns: Sequence[str], key: str = "id", rows: Sequence[Row]
) -> None:
    """Updates rows one by one; a row holds the new values, then the value of its key."""
    if connection.vendor == "postgresql":
        _update_arrays(model, columns, key, rows)
        return
    sets = ", ".join(f'"{name}" = %s' for name in columns)
    _many(f'UPDATE "{model._meta.db_table}" SET {sets} WHERE "{key}" = %s', rows)


# --- PostgreSQL: a statement a batch, its values in an array for each column ------------------


def _insert_arrays(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> None:
    if not rows:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    types = [_array_type(model, name) for name in columns]
    given = ", ".join(f"v{n}{cast}" for n, (_, cast) in enumerate(types))
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{model._meta.db_table}" ({names}) SELECT {given}'
            f" FROM {_unnest(types)} ON CONFLICT DO NOTHING",
            _arrays(rows),
        )


def _update_arrays(
    model: type[models.Model], columns: Sequence[str], key: str, rows: Sequence[Row]
) -> None:
    if not rows:
        return
    table = model._meta.db_table
    types = [_array_type(model, name) for name in (*columns, key)]
    sets = ", ".join(f'"{name}" = v{n}{types[n][1]}' for n, name in enumerate(columns))
    keys = f"v{len(columns)}"
    with connection.cursor() as cursor:
        # In the order of the keys, as everybody locks them.
        cursor.execute(
            f'SELECT 1 FROM "{table}" WHERE "{key}" = ANY(%s) ORDER BY "{key}" FOR NO KEY UPDATE',
            [[row[-1] for row in rows]],
        )
        cursor.execute(
            f'UPDATE "{table}" SET {sets} FROM {_unnest(types)} WHERE "{key}" = {keys}',
            _arrays(rows),
        )


def _unnest(types: Sequence[tuple[str, str]]) -> str:
    places = ", ".join(f"%s::{kind}[]" for kind, _ in types)
    names = ", ".join(f"v{n}" for n in range(len(types)))
    return f"unnest({places}) AS given({names})"


def _arrays(rows: Sequence[Row]) -> list[list[Any]]:
    return [[_without_nul(value) for value in column] for column in zip(*rows, strict=True)]


@cache
def _array_type(model: type[models.Model], column: str) -> tuple[str, str]:
    """The type of a column's array, and the cast of its elements. A cast to varchar would cut
    what is too long, where an error is due."""
    field = next(one for one in model._meta.concrete_fields if one.column == column)
    kind = field.db_type(connection) or "text"
    if kind == "jsonb":
        return "text", "::jsonb"
    return ("text" if kind.startswith("varchar") else kind), ""


def chunks(values: Iterable[Any], size: int = CHUNK) -> Iterable[list[Any]]:
    """The values in lists that fit into one statement each."""
    everything = list(values)
    for start in range(0, len(everything), size):
        yield everything[start : start + size]


def _insert_statement(table: str, columns: Sequence[str]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f'INSERT INTO "{table}" ({names}) VALUES ({", ".join(["%s"] * len(columns))})'


def _many(statement: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)


def _without_nul(value: Any) -> Any:
    """PostgreSQL has no U+0000 in text."""
    return value.replace("\x00", "") if isinstance(value, str) and "\x00" in value else value
