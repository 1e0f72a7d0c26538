"""Where sessions are kept: one row each, which knows its user and when it was last used.

A session ends 12 hours after its last use and 30 days after sign-in, whichever is first. The
store itself refuses an ended one, so no page can forget to ask. Use is written down every few
minutes (`touch`), not with each request.
"""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

BROWSER_KEY = "browser"
ADDRESS_KEY = "address"
TOUCH_EVERY = timedelta(minutes=5)


class SessionStore(DatabaseStore):
    created_at: datetime | None = None
    seen_at: datetime | None = None

    @classmethod
    def get_model_class(cls) -> Any:
        from users.models.session import UserSession  # app ready: engines load before models

        return UserSession

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row = super().create_model_instance(data)
        row.user_id = data.get(SESSION_KEY)
        row.browser = data.get(BROWSER_KEY, "")
        row.address = data.get(ADDRESS_KEY)
        row.created_at = self.created_at or timezone.now()
        row.seen_at = self.seen_at or timezone.now()
        return row

    def cycle_key(self) -> None:
        # A new key follows a password: the 30 days start again.
        self.created_at = self.seen_at = None
        super().cycle_key()

    async def acycle_key(self) -> None:
        self.created_at = self.seen_at = None
        await super().acycle_key()

    def flush(self) -> None:
        self.created_at = self.seen_at = None
        super().flush()

    async def aflush(self) -> None:
        self.created_at = self.seen_at = None
        await super().aflush()

    def touch(self) -> None:
        """Writes down that the session is in use, unless that was done a moment ago."""
        now = timezone.now()
        if self.seen_at is None or now - self.seen_at < TOUCH_EVERY:
            return
        self.seen_at = now
        self.model.objects.filter(session_key=self.session_key).update(seen_at=now)

    def _get_session_from_db(self) -> Any:
        return self._remember(
            self.model.objects.alive().filter(session_key=self.session_key).first()
        )

    async def _aget_session_from_db(self) -> Any:
        return self._remember(
            await self.model.objects.alive().filter(session_key=self.session_key).afirst()
        )

    def _remember(self, row: Any) -> Any:
        if row is None:
            # As the parent does: an unknown key is never taken over, a new one is made.
            self._session_key = None
            return None
        self.created_at, self.seen_at = row.created_at, row.seen_at
        return row
