"""The words under which records are found.

A table of words instead of a text index of one database: a prefix of any word of a name is
answered from one b-tree on SQLite and PostgreSQL alike, in the same order of cost.
"""

from typing import Any

from django.db import models
from django.db.models.lookups import Lookup

from common.words import MAX_WORD
from crm.enums import RecordKind


class SearchWord(models.Model):
    kind = models.CharField(max_length=12, choices=RecordKind.choices)
    record_id = models.BigIntegerField()
    word = models.CharField(max_length=MAX_WORD)

    class Meta:
        verbose_name = "search word"
        verbose_name_plural = "search words"
        indexes = [
            models.Index(
                fields=["kind", "word", "record_id"],
                name="search_word_prefix",
                # A locale's order is no order of prefixes: PostgreSQL needs the plain one.
                opclasses=["varchar_pattern_ops", "varchar_pattern_ops", "int8_ops"],
            ),
            models.Index(fields=["kind", "record_id"], name="search_word_record"),
        ]

    def __str__(self) -> str:
        return f"SearchWord {self.pk}"


@models.CharField.register_lookup
class Prefix(Lookup):  # type: ignore[type-arg]
    """`word__prefix`: starts with these letters, from the index on both databases.

    SQLite never uses an index for LIKE with ESCAPE, so there it is a range.
    """

    lookup_name = "prefix"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        return f"{column} LIKE %s", [
            *parameters,
            f"{connection.ops.prep_for_like_query(self.rhs)}%",
        ]

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        past_last = f"{self.rhs}\U0010ffff"
        return (
            f"({column} >= %s AND {column} < %s)",
            [*parameters, self.rhs, *parameters, past_last],
        )
