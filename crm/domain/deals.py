"""Deals on their way: moved from stage to stage, won, lost, opened again.

    open --win--> won      open --lose--> lost      won, lost --reopen--> open

Each change of state is a compare-and-set: of two colleagues who act at once, one acts.
"""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.domain.positions import GAP, last_position, position_before
from crm.domain.records import announce_closed, announce_deal, announce_opened, save_change
from crm.enums import DealStatus
from crm.errors import ConflictError, NotPossibleError
from crm.models import Deal, DealParticipant, Person, Stage
from users.models import User


def add_deal(*, by: User, title: str, stage: Stage, **fields: Any) -> Deal:
    """Makes an open deal at the end of its column."""
    owner = fields.pop("owner", None) or by
    with transaction.atomic():
        column = open_column(stage)
        deal = Deal.objects.create(
            title=title.strip(),
            owner=owner,
            stage=stage,
            pipeline_id=stage.pipeline_id,
            position=last_position(column) + GAP,
            **fields,
        )
        announce_opened(deal)
        announce_deal(deal.pk)
    return deal


def change_deal(deal: Deal, *, version: int | None = None, **fields: Any) -> None:
    """Changes what is written on the deal; its stage and state have their own functions."""
    for name, value in fields.items():
        setattr(deal, name, value)
    deal.touched_at = timezone.now()
    with transaction.atomic():
        save_change(deal, fields=[*fields, "touched_at"], version=version)
        announce_deal(deal.pk)


def open_column(stage: Stage) -> Any:
    return Deal.objects.kept().filter(
        pipeline=stage.pipeline_id, status=DealStatus.OPEN, stage=stage
    )


def move_deal(
    deal: Deal, *, stage: Stage, before: int | None = None, version: int | None = None
) -> None:
    """Puts an open deal into a stage, before another card or at the end of the column.

    A stage of another pipeline moves it there. Raises ConflictError when the deal has been
    changed since `version`.
    """
    now = timezone.now()
    with transaction.atomic():
        changes: dict[str, Any] = {
            "stage": stage,
            "pipeline": stage.pipeline_id,
            "position": position_before(open_column(stage).exclude(pk=deal.pk), before=before),
            "updated_at": now,
            "version": F("version") + 1,
        }
        if stage.pk != deal.stage_id:
            changes |= {"stage_changed_at": now, "touched_at": now}
        rows = Deal.objects.kept().filter(pk=deal.pk, status=DealStatus.OPEN)
        if version is not None:
            rows = rows.filter(version=version)
        if not rows.update(**changes):
            raise ConflictError(_("This deal was changed meanwhile."))
        announce_deal(deal.pk)
    deal.refresh_from_db()


def win_deal(deal: Deal) -> None:
    now = timezone.now()
    _change_status(deal, came_from=[DealStatus.OPEN], status=DealStatus.WON, won_at=now)


def lose_deal(deal: Deal, *, reason: str = "") -> None:
    _change_status(
        deal,
        came_from=[DealStatus.OPEN],
        status=DealStatus.LOST,
        lost_at=timezone.now(),
        lost_reason=reason.strip()[:200],
    )


def reopen_deal(deal: Deal) -> None:
    _change_status(
        deal,
        came_from=[DealStatus.WON, DealStatus.LOST],
        status=DealStatus.OPEN,
        won_at=None,
        lost_at=None,
        lost_reason="",
    )


def _change_status(
    deal: Deal, *, came_from: Iterable[DealStatus], status: DealStatus, **moments: Any
) -> None:
    with transaction.atomic():
        changed = (
            Deal.objects.kept()
            .filter(pk=deal.pk, status__in=came_from)
            .update(
                status=status,
                touched_at=timezone.now(),
                updated_at=timezone.now(),
                version=F("version") + 1,
                **moments,
            )
        )
        deal.refresh_from_db()
        if not changed:
            if deal.status == status:
                return  # said twice, done once
            raise NotPossibleError(_("This deal is not in a state for that any more."))
        if status == DealStatus.OPEN:
            announce_opened(deal)
        else:
            announce_closed(deal)
        announce_deal(deal.pk)


def add_participant(deal: Deal, *, person: Person) -> None:
    DealParticipant.objects.get_or_create(deal=deal, person=person)


def remove_participant(deal: Deal, *, person_id: int) -> None:
    DealParticipant.objects.filter(deal=deal, person=person_id).delete()


def touch_deal(deal_id: int) -> None:
    """Something was done about the deal: it is not rotting."""
    Deal.objects.filter(pk=deal_id).update(touched_at=timezone.now())
