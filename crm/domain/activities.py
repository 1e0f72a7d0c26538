"""Activities, notes: what was and what is to be done about a record."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from crm.domain.deals import touch_deal
from crm.domain.records import announce_deal
from crm.models import Activity, Note, Record
from users.models import User


def add_activity(*, by: User, title: str, **fields: Any) -> Activity:
    """Plans something for the user, or for a colleague."""
    assigned_to = fields.pop("assigned_to", None) or by
    with transaction.atomic():
        activity = Activity.objects.create(
            title=title.strip(), assigned_to=assigned_to, created_by=by, **fields
        )
        _touch(activity)
    return activity


def change_activity(activity: Activity, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(activity, name, value)
    with transaction.atomic():
        activity.save(update_fields=list(fields))
        _touch(activity)


def finish_activity(activity: Activity) -> None:
    with transaction.atomic():
        rows = Activity.objects.filter(pk=activity.pk, done_at__isnull=True)
        if rows.update(done_at=timezone.now()):
            _touch(activity)
    activity.refresh_from_db()


def reopen_activity(activity: Activity) -> None:
    with transaction.atomic():
        if Activity.objects.filter(pk=activity.pk).update(done_at=None):
            _touch(activity)
    activity.refresh_from_db()


def delete_activity(activity: Activity) -> None:
    with transaction.atomic():
        _touch(activity)
        activity.delete()


def add_note(record: Record, *, by: User, text: str) -> Note:
    with transaction.atomic():
        note = Note.objects.create(author=by, text=text.strip(), **{str(record.kind): record})
        if note.deal_id:
            touch_deal(note.deal_id)
    return note


def change_note(note: Note, *, text: str) -> None:
    note.text = text.strip()
    note.save(update_fields=["text", "updated_at"])


def pin_note(note: Note) -> None:
    Note.objects.filter(pk=note.pk).update(pinned_at=timezone.now())


def unpin_note(note: Note) -> None:
    Note.objects.filter(pk=note.pk).update(pinned_at=None)


def _touch(activity: Activity) -> None:
    """The deal is not rotting, and its card shows another next activity."""
    if activity.deal_id:
        touch_deal(activity.deal_id)
        announce_deal(activity.deal_id)
