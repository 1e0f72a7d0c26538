"""The authorisation matrix: every URL, as each of the cast and as nobody, against the table in
tests/authorisation.py. A URL without a row fails.

A refusal writes nothing to the database, and where a row is hidden the answer is the one for a
row that does not exist.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from notifications.domain import bell
from notifications.models import Notification
from sharing.models import VisibilityGroup
from tests.authorisation import ADMINISTRATORS, EVERYBODY, OPERATORS, ROWS, USERS, Row
from tests.authorisation_mail import mail_of
from tests.changes import changes
from tests.factories.users import make_user
from users.models import Invitation, Team, User

CAST = ("alice", "bob", "grace", "carol", "dana")
NOBODY = ("nobody", "eve")


def named_urls() -> dict[str, str]:
    """Every URL name of the product with its route."""
    found: dict[str, str] = {}

    def walk(patterns: Any, namespace: str, route: str) -> None:
        for pattern in patterns:
            full = route + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
                walk(pattern.url_patterns, inner, full)
            elif isinstance(pattern, URLPattern):
                found[f"{namespace}{pattern.name or full}"] = full

    walk(get_resolver().url_patterns, "", "/")
    return found


def app_names() -> list[str]:
    return sorted({name.partition(":")[0] for name in named_urls() if ":" in name} - {"admin"})


@pytest.mark.parametrize("app", app_names())
def test_every_url_has_a_row(app: str) -> None:
    missing = {
        name: route
        for name, route in named_urls().items()
        if name.partition(":")[0] == app and name not in ROWS
    }
    assert not missing, (
        "These URLs are not in tests/authorisation.py. Say there who may open each:\n"
        + "\n".join(f'    "{name}": Row(…),  # {route}' for name, route in missing.items())
    )


def test_every_row_has_a_url() -> None:
    assert set(ROWS) <= set(named_urls())


def test_no_url_is_nameless_or_outside_an_app() -> None:
    outside = {name for name in named_urls() if ":" not in name}
    assert outside == {"start"}


@dataclass
class Scene:
    """What the URLs point at. `member` is a user whom nobody of the cast is."""

    alice: User
    bob: User
    carol: User
    dana: User
    eve: User
    grace: User
    member: User
    team: Team
    group: VisibilityGroup
    invitation: Invitation
    notification: Notification


@pytest.fixture
def scene(
    alice: User,
    bob: User,
    carol: User,
    dana: User,
    eve: User,
    grace: User,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    tmp_path: Path,
) -> Scene:
    settings.BLOB_DIR = tmp_path / "blobs"
    monkeypatch.setattr(bell, "_renderers", {})
    bell.register_kind("test", lambda reader, ids: {pk: bell.Line("A line", "/") for pk in ids})
    bell.notify([bob], kind="test", subject_id=1)
    return Scene(
        alice=alice,
        bob=bob,
        carol=carol,
        dana=dana,
        eve=eve,
        grace=grace,
        member=make_user("member@northwind.example"),
        team=Team.objects.create(name="North"),
        group=VisibilityGroup.objects.create(name="North"),
        invitation=Invitation.objects.create(
            email="frida@northwind.example",
            token_digest="0" * 64,
            invited_by=dana,
            expires_at=timezone.now(),
        ),
        notification=Notification.objects.get(),
    )


def client_of(scene: Scene, who: str) -> Client:
    client = Client()
    if who != "nobody":
        client.force_login(getattr(scene, who))
    return client


def goes_through(row: Row, who: str) -> bool:
    if row.rights == EVERYBODY:
        return True
    if who in NOBODY:
        return False
    if row.rights in {ADMINISTRATORS, OPERATORS}:
        return who == "dana"
    return row.rights == USERS or who in row.rights


def refusal(row: Row) -> int:
    return 403 if row.rights == ADMINISTRATORS else 404


def without_accidents(response: HttpResponse, path: str) -> bytes:
    """The answer without its token and its own address."""
    text = response.content.replace(path.encode(), b"")
    return re.sub(rb'(X-CSRFToken": "|csrfmiddlewaretoken" value=")[^"]*', b"", text)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", sorted(ROWS))
def test_each_gets_what_the_table_says(name: str, method: str, scene: Scene) -> None:
    found = ROWS[name]
    sessions = {who: client_of(scene, who).cookies for who in (*NOBODY, *CAST)}
    mail = None
    for case, row in found.items() if isinstance(found, dict) else [("", found)]:
        # Cases stand side by side: what the one made is not there for the next.
        with taken_back():
            check_row(name, method, row, case=case, scene=scene, sessions=sessions)
        if scene.__dict__.pop("mail", None) and mail is None:
            # The next cases have it too: made once for all of them, and each gets it untouched.
            mail = mail_of(scene)
        if mail:
            scene.__dict__["mail"] = deepcopy(mail)


@contextmanager
def taken_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def browser(cookies: SimpleCookie) -> Client:
    """A new one, with somebody's session."""
    client = Client()
    client.cookies = SimpleCookie({name: morsel.value for name, morsel in cookies.items()})
    return client


def check_row(
    name: str,
    method: str,
    row: Row,
    *,
    case: str,
    scene: Scene,
    sessions: dict[str, SimpleCookie],
) -> None:
    args = row.args(scene)
    path = reverse(name, kwargs=args)
    expected = getattr(row, method)
    data = row.data(scene) if method == "post" else {}
    clients = {who: browser(cookies) for who, cookies in sessions.items()}
    for who, client in clients.items():
        if goes_through(row, who):
            continue
        with changes() as tables:
            response = getattr(client, method)(path, data)
        assert tables == [], f"a refusal writes ({case})"
        status = response.status_code
        if who in NOBODY:
            assert status in row.open_door, (case, who, status)
            # The operators' pages have their own step on the way.
            doors = ("/login/?next=", "/operator/login/?next=")
            assert status != 302 or response["Location"].startswith(doors)
        elif expected is None:
            assert status in {405, refusal(row)}, (case, who, status)
        else:
            assert status == refusal(row), (case, who, status)
            if not isinstance(row.rights, str):
                nowhere = reverse(name, kwargs=made_up(args))
                other = getattr(client, method)(nowhere, data)
                assert without_accidents(response, path) == without_accidents(other, nowhere)
    for who, client in clients.items():
        if not goes_through(row, who) or (name == "notifications:events" and who in CAST):
            continue  # the stream does not end: tests/notifications/test_hub.py
        with taken_back():
            response = getattr(client, method)(path, data)
            status = response.status_code
            if response.streaming and not response.is_async:
                response.getvalue()  # read to the end, a file is closed
        wanted = 405 if expected is None else expected
        if name == "users:login" and who in CAST:
            wanted = 302  # signed in already
        assert status in (wanted if isinstance(wanted, tuple) else (wanted,)), (case, who, status)


def made_up(args: dict[str, Any]) -> dict[str, Any]:
    """The same address with numbers of rows that do not exist."""
    return {key: 999_999_999 if isinstance(value, int) else value for key, value in args.items()}


def test_operators_crawl(scene: Scene) -> None:
    """Every operators' page without arguments: for operators, and for nobody else."""
    names = [
        name
        for name, route in named_urls().items()
        if name.startswith("admin:") and "<" not in route and name != "admin:login"
    ]
    assert len(names) > 3
    for name in names:
        path = reverse(name)
        assert client_of(scene, "alice").get(path).status_code == 404, name
        assert client_of(scene, "nobody").get(path).status_code == 302, name
        assert client_of(scene, "dana").get(path).status_code in {200, 403, 404}, name
