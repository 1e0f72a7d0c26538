"""Colleagues for tests."""

from typing import Any

from users.models import User


def make_user(email: str, **fields: Any) -> User:
    """A user who can sign in with the password "a long password"."""
    name = fields.pop("name", email.partition("@")[0].title())
    return User.objects.create_user(email, "a long password", name=name, **fields)
