"""Lists as CSV, row by row, seen with the eyes of the one who asks."""

import csv
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, prefetch_related_objects

from crm.domain.queries.lists import ListSpec
from crm.enums import ListKind
from users.models import User

BATCH = 500
# What a spreadsheet takes for the beginning of a formula (OWASP ASVS 1.2.10), in both widths.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＋", "－", "＠")


def guarded(value: Any) -> Any:
    """A cell that no spreadsheet runs. Numbers and days are typed and stay what they are."""
    if value is None:
        return ""
    if isinstance(value, int | Decimal):
        return value
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) or text.startswith(FORMULA) else text


def csv_writer(to: Any) -> Any:
    """Each text in quotes: where a spreadsheet parts cells by semicolons or tabs, one in a name
    would begin a cell, and what follows it a formula."""
    return csv.writer(to, quoting=csv.QUOTE_NONNUMERIC)


class _Echo:
    """A file that hands back what is written to it, for answers in pieces."""

    def write(self, text: str) -> str:
        return text


def unguarded(text: str) -> str:
    """What a guarded cell said, for reading our own exports again."""
    return text[1:] if text.startswith("'") and text[1:].lstrip(" ").startswith(FORMULA) else text


def csv_pieces(spec: ListSpec, rows: QuerySet[Any], *, user: User) -> Iterator[str]:
    """The export of `rows`, all of which `user` sees: the headings, then BATCH rows at a time.

    Only the keys are read at once: one moment decides what may be in the file. What the user may
    see is asked again for each piece: who reads slowly would else get for hours what is his no more.
    """
    writer = csv_writer(_Echo())
    columns = [column for column in spec.columns if not column.is_above]
    yield "\ufeff" + writer.writerow([str(column.heading) for column in columns])
    keys = list(rows.order_by("pk").values_list("pk", flat=True).distinct())
    for start in range(0, len(keys), BATCH):
        user = User.objects.get(pk=user.pk)
        seen = spec.model.objects.visible_to(user).filter(pk__in=keys[start : start + BATCH])
        found = spec.rows(list(seen.order_by("pk").values_list("pk", flat=True)), user=user)
        if spec.kind == ListKind.PERSON:
            prefetch_related_objects(found, "emails", "phones")
        lines = ([guarded(cell(row, column.name)) for column in columns] for row in found)
        yield "".join(writer.writerow(line) for line in lines)


def cell(row: Any, name: str) -> Any:  # noqa: PLR0911 -- one for each shape of column
    """What a column holds of a row, without markup."""
    match name:
        case "name":
            return str(row)
        case "person" | "organization":
            return getattr(row, f"{name}_name", None)
        # All of them: a list shows the main one, a file is taken in again elsewhere.
        case "email":
            return ", ".join(email.address for email in row.emails.all())
        case "phone":
            return ", ".join(phone.number for phone in row.phones.all())
        case "labels":
            return ", ".join(label.name for label in row.labels.all())
        case "status" | "kind":
            return getattr(row, f"get_{name}_display")()
        case "about":
            keys = ("deal", "lead", "project", "person", "organization")
            return next(filter(None, (getattr(row, f"{key}_name") for key in keys)), None)
        case "owner" | "stage" | "phase" | "assigned_to":
            return str(getattr(row, name))
    return getattr(row, name, None)
