"""Every page of the product, as found in its URLs: accessible in both themes, within the window at
both widths, no script error and no violated policy. A new URL comes in by its row of the matrix."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page

from tests.authorisation import Row
from tests.migrated import fill
from tests.scene import Scene, goes_through, scene, taken_back
from tests.test_authorisation_matrix import app_names
from tests.test_crawl import NAMES, rows_of
from users.models import User

__all__ = ["scene"]

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
READERS = ("alice", "bob", "dana")
# What differs between the themes.
COLOURS = ["color-contrast"]


@dataclass(frozen=True)
class Found:
    """A page: the URL's name, who opens it, and its row of the matrix."""

    name: str
    reader: str
    row: Row

    def address(self, scene: Scene) -> str:
        return reverse(self.name, kwargs=self.row.args(scene))


def pages(app: str, scene: Scene) -> Iterator[Found]:
    """What is a page, one of each name: a fragment is looked at where it lands."""
    for name in NAMES:
        if name.partition(":")[0] != app:
            continue
        for row in rows_of(name):
            reader = next((who for who in READERS if goes_through(row, who)), None)
            if reader and is_page(Found(name, reader, row), scene):
                yield Found(name, reader, row)
                break


def is_page(found: Found, scene: Scene) -> bool:
    with taken_back():
        client = Client()
        client.force_login(getattr(scene, found.reader))
        answer = client.get(found.address(scene))
        # Read to its end a file is closed; a stream without end has tests of its own.
        is_endless = answer.streaming and answer.is_async
        content = b"" if is_endless else answer.getvalue()
    scene.__dict__.pop("mail", None)
    return answer.status_code == 200 and b'<body class="shell' in content


def overflow(page: Page) -> list[str]:
    """What stands out of the window at its side."""
    found: list[str] = page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] :
          [...document.querySelectorAll("main *")]
            .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
            .slice(0, 3).map((one) => one.className || one.tagName)
            .concat(`${document.documentElement.scrollWidth} px`)"""
    )
    return found


@pytest.mark.parametrize("app", app_names())
def test_every_page_is_accessible_and_fits(
    app: str,
    scene: Scene,
    watched: Page,
    live_server: Any,
    signed_in: Callable[[Page, User], Page],
    axe_faults: Callable[..., list[Any]],
) -> None:
    faults: dict[str, list[Any]] = {}
    beginning = connection.connection.serialize()
    for found_page in list(pages(app, scene)):
        # Each in the same small world: what one page needs would stand in the way of another.
        fill(connection.connection, beginning)
        scene.__dict__.pop("mail", None)
        address = found_page.address(scene)
        page = signed_in(watched, getattr(scene, found_page.reader))
        page.set_viewport_size(WIDE)
        page.emulate_media(color_scheme="light")
        page.goto(live_server.url + address)
        found = axe_faults(page)
        page.emulate_media(color_scheme="dark")
        found += axe_faults(page, rules=COLOURS)
        found += overflow(page)
        page.set_viewport_size(NARROW)
        found += overflow(page)
        if found:
            faults[address] = found
    assert faults == {}


def test_pages_are_found(scene: Scene, live_server: Any) -> None:
    assert sum(1 for app in app_names() for _ in pages(app, scene)) > 60
