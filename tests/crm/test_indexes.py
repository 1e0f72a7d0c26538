"""On PostgreSQL lists with the empty values last begin in an index, and sort nothing."""

from typing import Any

import pytest
from django.db import connection

from common.paging import keyset_page
from crm.domain.queries.lists import SPECS
from crm.enums import ListKind
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.mark.parametrize(
    ("kind", "sort", "index"),
    [
        (ListKind.DEAL, "-value", "deal_by_value_last"),
        (ListKind.DEAL, "value", "deal_by_value"),
        (ListKind.DEAL, "-close", "deal_by_close_last"),
        (ListKind.DEAL, "close", "deal_by_close"),
        (ListKind.ACTIVITY, "-due", "activity_by_due_last"),
        (ListKind.ACTIVITY, "due", "activity_by_due"),
    ],
)
def test_the_order_comes_from_an_index(
    kind: ListKind, sort: str, index: str, alice: User, django_assert_num_queries: Any
) -> None:
    spec = SPECS[kind]
    name, order = spec.sort_of(sort)
    assert name == sort
    with connection.cursor() as cursor:
        # An empty table is read and sorted faster than by any index; here the question is only
        # whether there is one that gives the order.
        for way in ("seqscan", "sort", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    with django_assert_num_queries(1) as queries:
        keyset_page(spec.model.objects.visible_to(alice), order=[order])
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + queries.captured_queries[0]["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert f"using {index} " in plan
    assert "Sort" not in plan
