"""What happened around a record, newest first, and what is planned: one query for all of it.

Notes, activities and files are one UNION, so that the database puts them in order and a page is
a page whatever it is made of. What is planned and what is pinned stands above the rest.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    DateField,
    F,
    IntegerField,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast

from crm.enums import ActivityKind
from crm.models import Activity, Note, Record, RecordFile
from users.models import User

PAGE = 30
PLANNED = 20
PINNED = 5
COLUMNS = ("rank", "kind_", "key", "at", "title_", "body", "who", "size_", "choice", "due")
IS_PLANNED, IS_PINNED, IS_PAST = range(3)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: a `note`, an `activity` or a `file`. `choice` is the kind of the activity."""

    rank: int
    kind: str
    pk: int
    at: datetime
    title: str
    body: str
    who: str
    size: int
    choice: str
    due: date | None

    @property
    def is_pinned(self) -> bool:
        return self.rank == IS_PINNED

    @property
    def choice_text(self) -> str:
        return str(ActivityKind(self.choice).label) if self.choice else ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """`more_before` says from where the next page goes on."""

    planned: list[Entry]
    entries: list[Entry]
    more_before: datetime | None


def timeline(
    record: Record, *, user: User, kinds: tuple[str, ...], before: datetime | None = None
) -> Timeline:
    """A page of entries of these kinds; the first page begins with planned and pinned ones."""
    makers = {"note": _notes, "activity": _activities, "file": _files}
    parts = [part for kind in kinds for part in makers[kind](record, user)]
    if before is not None:
        parts = [rows.filter(rank=IS_PAST, at__lt=before) for rows in parts]
    parts = [rows.order_by().values_list(*COLUMNS) for rows in parts]
    found = parts[0].union(*parts[1:], all=True).order_by("rank", "-at", "-key")
    entries = [Entry(*row) for row in found[: PLANNED + PINNED + PAGE + 1]]
    planned = [entry for entry in entries if entry.rank == IS_PLANNED]
    pinned = [entry for entry in entries if entry.rank == IS_PINNED]
    past = [entry for entry in entries if entry.rank == IS_PAST]
    planned.sort(key=lambda entry: (entry.due or date.max, entry.pk))
    more_before = past[PAGE - 1].at if len(past) > PAGE else None
    return Timeline(planned, pinned + past[:PAGE], more_before)


def _on(model: Any, record: Record, user: User) -> Any:
    return model.objects.visible_to(user).filter(**{str(record.kind): record})


def _notes(record: Record, user: User) -> list[QuerySet[Any]]:
    rows = _on(Note, record, user)
    # More than a handful on top would hide what is new: the older of them stay in their place.
    first = rows.filter(pinned_at__isnull=False).order_by("-pinned_at").values("pk")[:PINNED]
    rank = Case(
        When(pk__in=first, then=Value(IS_PINNED)),
        default=Value(IS_PAST),
        output_field=IntegerField(),
    )
    return [_row(rows, "note", rank=rank, at=F("created_at"), body=F("text"), who="author")]


def _activities(record: Record, user: User) -> list[QuerySet[Any]]:
    rows = _on(Activity, record, user)
    given: dict[str, Any] = {
        "title_": F("title"),
        "body": F("note"),
        "who": "assigned_to",
        "choice": F("kind"),
        "due": F("due_date"),
    }
    next_first = (F("due_date").asc(nulls_last=True), F("due_time").asc(nulls_last=True), "pk")
    planned = rows.filter(
        pk__in=rows.planned().order_by(*next_first).values("pk")[:PLANNED],
    )
    done = rows.filter(done_at__isnull=False)
    return [
        _row(planned, "activity", rank=Value(IS_PLANNED), at=F("created_at"), **given),
        _row(done, "activity", rank=Value(IS_PAST), at=F("done_at"), **given),
    ]


def _files(record: Record, user: User) -> list[QuerySet[Any]]:
    rows = _on(RecordFile, record, user)
    return [
        _row(
            rows,
            "file",
            rank=Value(IS_PAST),
            at=F("created_at"),
            title_=F("name"),
            who="uploaded_by",
            size_=F("size"),
        )
    ]


def _row(rows: Any, kind: str, *, rank: Any, at: Any, who: str, **given: Any) -> QuerySet[Any]:
    """These rows in the shape that all parts of the UNION have."""
    empty: dict[str, Any] = {
        "title_": Value("", output_field=CharField()),
        "body": Value("", output_field=TextField()),
        "size_": Value(0, output_field=BigIntegerField()),
        "choice": Value("", output_field=CharField()),
        # PostgreSQL takes a bare NULL for text before it meets the dates of the other parts.
        "due": Cast(Value(None), DateField()),
    }
    found: QuerySet[Any] = rows.annotate(
        rank=rank,
        kind_=Value(kind, output_field=CharField()),
        key=F("pk"),
        at=at,
        who=F(f"{who}__name"),
        **{**empty, **given},
    )
    return found
