"""What the table of tests/authorisation.py is about: the cast, and the rows its URLs point at.

`scene` makes it for one test. `world` makes it once for a file, with the mail of all cases and
everybody signed in: each cell of the table takes it untouched and gives back what it changed.
"""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, cast

import pytest
from django.db import transaction
from django.test import Client, override_settings
from django.utils import timezone

from notifications.domain import bell
from notifications.models import Notification
from sharing.models import VisibilityGroup
from tests.authorisation import ADMINISTRATORS, EVERYBODY, OPERATORS, USERS, Row
from tests.authorisation_mail import mail_of
from tests.factories.users import CAST, make_one_of_the_cast, make_user
from users.models import Company, Invitation, Team, User

# Who is let in, and who is not.
SOMEBODY = ("alice", "bob", "grace", "carol", "heidi", "dana")
NOBODY = ("nobody", "eve")


@dataclass
class Scene:
    """What the URLs point at. `team` is alice's, managed by heidi; `member` is a user
    whom nobody of the cast is."""

    alice: User
    bob: User
    carol: User
    dana: User
    eve: User
    grace: User
    heidi: User
    member: User
    team: Team
    group: VisibilityGroup
    invitation: Invitation
    notification: Notification


def make_scene(people: dict[str, User]) -> Scene:
    bell.register_kind("test", lambda reader, ids: {pk: bell.Line("A line", "/") for pk in ids})
    bell.notify([people["bob"]], kind="test", subject_id=1)
    team = Team.objects.create(name="North")
    team.memberships.create(user=people["alice"])
    team.memberships.create(user=people["heidi"], is_manager=True)
    return Scene(
        **people,
        member=make_user("member@northwind.example"),
        team=team,
        group=VisibilityGroup.objects.create(name="North"),
        invitation=Invitation.objects.create(
            email="frida@northwind.example",
            token_digest="0" * 64,
            invited_by=people["dana"],
            expires_at=timezone.now(),
        ),
        notification=Notification.objects.get(),
    )


@pytest.fixture
def scene(
    request: pytest.FixtureRequest,
    company: Company,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    tmp_path: Path,
) -> Scene:
    settings.BLOB_DIR = tmp_path / "blobs"
    monkeypatch.setattr(bell, "_renderers", {})
    return make_scene({name: request.getfixturevalue(name) for name in CAST})


@dataclass(frozen=True)
class World:
    """One company for many cells: its rows stand in the database, what points at them is kept."""

    kept: bytes
    sessions: dict[str, SimpleCookie]

    def scene(self) -> Scene:
        """The scene, which no other cell has touched."""
        return cast("Scene", pickle.loads(self.kept))

    def browser(self, who: str) -> Client:
        """A new one, with somebody's session."""
        client = Client()
        kept = self.sessions.get(who, SimpleCookie())
        client.cookies = SimpleCookie({name: morsel.value for name, morsel in kept.items()})
        return client


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    blobs = override_settings(BLOB_DIR=tmp_path_factory.mktemp("world") / "blobs")
    with django_db_blocker.unblock(), blobs, pytest.MonkeyPatch.context() as patch, taken_back():
        patch.setattr(bell, "_renderers", {})
        Company.objects.create(pk=1, name="Northwind")
        scene = make_scene({name: make_one_of_the_cast(name) for name in CAST})
        mail_of(scene)
        sessions = {}
        for name in CAST:
            client = Client()
            client.force_login(getattr(scene, name))
            sessions[name] = client.cookies
        yield World(pickle.dumps(scene), sessions)


@contextmanager
def taken_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def goes_through(row: Row, who: str) -> bool:
    if row.rights == EVERYBODY:
        return True
    if who in NOBODY:
        return False
    if row.rights in {ADMINISTRATORS, OPERATORS}:
        return who == "dana"
    return row.rights == USERS or who in row.rights
