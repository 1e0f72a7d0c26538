"""The authorisation matrix: every URL, as each of the cast and as nobody, against the table in
tests/authorisation.py. A URL without a row fails.

A refusal writes nothing to the database, nor does a GET of anybody, and where a row is hidden the
answer is the one for a row that does not exist.
"""

from typing import Any

import pytest
from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.accidents import without_accidents
from tests.authorisation import ADMINISTRATORS, ROWS, Row
from tests.changes import changes
from tests.scene import NOBODY, SOMEBODY, World, goes_through, taken_back, world

__all__ = ["world"]

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]


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


def refusal(row: Row) -> int:
    return 403 if row.rights == ADMINISTRATORS else 404


def without_address(response: HttpResponse, path: str) -> bytes:
    return without_accidents(response.content.replace(path.encode(), b""))


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", sorted(ROWS))
def test_each_gets_what_the_table_says(name: str, method: str, world: World) -> None:
    found = ROWS[name]
    nowhere: dict[tuple[str, str, str], bytes] = {}
    for case, row in found.items() if isinstance(found, dict) else [("", found)]:
        # Cases stand side by side: what the one made is not there for the next.
        with taken_back():
            Cell(world, name, method, case, row, nowhere).check()


class Cell:
    """A row of the table, by one method, as each of the cast and as nobody."""

    def __init__(
        self,
        world: World,
        name: str,
        method: str,
        case: str,
        row: Row,
        nowhere: dict[tuple[str, str, str], bytes],
    ) -> None:
        self.world, self.name, self.method, self.case, self.row = world, name, method, case, row
        # Who asked, for what, with which data: the answer for a row that does not exist.
        self.nowhere = nowhere
        scene = world.scene()
        self.args = row.args(scene)
        self.path = reverse(name, kwargs=self.args)
        self.expected = getattr(row, method)
        self.data = row.data(scene) if method == "post" else {}

    def check(self) -> None:
        """First who is refused: what the others change is taken back, but they might see it."""
        everybody = (*NOBODY, *SOMEBODY)
        for who in everybody:
            if not goes_through(self.row, who):
                self.check_refusal(who)
        for who in everybody:
            # The stream does not end: tests/notifications/test_hub.py.
            is_endless = self.name == "notifications:events" and who in SOMEBODY
            if goes_through(self.row, who) and not is_endless:
                self.check_answer(who)

    def ask(self, who: str, path: str) -> HttpResponse:
        answer: HttpResponse = getattr(self.world.browser(who), self.method)(path, self.data)
        return answer

    def check_refusal(self, who: str) -> None:
        with changes() as tables:
            response = self.ask(who, self.path)
        assert tables == [], f"a refusal writes ({self.case})"
        status, where = response.status_code, (self.case, who, response.status_code)
        if who in NOBODY:
            assert status in self.row.open_door, where
            # The operators' pages have their own step on the way.
            doors = ("/login/?next=", "/operator/login/?next=")
            assert status != 302 or response["Location"].startswith(doors)
        elif self.expected is None:
            assert status in {405, refusal(self.row)}, where
        else:
            assert status == refusal(self.row), where
            if not isinstance(self.row.rights, str):
                answer = without_address(response, self.path)
                assert answer == self.answer_for_nothing(who), where

    def answer_for_nothing(self, who: str) -> bytes:
        """Asked for once for all cases of the URL."""
        path = reverse(self.name, kwargs=made_up(self.args))
        asked = (who, path, repr(self.data))
        if asked not in self.nowhere:
            self.nowhere[asked] = without_address(self.ask(who, path), path)
        return self.nowhere[asked]

    def check_answer(self, who: str) -> None:
        with taken_back(), changes() as tables:
            response = self.ask(who, self.path)
            if response.streaming and not response.is_async:
                response.getvalue()  # read to the end, a file is closed
        # RFC 9110 9.2.1: mail programs, scanners and preloading open links by themselves.
        assert self.method == "post" or tables == [], f"looking writes ({self.case}, {who})"
        wanted = 405 if self.expected is None else self.expected
        if self.name == "users:login" and who in SOMEBODY:
            wanted = 302  # signed in already
        status = response.status_code
        statuses = wanted if isinstance(wanted, tuple) else (wanted,)
        assert status in statuses, (self.case, who, status)


def made_up(args: dict[str, Any]) -> dict[str, Any]:
    """The same address with numbers of rows that do not exist."""
    return {key: 999_999_999 if isinstance(value, int) else value for key, value in args.items()}


def test_operators_crawl(world: World) -> None:
    """Every operators' page without arguments: for operators, and for nobody else."""
    names = [
        name
        for name, route in named_urls().items()
        if name.startswith("admin:") and "<" not in route and name != "admin:login"
    ]
    assert len(names) > 3
    for name in names:
        path = reverse(name)
        assert world.browser("alice").get(path).status_code == 404, name
        assert world.browser("nobody").get(path).status_code == 302, name
        assert world.browser("dana").get(path).status_code in {200, 403, 404}, name
