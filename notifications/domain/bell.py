"""The bell: a line for a user about something that happened.

A row holds a kind and a number. The words are made when the line is shown, for the reader, from
what the reader may see then: what was taken away meanwhile is not told any more. An app teaches
the bell a kind in its `ready()`:

    register_kind("email-opened", lines_for_opened)

where `lines_for_opened(reader, subject_ids)` returns a `Line` for each id the reader may see,
in a constant number of queries, and leaves out the others.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise

from common.opaque import seal
from notifications.domain.live import ring
from notifications.models import Notification
from users.models import User

PAGE = 50
MOST_COUNTED = 100
KEPT_FOR = timedelta(days=90)


@dataclass(frozen=True)
class Line:
    """What the reader sees: a sentence, where it leads, and a picture for its kind."""

    text: str | Promise
    url: str
    icon: str = "bell"


@dataclass(frozen=True)
class ShownNotification:
    pk: int
    line: Line
    created_at: datetime
    is_read: bool

    @property
    def key(self) -> str:
        return seal("notification", self.pk)


@dataclass(frozen=True)
class Page:
    notifications: list[ShownNotification]
    older_than: int | None

    @property
    def newest_key(self) -> str:
        """The first line; empty when there is none."""
        return self.notifications[0].key if self.notifications else ""

    @property
    def older_key(self) -> str:
        """Behind which line the next page begins; empty on the last one."""
        return seal("notification", self.older_than) if self.older_than is not None else ""


Renderer = Callable[[User, set[int]], Mapping[int, Line]]
_renderers: dict[str, Renderer] = {}


def register_kind(kind: str, renderer: Renderer) -> None:
    _renderers[kind] = renderer


@transaction.atomic
def notify(users: Iterable[User], *, kind: str, subject_id: int) -> None:
    """Puts a line behind the bell of each active user."""
    if kind not in _renderers:
        raise ValueError(kind)
    readers = {user.pk for user in users if user.is_active}
    Notification.objects.bulk_create(
        [Notification(user_id=pk, kind=kind, subject_id=subject_id) for pk in sorted(readers)]
    )
    ring(readers, "bell-changed")


def page_for(reader: User, *, older_than: int | None = None) -> Page:
    """Newest first. Lines about what the reader may no longer see are left out."""
    rows = Notification.objects.filter(user=reader).order_by("-pk")
    if older_than is not None:
        rows = rows.filter(pk__lt=older_than)
    found = list(rows[: PAGE + 1])
    shown = _render(reader, found[:PAGE])
    return Page(notifications=shown, older_than=found[PAGE - 1].pk if len(found) > PAGE else None)


def unread_count(reader: User) -> int:
    """How many unread lines the reader can see; counted up to a hundred."""
    rows = Notification.objects.filter(user=reader, read_at=None).order_by("-pk")
    return len(_render(reader, list(rows[:MOST_COUNTED])))


@transaction.atomic
def mark_read(reader: User, *, up_to: int) -> None:
    """Everything up to this line counts as read; what came after the page was made does not."""
    unread = Notification.objects.filter(user=reader, read_at=None, pk__lte=up_to)
    if unread.update(read_at=timezone.now()):
        ring([reader.pk], "bell-changed")


def open_line(reader: User, pk: int) -> str | None:
    """Marks one line as read; returns where it leads, None when the reader may not see it."""
    rows = Notification.objects.filter(user=reader, pk=pk)
    shown = _render(reader, list(rows))
    if not shown:
        return None
    if rows.filter(read_at=None).update(read_at=timezone.now()):
        ring([reader.pk], "bell-changed")
    return shown[0].line.url


def prune_notifications() -> int:
    """Removes lines nobody scrolls back to; returns how many."""
    return Notification.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()[0]


def _render(reader: User, rows: list[Notification]) -> list[ShownNotification]:
    wanted: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        wanted[row.kind].add(row.subject_id)
    lines = {
        kind: _renderers[kind](reader, ids) for kind, ids in wanted.items() if kind in _renderers
    }
    return [
        ShownNotification(row.pk, line, row.created_at, row.read_at is not None)
        for row in rows
        if (line := lines.get(row.kind, {}).get(row.subject_id))
    ]
