"""What happened around a record, newest first: notes, activities that were done, files."""

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from crm.models import Activity, Note, Record, RecordFile
from users.models import User

PAGE = 30


@dataclass(frozen=True, slots=True)
class Entry:
    kind: str
    at: datetime
    item: Any


def timeline(
    record: Record, *, user: User, kinds: tuple[str, ...], before: datetime | None = None
) -> tuple[list[Entry], datetime | None]:
    """A page of entries of these kinds, and from where the next page goes on."""
    entries: list[Entry] = []
    if "note" in kinds:
        entries += _page("note", notes_of(record, user=user), "created_at", before)
    if "activity" in kinds:
        done = activities_of(record, user=user).filter(done_at__isnull=False)
        entries += _page("activity", done, "done_at", before)
    if "file" in kinds:
        entries += _page("file", files_of(record, user=user), "created_at", before)
    entries.sort(key=attrgetter("at"), reverse=True)
    more = len(entries) > PAGE
    return entries[:PAGE], entries[PAGE - 1].at if more else None


def notes_of(record: Record, *, user: User) -> Any:
    rows = Note.objects.visible_to(user).filter(**{str(record.kind): record})
    return rows.select_related("author")


def activities_of(record: Record, *, user: User) -> Any:
    rows = Activity.objects.visible_to(user).filter(**{str(record.kind): record})
    return rows.select_related("assigned_to")


def files_of(record: Record, *, user: User) -> Any:
    rows = RecordFile.objects.visible_to(user).filter(**{str(record.kind): record})
    return rows.select_related("uploaded_by")


def planned_of(record: Record, *, user: User) -> list[Activity]:
    rows = activities_of(record, user=user).planned()
    return list(rows.order_by("due_date", "due_time", "pk")[:20])


def _page(kind: str, rows: Any, moment: str, before: datetime | None) -> list[Entry]:
    if before is not None:
        rows = rows.filter(**{f"{moment}__lt": before})
    return [
        Entry(kind, getattr(item, moment), item)
        for item in rows.order_by(f"-{moment}", "-pk")[: PAGE + 1]
    ]
