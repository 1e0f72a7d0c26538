from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UserSessionQuerySet(models.QuerySet["UserSession"]):
    def alive(self) -> Self:
        """Sessions that still open a page: not too old, and used lately."""
        now = timezone.now()
        return self.filter(
            expire_date__gt=now,
            created_at__gt=now - timedelta(seconds=settings.SESSION_COOKIE_AGE),
            seen_at__gt=now - timedelta(seconds=settings.SESSION_IDLE_SECONDS),
        )


class UserSessionManager(BaseSessionManager.from_queryset(UserSessionQuerySet)):  # type: ignore[misc]
    pass


class UserSession(AbstractBaseSession):
    """A signed-in browser. Its user can see it in a list and end it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="sessions"
    )
    browser = models.CharField(_("browser"), max_length=80, blank=True)
    address = models.GenericIPAddressField(_("signed in from"), null=True, blank=True)
    created_at = models.DateTimeField(_("signed in"), default=timezone.now)
    seen_at = models.DateTimeField(_("last used"), default=timezone.now)

    objects = UserSessionManager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")

    def __str__(self) -> str:
        return "Session"

    @classmethod
    def get_session_store_class(cls) -> Any:
        from users.sessions import SessionStore  # leaf: the store imports this model

        return SessionStore
