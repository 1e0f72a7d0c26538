from datetime import timedelta

import pytest
from django.utils import timezone

from common.paging import keyset_page
from tests.factories.users import make_user
from users.models import User


def walk(order, *, size=2):
    """All rows by following the cursors."""
    names, after, pages = [], "", 0
    while True:
        page = keyset_page(User.objects.all(), order=order, after=after, size=size)
        names += [user.name for user in page.rows]
        pages += 1
        if not page.next_cursor:
            return names, pages
        after = page.next_cursor


@pytest.fixture
def people(db):
    now = timezone.now()
    for index, name in enumerate(["Ada", "Bea", "Cleo", "Dora", "Eva"]):
        user = make_user(f"{name.lower()}@northwind.example", name=name)
        # Two of a kind, so that the key must be broken by pk; two without a value.
        user.joined_at = now - timedelta(hours=index // 2, microseconds=7)
        user.deactivated_at = None if index in (1, 3) else now - timedelta(days=index)
        user.save()


@pytest.mark.parametrize(
    "order",
    [
        ["name"],
        ["-name"],
        ["joined_at"],
        ["-joined_at"],
        ["-joined_at", "-pk"],
        ["deactivated_at"],
        ["-deactivated_at"],
        ["role", "-deactivated_at"],
    ],
)
def test_pages_together_are_the_whole_list_in_order(people, order):
    names, pages = walk(order)
    whole = keyset_page(User.objects.all(), order=order, size=100)
    assert names == [user.name for user in whole.rows]
    assert sorted(names) == ["Ada", "Bea", "Cleo", "Dora", "Eva"]
    assert pages == 3


def test_rows_without_a_value_come_last(people):
    names, _ = walk(["-deactivated_at"])
    assert names[:3] == ["Ada", "Cleo", "Eva"]
    assert set(names[3:]) == {"Bea", "Dora"}


def test_a_row_that_moves_away_does_not_lose_the_place(people):
    first = keyset_page(User.objects.all(), order=["name"], size=2)
    User.objects.filter(name="Bea").update(name="Zoe")
    second = keyset_page(User.objects.all(), order=["name"], after=first.next_cursor, size=2)
    assert [user.name for user in second.rows] == ["Cleo", "Dora"]


@pytest.mark.parametrize("cursor", ["x", "v1.a.b", "v1..", "%00", "é"])
def test_a_cursor_that_does_not_open_gives_the_first_page(people, cursor):
    page = keyset_page(User.objects.all(), order=["name"], after=cursor, size=2)
    assert [user.name for user in page.rows] == ["Ada", "Bea"]


def test_a_cursor_of_another_order_gives_the_first_page(people):
    first = keyset_page(User.objects.all(), order=["name"], size=2)
    page = keyset_page(User.objects.all(), order=["-name"], after=first.next_cursor, size=2)
    assert page.rows[0].name == "Eva"


def test_a_cursor_tells_nothing(people):
    first = keyset_page(User.objects.all(), order=["name"], size=2)
    assert "Bea" not in first.next_cursor
    assert not set(first.next_cursor) & set("+/$&?# ")
