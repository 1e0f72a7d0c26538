"""Who is writing an answer to a team's conversation right now, so that two do not answer at once.

An open window says so every twenty seconds, and that it is gone when it closes; one that died
says nothing and is forgotten.
"""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from inbox.models import Presence
from mailsync.domain.news import people_of
from mailsync.enums import AccountScope
from mailsync.models import Thread
from notifications.domain import live

SEEN_FOR = timedelta(seconds=50)
EVENT = "presence-changed"


def note(thread: Thread, *, by: Any) -> None:
    """He is writing. Only a team's conversation has others who could answer too."""
    if thread.account.scope != AccountScope.TEAM:
        return
    now = timezone.now()
    known = Presence.objects.filter(thread=thread, user=by)
    is_new = not known.filter(seen_at__gt=now - SEEN_FOR).exists()
    Presence.objects.update_or_create(thread=thread, user=by, defaults={"seen_at": now})
    if is_new:
        live.ring(people_of(thread.account), EVENT)


def leave(thread: Thread, *, by: Any) -> None:
    """He has stopped."""
    if Presence.objects.filter(thread=thread, user=by).delete()[0]:
        live.ring(people_of(thread.account), EVENT)


def others(thread: Thread, *, user: Any) -> list[str]:
    """Names of those who are writing, apart from this user."""
    rows = Presence.objects.filter(thread=thread, seen_at__gt=timezone.now() - SEEN_FOR)
    return list(rows.exclude(user=user).order_by("user__name").values_list("user__name", flat=True))


def forget_old() -> int:
    """Removes rows of windows that died."""
    return Presence.objects.filter(seen_at__lt=timezone.now() - timedelta(days=1)).delete()[0]
