"""Activities, notes: what was and what is to be done about a record."""

from datetime import date
from typing import Any, cast

from django.core import serializers
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from crm.domain.deals import touch_deal
from crm.domain.records import MODELS, announce_deal
from crm.enums import RecordKind
from crm.models import Activity, Note, Record
from crm.models.attached import RECORD_FIELDS
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


def delete_activity(activity: Activity) -> str:
    """Gives what `restore_activity` needs to bring it back."""
    kept: str = serializers.serialize("json", [activity])
    with transaction.atomic():
        _touch(activity)
        activity.delete()
    return kept


def restore_activity(kept: str, *, by: User) -> Activity | None:
    """The activity as it was, under its old id; None where its record is gone for good, or
    `by` would not see it any more. Restored twice it is there once."""
    (found,) = serializers.deserialize("json", kept)
    activity = cast("Activity", found.object)
    with transaction.atomic():
        if _about_something_gone(activity):
            return None
        if not Activity.objects.filter(pk=activity.pk).exists():
            found.save(force_insert=True)
        if not Activity.objects.visible_to(by).filter(pk=activity.pk).exists():
            transaction.set_rollback(True)
            return None
        _touch(activity)
    return activity


def _about_something_gone(activity: Activity) -> bool:
    """Rows in the bin are still there, and so is what they were about."""
    for name in RECORD_FIELDS:
        key = getattr(activity, f"{name}_id")
        if key and not MODELS[RecordKind(name)].objects.filter(pk=key).exists():
            return True
    return False


# --- Many at once -----------------------------------------------------------------------------


def assign_activities(activities: QuerySet[Activity], *, to: User) -> int:
    """Gives all of these to one colleague."""
    return _change_many(activities, assigned_to=to)


def set_due_date(activities: QuerySet[Activity], *, day: date | None) -> int:
    """Puts all of these on another day, the time of day kept."""
    return _change_many(activities, due_date=day)


def finish_activities(activities: QuerySet[Activity]) -> int:
    """Done, as far as they were not done yet."""
    return _change_many(activities.filter(done_at__isnull=True), done_at=timezone.now())


def delete_activities(activities: QuerySet[Activity]) -> int:
    ids, deals = _keys(activities)
    with transaction.atomic():
        Activity.objects.filter(pk__in=ids).delete()
        _touch_deals(deals)
    return len(ids)


def _change_many(activities: QuerySet[Activity], **values: Any) -> int:
    ids, deals = _keys(activities)
    with transaction.atomic():
        Activity.objects.filter(pk__in=ids).update(**values)
        _touch_deals(deals)
    return len(ids)


def _keys(activities: QuerySet[Activity]) -> tuple[list[int], set[int]]:
    """The activities, read once, and the deals that they are about."""
    rows = dict(activities.values_list("pk", "deal_id"))
    return list(rows), {deal for deal in rows.values() if deal}


def _touch_deals(deal_ids: set[int]) -> None:
    for deal_id in deal_ids:
        touch_deal(deal_id)
        announce_deal(deal_id)


# --- Notes ------------------------------------------------------------------------------------


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
