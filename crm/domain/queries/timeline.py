"""What happened around a record, newest first, and what is planned.

Notes, activities and files are one UNION, so that the database puts them in order and a page is
a page whatever it is made of.
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
IS_PINNED, IS_PAST = range(2)
# What a part of the UNION has in the columns that it knows nothing about.
NOTHING: dict[str, Any] = {
    "title_": Value("", output_field=CharField()),
    "body": Value("", output_field=TextField()),
    "size_": Value(0, output_field=BigIntegerField()),
    "choice": Value("", output_field=CharField()),
    # PostgreSQL takes a bare NULL for text before it meets the dates of the other parts.
    "due": Cast(Value(None), DateField()),
}
ACTIVITY: dict[str, Any] = {
    "title_": F("title"),
    "body": F("note"),
    "who": "assigned_to",
    "choice": F("kind"),
    "due": F("due_date"),
}


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

    entries: list[Entry]
    more_before: datetime | None


def timeline(
    record: Record, *, user: User, kinds: tuple[str, ...], before: datetime | None = None
) -> Timeline:
    """A page of what happened, of these kinds, about a record that the user sees.

    The first page begins with what is pinned.
    """
    makers = {"note": _notes, "activity": _done, "file": _files}
    parts = [makers[kind](record, user) for kind in kinds]
    if before is not None:
        parts = [rows.filter(rank=IS_PAST, at__lt=before) for rows in parts]
    parts = [rows.order_by().values_list(*COLUMNS) for rows in parts]
    found = parts[0].union(*parts[1:], all=True).order_by("rank", "-at", "-key")
    entries = [Entry(*row) for row in found[: PINNED + PAGE + 1]]
    pinned = [entry for entry in entries if entry.is_pinned]
    past = [entry for entry in entries if not entry.is_pinned]
    more_before = past[PAGE - 1].at if len(past) > PAGE else None
    return Timeline(pinned + past[:PAGE], more_before)


def planned(record: Record, *, user: User) -> list[Entry]:
    """What is to be done about a record, what is due first before the rest."""
    rows = _activities(record, user).planned()
    rows = rows.order_by(
        F("due_date").asc(nulls_last=True), F("due_time").asc(nulls_last=True), "pk"
    )
    shown = _row(rows, "activity", rank=IS_PAST, at=F("created_at"), **ACTIVITY)
    return [Entry(*row) for row in shown.values_list(*COLUMNS)[:PLANNED]]


def _notes(record: Record, _user: User) -> QuerySet[Any]:
    rows = Note.objects.on(record)
    # More than a handful on top would hide what is new: the older of them stay in their place.
    first = rows.filter(pinned_at__isnull=False).order_by("-pinned_at").values("pk")[:PINNED]
    rank = Case(
        When(pk__in=first, then=Value(IS_PINNED)),
        default=Value(IS_PAST),
        output_field=IntegerField(),
    )
    return _row(rows, "note", rank=rank, at=F("created_at"), body=F("text"), who="author")


def _activities(record: Record, user: User) -> Any:
    return Activity.objects.visible_to(user).filter(**{str(record.kind): record})


def _done(record: Record, user: User) -> QuerySet[Any]:
    rows = _activities(record, user).filter(done_at__isnull=False)
    return _row(rows, "activity", rank=IS_PAST, at=F("done_at"), **ACTIVITY)


def _files(record: Record, _user: User) -> QuerySet[Any]:
    return _row(
        RecordFile.objects.on(record),
        "file",
        rank=IS_PAST,
        at=F("created_at"),
        title_=F("name"),
        who="uploaded_by",
        size_=F("size"),
    )


def _row(rows: Any, kind: str, *, rank: Any, at: Any, who: str, **given: Any) -> QuerySet[Any]:
    """These rows in the shape that all parts of the UNION have."""
    found: QuerySet[Any] = rows.annotate(
        rank=Value(rank) if isinstance(rank, int) else rank,
        kind_=Value(kind, output_field=CharField()),
        key=F("pk"),
        at=at,
        who=F(f"{who}__name"),
        **{**NOTHING, **given},
    )
    return found
