"""Pages of long lists by the last row seen, never by counting rows from the start.

An offset reads and throws away everything before it and skips rows when the list changes
between two pages. A cursor holds the sort values of the last row, sealed, since they include a
row number.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldDoesNotExist
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, Model, Q, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.utils.dateparse import parse_date, parse_datetime

from common.vault import VaultError, open_text, seal_text

PAGE_SIZE = 50
BOUND = "page-cursor"
TO_URL = str.maketrans("+/$", "-_.")
FROM_URL = str.maketrans("-_.", "+/$")

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows and the cursor of the next page; empty when these are the last rows."""

    rows: Sequence[Row]
    next_cursor: str

    def __bool__(self) -> bool:
        return bool(self.rows)


@dataclass(frozen=True)
class _Key:
    name: str
    descending: bool
    nullable: bool

    @property
    def ordering(self) -> Any:
        expression = F(self.name)
        if not self.nullable:
            return expression.desc() if self.descending else expression.asc()
        # SQLite and PostgreSQL disagree about where NULL sorts; we say it.
        return (
            expression.desc(nulls_last=True) if self.descending else expression.asc(nulls_last=True)
        )

    def beyond(self, value: Any) -> Q:
        """Rows that come after this value."""
        if value is None:
            return Q(pk__in=())
        operator = "lt" if self.descending else "gt"
        beyond = Q(**{f"{self.name}__{operator}": value})
        return beyond | Q(**{f"{self.name}__isnull": True}) if self.nullable else beyond

    def equal(self, value: Any) -> Q:
        if value is None:
            return Q(**{f"{self.name}__isnull": True})
        return Q(**{self.name: value})

    def bound(self, value: Any) -> Q:
        """A plain limit on the first key, so that the database can start in its index."""
        if self.nullable or value is None:
            return Q()
        operator = "lte" if self.descending else "gte"
        return Q(**{f"{self.name}__{operator}": value})


def keyset_page(
    rows: QuerySet[Row], *, order: Sequence[str], after: str = "", size: int = PAGE_SIZE
) -> Page[Row]:
    """The page of `rows` in this order that follows the cursor `after`.

    `order` names columns or annotations as `order_by` does; `pk` is added so that the order is
    complete. A cursor that does not open or belongs to another order gives the first page.
    """
    keys = _keys(rows, order)
    rows = rows.order_by(*(key.ordering for key in keys))
    values = _open_cursor(after, keys) if after else None
    if values is not None:
        rows = rows.filter(_after(keys, values))
    found = list(rows[: size + 1])
    cursor = _cursor(found[size - 1], keys) if len(found) > size else ""
    return Page(rows=found[:size], next_cursor=cursor)


def _keys(rows: QuerySet[Row], order: Sequence[str]) -> list[_Key]:
    names = list(order)
    if names[-1].lstrip("-") not in ("pk", "id"):
        names.append("-pk" if names[-1].startswith("-") else "pk")
    return [
        _Key(
            name=name.lstrip("-"),
            descending=name.startswith("-"),
            nullable=_is_nullable(rows.model, name.lstrip("-")),
        )
        for name in names
    ]


def _is_nullable(model: type[Model], name: str) -> bool:
    if name == "pk":
        return False
    nullable = False
    *path, last = name.split(LOOKUP_SEP)
    try:
        for step in path:
            relation = model._meta.get_field(step)
            nullable = nullable or bool(getattr(relation, "null", True))
            model = relation.related_model  # type: ignore[assignment]
        return nullable or bool(getattr(model._meta.get_field(last), "null", True))
    except FieldDoesNotExist:
        return True  # an annotation: it may be


def _after(keys: list[_Key], values: list[Any]) -> Q:
    condition = Q()
    for key, value in reversed(list(zip(keys, values, strict=True))):
        condition = key.beyond(value) | (
            key.equal(value) & condition if condition else Q(pk__in=())
        )
    return keys[0].bound(values[0]) & condition


def _cursor(row: Row, keys: list[_Key]) -> str:
    values = [_value(row, key.name) for key in keys]
    names = [("-" if key.descending else "") + key.name for key in keys]
    text = json.dumps([names, [_tagged(value) for value in values]], cls=DjangoJSONEncoder)
    return seal_text(text, bound=BOUND).translate(TO_URL)


def _value(row: Any, name: str) -> Any:
    for step in name.split(LOOKUP_SEP):
        row = getattr(row, step) if row is not None else None
    return row


def _tagged(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}  # all six digits, which the encoder cuts
    if isinstance(value, date):
        return {"date": value.isoformat()}
    return value


def _untagged(value: Any) -> Any:
    if isinstance(value, dict):
        if "datetime" in value:
            return parse_datetime(value["datetime"])
        return parse_date(value["date"])
    return value


def _open_cursor(cursor: str, keys: list[_Key]) -> list[Any] | None:
    try:
        names, values = json.loads(open_text(cursor.translate(FROM_URL), bound=BOUND))
    except (VaultError, ValueError):
        return None
    if names != [("-" if key.descending else "") + key.name for key in keys]:
        return None
    return [_untagged(value) for value in values]
