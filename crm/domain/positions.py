"""Places in a column of a board, as fractions: a move writes one row.

Between two neighbours goes their middle. When halving has used up the precision, the column is
numbered anew; with GAP between fresh neighbours that is after some forty moves to one spot.
"""

from typing import Any

from django.db import models

GAP = 1024.0
TOO_CLOSE = 1e-6


def position_before(column: models.QuerySet[Any], *, before: int | None) -> float:
    """The position in `column` right before the row with this key; None: at the end."""
    if before is None:
        return last_position(column) + GAP
    target = column.filter(pk=before).values_list("position", flat=True).first()
    if target is None:
        return last_position(column) + GAP
    above = column.filter(position__lt=target).aggregate(top=models.Max("position"))["top"]
    if above is None:
        return float(target) - GAP
    if target - above < TOO_CLOSE:
        _number_anew(column)
        return position_before(column, before=before)
    return float(above + target) / 2


def last_position(column: models.QuerySet[Any]) -> float:
    last = column.aggregate(last=models.Max("position"))["last"]
    return float(last) if last is not None else 0.0


def _number_anew(column: models.QuerySet[Any]) -> None:
    rows = list(column.order_by("position", "pk"))
    for index, row in enumerate(rows, start=1):
        row.position = index * GAP
    column.model.objects.bulk_update(rows, ["position"], batch_size=500)
