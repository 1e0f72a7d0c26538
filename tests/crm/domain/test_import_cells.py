"""What a cell says, and that it is refused with a reason where it says nothing we understand."""

from decimal import Decimal

import pytest

from crm.domain import import_cells


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("", None),
        ("1,234.50", Decimal("1234.50")),
        ("1.234,50 €", Decimal("1234.50")),
        ("1.234", Decimal(1234)),
        ("1234.5", Decimal("1234.50")),
    ],
)
def test_the_last_mark_of_an_amount_is_the_decimal_one(text, amount):
    assert import_cells.amount_in(text) == amount


@pytest.mark.parametrize("text", ["-5", "1-2", "1" * 14])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(import_cells.RowError):
        import_cells.amount_in(text)


@pytest.mark.parametrize("text", ["31.02.2026", "2026-02-31", "soon"])
def test_what_is_no_day_is_refused(text):
    with pytest.raises(import_cells.RowError):
        import_cells.day_in(text)
