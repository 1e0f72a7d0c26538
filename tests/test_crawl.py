"""Looking changes nothing, and the pages of other sites may not act for the user."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.authorisation import ROWS, Row
from tests.changes import changes
from tests.test_authorisation_matrix import Scene, goes_through, scene, taken_back

__all__ = ["scene"]

# Streams without end have tests of their own (tests/notifications/test_hub.py).
NAMES = sorted(set(ROWS) - {"notifications:events"})
ANOTHER_SITE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


def rows_of(name: str) -> list[Row]:
    found = ROWS[name]
    return list(found.values()) if isinstance(found, dict) else [found]


def test_looking_at_a_page_changes_nothing(scene: Scene) -> None:
    """RFC 9110 9.2.1: mail programs, scanners and preloading open links by themselves."""
    clients = {who: Client() for who in ("alice", "bob", "dana")}
    for who, client in clients.items():
        client.force_login(getattr(scene, who))
    shown = 0
    for name in NAMES:
        for row in rows_of(name):
            # Cases stand side by side: what the one made is not there for the next.
            with taken_back():
                path = reverse(name, kwargs=row.args(scene))
                reader = next((who for who in clients if goes_through(row, who)), "alice")
                with changes() as tables:
                    response = clients[reader].get(path)
                if response.streaming:
                    # Read to its end a file is closed. To close the answer oneself would end the
                    # request a second time, and with it the connection the test's rows are on.
                    response.getvalue()
                shown += response.status_code == 200
                assert tables == [], f"GET {path} writes"
                scene.__dict__.pop("mail", None)
    assert shown > 50


@pytest.mark.parametrize("name", ["users:welcome_dismiss", "users:user_deactivate"])
def test_listener_hears_what_changes(name: str, scene: Scene) -> None:
    client = Client()
    client.force_login(scene.dana)
    with changes() as tables:
        client.post(reverse(name, kwargs=rows_of(name)[0].args(scene)))
    assert tables


def test_page_of_another_site_cannot_act_for_the_user(scene: Scene) -> None:
    """Refused twice: for where it comes from, and for the token it cannot know."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(scene.dana)
    tried = 0
    for name in NAMES:
        for row in rows_of(name):
            if row.post is None:
                continue
            with taken_back():
                path = reverse(name, kwargs=row.args(scene))
                with changes() as tables:
                    assert client.post(path, headers=ANOTHER_SITE).status_code == 403, path
                    # An old browser does not say where it comes from: the token decides.
                    assert client.post(path).status_code == 403, path
                assert tables == [], path
                scene.__dict__.pop("mail", None)
            tried += 1
    assert tried > 50
