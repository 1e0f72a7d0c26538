"""Two first visitors at the same moment, on connections of their own."""

import threading
from typing import Any

import pytest
from django.db import connection, connections

from users.domain.setup import set_up
from users.errors import AlreadySetUpError
from users.models import Company, User

VISITORS = 4


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_of_visitors_at_the_same_moment_one_wins() -> None:
    start = threading.Barrier(VISITORS)
    results: list[Any] = []

    def visit(number: int) -> None:
        values = {"currency": "EUR", "password": "a long password", "time_zone": "UTC"}
        start.wait()
        try:
            results.append(
                set_up(
                    company=f"Company {number}",
                    name=f"Visitor {number}",
                    email=f"visitor{number}@northwind.example",
                    **values,
                )
            )
        except AlreadySetUpError:
            results.append(None)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=visit, args=[number]) for number in range(VISITORS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert connection.vendor == "postgresql"
    assert len(results) == VISITORS
    (winner,) = [one for one in results if one is not None]
    assert User.objects.get() == winner
    assert Company.objects.get().name == winner.name.replace("Visitor", "Company")
