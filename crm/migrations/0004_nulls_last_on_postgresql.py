"""Indexes for lists that begin with the largest value or the latest day, the empty ones last.

PostgreSQL keeps NULL behind the largest value, so its plain indexes give such a list only after
a sort of all rows. SQLite keeps NULL before the smallest and reads the plain ones backwards.
"""

from typing import Any

from django.db import migrations

INDEXES = (
    ("deal_by_value_last", "crm_deal", "value"),
    ("deal_by_close_last", "crm_deal", "expected_close_date"),
    ("activity_by_due_last", "crm_activity", "due_date"),
)


def make(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for name, table, column in INDEXES:
            schema_editor.execute(
                f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name}"
                f" ON {table} ({column} DESC NULLS LAST, id DESC)"
            )


def drop(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for name, _table, _column in INDEXES:
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


class Migration(migrations.Migration):
    # CONCURRENTLY works outside of a transaction only.
    atomic = False

    dependencies = [("crm", "0003_acts_on_many_records")]

    operations = [migrations.RunPython(make, drop, elidable=False)]
