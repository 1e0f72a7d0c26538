"""The pages of other sites may not act for the user. (That looking changes nothing is asked with
the matrix, of everybody who may look.)"""

import pytest
from django.urls import reverse

from tests.authorisation import ROWS, Row
from tests.changes import changes
from tests.scene import World, taken_back, world

__all__ = ["world"]

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

# Streams without end have tests of their own (tests/notifications/test_hub.py).
NAMES = sorted(set(ROWS) - {"notifications:events"})
ANOTHER_SITE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


def rows_of(name: str) -> list[Row]:
    found = ROWS[name]
    return list(found.values()) if isinstance(found, dict) else [found]


@pytest.mark.parametrize("name", ["users:welcome_dismiss", "users:user_deactivate"])
def test_listener_hears_what_changes(name: str, world: World) -> None:
    """Else the matrix would prove nothing when it says that looking writes nothing."""
    with taken_back():
        path = reverse(name, kwargs=rows_of(name)[0].args(world.scene()))
        with changes() as tables:
            world.browser("dana").post(path)
    assert tables


def test_page_of_another_site_cannot_act_for_the_user(world: World) -> None:
    """Refused twice: for where it comes from, and for the token it cannot know."""
    client = world.browser("dana")
    client.handler.enforce_csrf_checks = True
    tried = 0
    for name in NAMES:
        for row in rows_of(name):
            if row.post is None:
                continue
            with taken_back():
                path = reverse(name, kwargs=row.args(world.scene()))
                with changes() as tables:
                    assert client.post(path, headers=ANOTHER_SITE).status_code == 403, path
                    # An old browser does not say where it comes from: the token decides.
                    assert client.post(path).status_code == 403, path
                assert tables == [], path
            tried += 1
    assert tried > 50
