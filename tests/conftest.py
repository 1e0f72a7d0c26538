"""The cast: who plays which part in every test about rights.

alice owns the mail account · bob is her teammate and sees the linked deal · carol is in the
company without access · grace sees the linked deal and is no teammate · heidi manages alice's
team where a test puts them in one · dana is an administrator and must not see private mail
either · eve has been deactivated · nobody is signed in last.
"""

import gc
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from django.db import connection
from django.test import Client

from mailsync.models import MailAccount
from tests.factories.mail import make_account
from tests.factories.users import make_one_of_the_cast
from tests.migrated import keep_migrated
from users.middleware import FirstRunMiddleware
from users.models import Company, User

pytest_plugins = ["tests.servers.fixtures"]

# Two cores may be busy with the neighbours: a slow example is no wrong one.
hypothesis.settings.register_profile("dealpost", deadline=None)
hypothesis.settings.load_profile("dealpost")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is about the other database alone; the same run there has it."""
    other = "sqlite" if connection.vendor == "postgresql" else "postgresql"
    others = [item for item in items if item.get_closest_marker(other)]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


def pytest_collection_finish(session: pytest.Session) -> None:
    """All that is there now stays to the end: the collector need not walk through it each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None, pytestconfig: pytest.Config
) -> None:
    """Called by pytest-django right before it makes the database."""
    keep_migrated(pytestconfig)


@pytest.fixture(scope="session", autouse=True)
def no_session_left(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Threads of their own (live events) may still hold a connection when the database goes."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(autouse=True)
def first_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins with an installation that nobody has looked at."""
    monkeypatch.setattr(FirstRunMiddleware, "done", False)


@pytest.fixture
def company(db: None) -> Company:
    return Company.objects.create(pk=1, name="Northwind")


@pytest.fixture
def alice(company: Company) -> User:
    return make_one_of_the_cast("alice")


@pytest.fixture
def bob(company: Company) -> User:
    return make_one_of_the_cast("bob")


@pytest.fixture
def carol(company: Company) -> User:
    return make_one_of_the_cast("carol")


@pytest.fixture
def grace(company: Company) -> User:
    return make_one_of_the_cast("grace")


@pytest.fixture
def heidi(company: Company) -> User:
    return make_one_of_the_cast("heidi")


@pytest.fixture
def dana(company: Company) -> User:
    return make_one_of_the_cast("dana")


@pytest.fixture
def eve(company: Company) -> User:
    return make_one_of_the_cast("eve")


@pytest.fixture
def account(alice: User) -> MailAccount:
    return make_account(alice)


@pytest.fixture
def signed_in() -> type:
    """`signed_in.as_(user)` gives a client of that user."""

    class SignedIn:
        @staticmethod
        def as_(user: User) -> Client:
            client = Client()
            client.force_login(user)
            return client

    return SignedIn
