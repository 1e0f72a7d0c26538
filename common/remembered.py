"""Conditions that Django writes once a process and not once a query.

A rule about who may see what is a large `Q`: building and compiling it costs more than what the
database does with it. Its SQL is the same for every reader of a kind, but for the reader's number.
So the rule is compiled once for a stand-in, and that text is used with the number put in.

The rule itself stays an ordinary function from a user to a `Q`. It may ask of the user what
`Reader` has and nothing else: a rule that looks at more breaks at once, in every test.
"""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connections
from django.db.models import BooleanField, F, Func, Model, Q, QuerySet

Rule = Callable[[Any], Q]
# Stands where the number of the user will be; no row and no constant of a rule has it.
_SOMEBODY = -8_182_838_485_868_788_898
# What Django calls tables in subqueries; names of ours are quoted and in lower case.
_ALIAS = re.compile(r'\b(?<!")([A-Z]+\d+)\b')
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Reader:
    """Every signed-in, active user of one kind."""

    is_administrator: bool
    pk: int = _SOMEBODY

    @property
    def is_authenticated(self) -> bool:
        return True

    @property
    def is_active(self) -> bool:
        return True


def remembered(rule: Rule, model: type[Model], user: Any) -> Q:
    """`rule(user)` as a condition on rows of `model`, with its SQL remembered.

    The condition may ask about the row's own columns and hold subqueries, but no joins: their
    tables would have to stand in the query around it.
    """
    if not user.is_authenticated or not user.is_active:
        return rule(user)
    reader = Reader(is_administrator=user.is_administrator)
    return Q(_Remembered(rule, model, reader=reader, user_id=user.pk))


class _Remembered(Func):
    """The text of the rule about the row that `pk` belongs to, whatever its table is called in
    the query around."""

    output_field = BooleanField()

    def __init__(self, rule: Rule, model: type[Model], *, reader: Reader, user_id: int) -> None:
        super().__init__(F("pk"))
        self.rule = rule
        self.model = model
        self.reader = reader
        self.user_id = user_id

    def as_sql(  # type: ignore[override] # the text is no call of a function
        self, compiler: Any, connection: Any, **_more: Any
    ) -> tuple[str, list[Any]]:
        text, params = _written(self.rule, self.model, self.reader, str(connection.alias))
        (row,) = self.get_source_expressions()
        name = connection.ops.quote_name
        own = name(self.model._meta.db_table)
        sql = text.replace(f"{own}.", f"{compiler.quote_name_unless_alias(row.alias)}.")
        return sql, [self.user_id if param == _SOMEBODY else param for param in params]


@lru_cache(maxsize=64)
def _written(
    rule: Rule,
    model: type[Model],
    reader: Reader,
    using: str,
) -> tuple[str, tuple[Any, ...]]:
    """The rule's SQL with the model's own table by its name, and its parameters."""
    rows: QuerySet[Any] = QuerySet(model, using=using).filter(rule(reader))
    joined = {alias for alias, uses in rows.query.alias_refcount.items() if uses}
    if joined != {model._meta.db_table}:
        raise ValueError(f"the rule joins {sorted(joined)}")
    compiler = rows.query.get_compiler(connection=connections[using])
    sql, params = compiler.compile(rows.query.where)
    # Names of tables in subqueries (U0, V1, …) that no query around this text gives to its own.
    ours = _ALIAS.sub(rf"r{next(_numbers)}_\1", sql)
    return f"({ours})", tuple(params)
