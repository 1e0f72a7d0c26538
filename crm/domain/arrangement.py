"""How a company arranges its work: pipelines with stages, boards with phases, labels.

Nothing that deals or projects stand in is ever deleted: a pipeline or board is archived, and a
stage or phase goes only when it is empty.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.errors import NotPossibleError
from crm.models import Board, Phase, Pipeline, RecordLabel, Stage

Way = Pipeline | Board
Step = Stage | Phase


def ways(model: Any) -> list[Any]:
    """All pipelines or boards, those in use first, with the number of open deals or projects."""
    held = "deals" if model is Pipeline else "projects"
    still_open = Q(**{f"{held}__status": "open", f"{held}__deleted_at__isnull": True})
    rows = model.objects.annotate(open_count=Count(held, filter=still_open))
    return sorted(rows.order_by("position", "pk"), key=lambda way: way.archived_at is not None)


def add_way(model: Any, *, name: str, first_step: str) -> Any:
    """A new pipeline or board with one stage or phase, so that it can be used at once."""
    last = model.objects.aggregate(last=Max("position"))["last"]
    with transaction.atomic():
        way = model.objects.create(name=name, position=0 if last is None else last + 1)
        steps_of(way).create(name=first_step, position=0)
    return way


def steps_of(way: Way) -> Any:
    return way.stages if isinstance(way, Pipeline) else way.phases


def held_by(step: Step) -> int:
    """How many deals or projects stand in it, of whatever state, those in the bin as well."""
    return step.deals.count() if isinstance(step, Stage) else step.projects.count()


def save_steps(way: Way, *, kept: Sequence[Step], removed: Sequence[Step]) -> None:
    """Saves stages or phases in the order given and removes the others."""
    with transaction.atomic():
        for step in removed:
            if held_by(step):
                raise NotPossibleError(
                    _("“%(name)s” is not empty. Move what stands in it first.") % {"name": step}
                )
            step.delete()
        if not kept:
            raise NotPossibleError(_("At least one has to stay."))
        for position, step in enumerate(kept):
            step.position = position
            step.save()


def archive_way(way: Way) -> None:
    """Out of every choice. What stands in it stays where it is; the last one cannot go."""
    with transaction.atomic():
        others = type(way).objects.filter(archived_at__isnull=True).exclude(pk=way.pk)
        if not others.exists():
            raise NotPossibleError(_("This is the last one in use. Add another one first."))
        type(way).objects.filter(pk=way.pk, archived_at__isnull=True).update(
            archived_at=timezone.now()
        )


def unarchive_way(way: Way) -> None:
    type(way).objects.filter(pk=way.pk).update(archived_at=None)


def labels_by_kind() -> dict[str, list[RecordLabel]]:
    found: dict[str, list[RecordLabel]] = {}
    for label in RecordLabel.objects.all():
        found.setdefault(label.kind, []).append(label)
    return found
