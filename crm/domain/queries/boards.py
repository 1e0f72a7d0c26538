"""The columns of a board: the first cards of each, sums and counts, in a handful of queries."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from crm.domain.queries.seen import with_linked_names, with_next_activity
from crm.models import Board, Deal, Phase, Pipeline, Project, Stage
from users.models import User

CARDS = 30


@dataclass
class Column:
    """A stage or phase with the cards that are shown."""

    stage: Any
    cards: list[Any] = field(default_factory=list)
    count: int = 0
    sums: list[tuple[str, Decimal]] = field(default_factory=list)
    more_after: int | None = None


def deal_columns(rows: QuerySet[Deal], pipeline: Pipeline, *, user: User) -> list[Column]:
    """Columns of `rows`, the open deals that the user sees and has filtered."""
    stages = list(pipeline.stages.all())
    rows = rows.filter(pipeline=pipeline)
    columns = {stage.pk: Column(stage=stage) for stage in stages}
    totals = (
        rows.order_by().values("stage_id", "currency").annotate(n=Count("pk"), total=Sum("value"))
    )
    for total in totals:
        column = columns.get(total["stage_id"])
        if column is not None:
            column.count += total["n"]
            if total["total"]:
                column.sums.append((total["currency"], total["total"]))
    first = _first_of_each(rows, field="stage", keys=list(columns))
    for card in deal_cards(Deal.objects.filter(first), user=user):
        card.stage = columns[card.stage_id].stage
        _add(columns[card.stage_id], card)
    return list(columns.values())


def deal_cards(rows: QuerySet[Deal], *, user: User) -> list[Any]:
    """Deals with what a card shows of them."""
    rows = with_next_activity(with_linked_names(rows, user=user))
    rows = rows.select_related("owner", "stage").prefetch_related("labels")
    cards = list(rows.order_by("position", "pk"))
    mark_rotting(cards)
    return cards


def mark_rotting(deals: list[Any]) -> None:
    """`is_rotting` and `idle_days`: nothing done about it for as long as its stage allows."""
    now = timezone.now()
    for deal in deals:
        deal.idle_days = (now - deal.touched_at) // timedelta(days=1)
        limit = deal.stage.rotting_days
        deal.is_rotting = deal.status == "open" and limit is not None and deal.idle_days >= limit


def project_columns(rows: QuerySet[Project], board: Board, *, user: User) -> list[Column]:
    phases: list[Phase] = list(board.phases.all())
    rows = rows.filter(board=board)
    columns = {phase.pk: Column(stage=phase) for phase in phases}
    counts = dict(rows.order_by().values_list("phase_id").annotate(n=Count("pk")))
    for pk, column in columns.items():
        column.count = counts.get(pk, 0)
    first = _first_of_each(rows, field="phase", keys=list(columns))
    for card in project_cards(Project.objects.filter(first), user=user):
        _add(columns[card.phase_id], card)
    return list(columns.values())


def project_cards(rows: QuerySet[Project], *, user: User) -> list[Any]:
    rows = with_next_activity(with_linked_names(rows, user=user))
    rows = rows.annotate(
        task_count=Count("tasks"), done_count=Count("tasks", filter=Q(tasks__done_at__isnull=False))
    )
    rows = rows.select_related("owner").prefetch_related("labels")
    return list(rows.order_by("position", "pk"))


def further_cards(rows: QuerySet[Any], *, stage: Stage | Phase, after: Any) -> Any:
    """The next cards of a column behind the card `after`."""
    name = "stage" if isinstance(stage, Stage) else "phase"
    behind = Q(position__gt=after.position) | Q(position=after.position, pk__gt=after.pk)
    ids = rows.filter(behind, **{name: stage}).order_by("position", "pk").values("pk")[:CARDS]
    return rows.model.objects.filter(pk__in=ids)


def _first_of_each(rows: QuerySet[Any], *, field: str, keys: list[int]) -> Q:
    """The first cards of every column by one query: short lists from the board index, joined.

    A window function over all open deals would sort all of them to show thirty of each, and an
    OR of the lists makes PostgreSQL read the whole table. SQLite knows no LIMIT in a part of a
    UNION, so each list stands one level deeper.
    """
    parts = [
        rows.model.objects.filter(
            pk__in=rows.filter(**{field: key}).order_by("position", "pk").values("pk")[:CARDS]
        )
        .order_by()
        .values("pk")
        for key in keys
    ]
    return Q(pk__in=parts[0].union(*parts[1:], all=True)) if parts else Q(pk__in=[])


def _add(column: Column, card: Any) -> None:
    column.cards.append(card)
    column.more_after = card.pk if len(column.cards) < column.count else None
