"""Work in pieces whose worker died, found by the moment when one was last seen at it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone


def taken_up(unfinished: QuerySet[Any], *, lost_after: timedelta) -> Iterator[int]:
    """Keys of rows whose `touched_at` is longer ago than that; each is to be given to a worker.

    Taking one touches it, by compare-and-set: of two sweepers one gets it.
    """
    now = timezone.now()
    lost = unfinished.filter(touched_at__lt=now - lost_after)
    for pk, touched_at in list(lost.values_list("pk", "touched_at")):
        if unfinished.filter(pk=pk, touched_at=touched_at).update(touched_at=now):
            yield pk
