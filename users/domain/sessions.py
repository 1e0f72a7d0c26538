"""Signed-in browsers: which there are, and ending them."""

import hashlib
from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from users.models import User, UserSession


def sessions_of(user: User) -> QuerySet[UserSession]:
    sessions: QuerySet[UserSession] = UserSession.objects.alive().filter(user=user)
    return sessions.order_by("-seen_at")


def end_sessions(user: User, *, keep: str | None = None) -> int:
    """Signs the user out everywhere, save in the browser whose session key is `keep`."""
    sessions = UserSession.objects.filter(user=user)
    if keep:
        sessions = sessions.exclude(session_key=keep)
    return int(sessions.delete()[0])


def handle_of(session: UserSession) -> str:
    """What stands for a session on a page: its key would open it for whoever copies the page."""
    return hashlib.sha256(session.session_key.encode()).hexdigest()[:20]


def end_session(user: User, *, handle: str) -> bool:
    """Ends one of the user's own sessions; False when it is not among them."""
    keys = [row.pk for row in sessions_of(user) if handle_of(row) == handle]
    return bool(UserSession.objects.filter(user=user, pk__in=keys).delete()[0])


def living_keys(keys: set[str]) -> set[str]:
    """Those of the session keys that still belong to somebody who may sign in."""
    alive = UserSession.objects.alive().filter(session_key__in=keys, user__is_active=True)
    return set(alive.values_list("session_key", flat=True))


def prune_sessions() -> int:
    """Removes the rows of ended sessions; returns how many."""
    now = timezone.now()
    idle = timedelta(seconds=settings.SESSION_IDLE_SECONDS)
    ended = UserSession.objects.filter(expire_date__lte=now) | UserSession.objects.filter(
        seen_at__lte=now - idle
    )
    return int(ended.delete()[0])
