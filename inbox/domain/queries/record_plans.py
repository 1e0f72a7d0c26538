"""What is planned for a record: activities, and mail that waits for its time.

A mail on its way is seen by those whose account sends it, as in the outbox; to others it shows once
it is sent, if it is shared. It is this record's by what it will be linked to then: the record that
it was written from, the conversation that it answers, the people whom it goes to.
"""

from typing import Any

from django.utils import timezone

from common.addresses import normalise_address
from crm.domain.queries.timeline import PLANNED, planned
from crm.enums import RecordKind
from crm.models import Person, PersonEmail
from inbox.domain.queries.outgoing import Waiting, outbox_of
from mailsync.enums import SubmissionState
from mailsync.models import Thread, ThreadLink

# Of what waits for one user: recipients are compared here, not in the database.
LOOKED_AT = 500


def plans_of(record: Any, *, user: Any, with_activities: bool) -> list[tuple[str, Any]]:
    """Activities and mail by day, what has no day last."""
    found: list[tuple[bool, Any, str, Any]] = [
        (False, timezone.localdate(one.submission.send_at), "mail", one)
        for one in scheduled_for(record, user=user)
    ]
    today = timezone.localdate()
    found += [
        (one.due is None, one.due or today, "activity", one)
        for one in (planned(record, user=user) if with_activities else ())
    ]
    # Within a day each kind keeps its own order, which is by time.
    found.sort(key=lambda one: one[:3])
    return [(what, one) for _last, _day, what, one in found]


def scheduled_for(record: Any, *, user: Any) -> list[Waiting]:
    """Mail of this user and his teams that leaves at a chosen time, the next first."""
    rows = outbox_of(user).filter(state=SubmissionState.QUEUED, undo_until=None, attempts=0)
    rows = rows.select_related("account", "created_by", "draft__parent").order_by("send_at", "pk")
    waiting = [one for one in map(Waiting, rows[:LOOKED_AT]) if one.is_scheduled]
    if not waiting:
        return []
    person_ids, addresses = _of_people(record, user, waiting)
    threads = _linked(record, user, {_thread_id(one) for one in waiting} - {None})
    written_for = f"{record.kind}_id"
    return [
        one
        for one in waiting
        if getattr(one.draft, written_for, None) == record.pk
        or _thread_id(one) in threads
        or (one.draft and one.draft.person_id in person_ids)
        or not addresses.isdisjoint(_recipients(one))
    ][:PLANNED]


def _thread_id(one: Waiting) -> int | None:
    parent = one.draft.parent if one.draft else None
    return one.submission.thread_id or (parent.thread_id if parent else None)


def _linked(record: Any, user: Any, thread_ids: set[int | None]) -> set[int]:
    """Which of these conversations are linked to the record."""
    links = ThreadLink.objects.standing().filter(**{str(record.kind): record})
    links = links.filter(thread__in=thread_ids)
    seen = Thread.objects.visible_to(user).filter(pk__in=links.values("thread"))
    return set(seen.values_list("pk", flat=True))


def _recipients(one: Waiting) -> set[str]:
    return {normalise_address(address) for address in one.submission.envelope_to}


def _of_people(record: Any, user: Any, waiting: list[Waiting]) -> tuple[set[int], set[str]]:
    """Of the persons and addresses in this mail those of the record, as far as the user may know
    of them. A deal, lead or project gets no mail for its people alone: they may have several."""
    if record.kind not in (RecordKind.PERSON, RecordKind.ORGANIZATION):
        return set(), set()
    people = Person.objects.visible_to(user)
    if record.kind == RecordKind.PERSON:
        people = people.filter(pk=record.pk)
    else:
        people = people.filter(organization=record)
    written_for = {one.draft.person_id for one in waiting if one.draft and one.draft.person_id}
    wanted = {address for one in waiting for address in _recipients(one)}
    rows = PersonEmail.objects.filter(person__in=people.values("pk"))
    return (
        set(people.filter(pk__in=written_for).values_list("pk", flat=True)),
        {address for address in rows.values_list("address", flat=True) if address in wanted},
    )
