"""Whether a block writes to the database, and where."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection

OUR_APPS = frozenset({"users", "sharing", "notifications", "crm", "mailsync", "inbox"})
CHANGE = re.compile(r'\s*(?:INSERT INTO|REPLACE INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)
# Written by a visit as such, whoever visits.
LEFT_OUT = frozenset({"users_usersession", "users_attemptlimit"})


@contextmanager
def changes() -> Iterator[list[str]]:
    """The tables that statements of the block write to."""
    tables: list[str] = []

    def listen(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if (found := CHANGE.match(sql)) and found[1].lower() not in LEFT_OUT:
            tables.append(found[1])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen):
        yield tables


def snapshot() -> dict[str, list[Any]]:
    return {
        model._meta.label: sorted(model._base_manager.values_list(), key=repr)
        for model in apps.get_models()
        if model._meta.app_label in OUR_APPS and model._meta.db_table not in LEFT_OUT
    }
