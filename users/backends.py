from typing import Any

from django.contrib.auth.backends import ModelBackend

from common.addresses import normalise_address
from users.models import User


class AddressBackend(ModelBackend):
    """Sign-in by e-mail address in whatever spelling, and users with their preferences in the
    one query that each request makes anyway."""

    def authenticate(  # type: ignore[override]
        self, request: Any, email: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        if not email or password is None:
            return None
        # The parent hashes the password for an unknown address too: both take the same time.
        return super().authenticate(request, username=normalise_address(email), password=password)

    def get_user(self, user_id: int) -> User | None:
        user = User.objects.select_related("preferences").filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
