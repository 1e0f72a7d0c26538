"""Bells for open pages.

    ring([user.pk], "mail-changed")

inside the transaction that made the change: the bell is a row, so it rings exactly when and if
the change is committed. It says that something changed and never what: the page asks for what
it may see by its usual URL.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone

from notifications.models import LiveEvent

NAMES = frozenset(
    {
        "mail-changed",
        "counts-changed",
        "sync-changed",
        "deal-moved",
        "bell-changed",
        "outbox-changed",
        "presence-changed",
    }
)
KEPT_FOR = timedelta(minutes=15)


def ring(user_ids: Iterable[int], name: str) -> None:
    """Tells the open pages of these users that something of this kind changed."""
    if name not in NAMES:
        raise ValueError(name)
    LiveEvent.objects.bulk_create(
        [LiveEvent(user_id=user_id, name=name) for user_id in sorted(set(user_ids))]
    )


def prune_events() -> int:
    """Removes bells that every open page has heard; returns how many."""
    return LiveEvent.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()[0]
