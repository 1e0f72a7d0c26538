"""Colleagues for tests."""

from typing import Any

from users.enums import Role
from users.models import User

# What they are beside colleagues; see tests/conftest.py.
CAST: dict[str, dict[str, Any]] = {
    "alice": {},
    "bob": {},
    "carol": {},
    "dana": {"role": Role.ADMINISTRATOR, "is_staff": True, "is_superuser": True},
    "eve": {"is_active": False},
    "grace": {},
    "heidi": {},
}


def make_user(email: str, **fields: Any) -> User:
    """A user who can sign in with the password "a long password"."""
    name = fields.pop("name", email.partition("@")[0].title())
    return User.objects.create_user(email, "a long password", name=name, **fields)


def make_one_of_the_cast(name: str) -> User:
    return make_user(f"{name}@northwind.example", **CAST[name])
