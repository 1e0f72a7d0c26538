import pytest

from crm.domain.positions import GAP, TOO_CLOSE, last_position, position_before
from crm.models import Deal
from tests.factories.crm import make_deal
from users.models import User


@pytest.fixture
def column(alice: User) -> list[Deal]:
    return [make_deal(alice, title, position=place) for title, place in (("a", 10), ("b", 20))]


def column_now() -> list[str]:
    return [deal.title for deal in Deal.objects.order_by("position", "pk")]


def test_an_empty_column_begins_with_one_gap(db: None) -> None:
    assert last_position(Deal.objects.all()) == 0
    assert position_before(Deal.objects.all(), before=None) == GAP


def test_between_two_goes_their_middle_and_at_the_ends_a_gap(column: list[Deal]) -> None:
    a, b = column
    rows = Deal.objects.all()
    assert position_before(rows, before=b.pk) == 15
    assert position_before(rows, before=a.pk) == 10 - GAP
    assert position_before(rows, before=None) == 20 + GAP


def test_a_card_that_has_left_the_column_means_its_end(column: list[Deal]) -> None:
    rows = Deal.objects.filter(title="a")
    assert position_before(rows, before=column[1].pk) == 10 + GAP


def test_where_no_middle_is_left_the_column_is_numbered_anew(column: list[Deal]) -> None:
    _, b = column
    Deal.objects.filter(pk=b.pk).update(position=10 + TOO_CLOSE / 2)
    assert position_before(Deal.objects.all(), before=b.pk) == 1.5 * GAP
    assert column_now() == ["a", "b"]
    assert list(Deal.objects.order_by("pk").values_list("position", flat=True)) == [GAP, 2 * GAP]
