"""The one commit that has to outlive a power cut."""

import pytest
from django.db import connection

from common.durable import durable
from mailsync.domain import outbox

FULL = 2


def level() -> int:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_only_inside_the_disk_is_waited_for() -> None:
    if connection.vendor != "sqlite":
        with durable():
            assert not connection.in_atomic_block
        return
    before = level()
    assert before != FULL
    with durable():
        assert level() == FULL
    assert level() == before
    with pytest.raises(ZeroDivisionError), durable():
        1 / 0  # noqa: B018
    assert level() == before


@pytest.mark.django_db
def test_in_a_transaction_the_outermost_decides() -> None:
    with durable():
        assert connection.in_atomic_block


def test_handing_over_is_such_a_commit() -> None:
    """Asked of the code, because a power cut cannot be had in a test."""
    assert "durable" in outbox._hand_over.__code__.co_names
