"""Proof of life: the scheduler rings, the broker carries, a worker answers."""

import time

from celery import shared_task
from django.core.cache import cache

LAST_TICK = "ops:tick:{queue}"
DAY = 86_400


@shared_task
def tick(queue: str) -> None:
    cache.set(LAST_TICK.format(queue=queue), time.time(), timeout=DAY)


def last_tick(queue: str) -> float | None:
    """When a worker of this queue last did something for the scheduler."""
    moment: float | None = cache.get(LAST_TICK.format(queue=queue))
    return moment
