"""What the cells of an imported file say: addresses, amounts, days, states.

A cell that says nothing we understand raises RowError, and its row is kept with the reason.
"""

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from common.addresses import normalise_address
from crm.enums import DealStatus
from crm.models.record import fold

DOTTED = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})")


class RowError(Exception):
    """This row cannot be taken; the text says why."""


def addresses_in(text: str) -> list[str]:
    addresses = [normalise_address(part) for part in several(text)]
    for address in addresses:
        try:
            validate_email(address)
        except ValidationError:
            raise RowError(
                _("“%(address)s” is not an e-mail address.") % {"address": address[:100]}
            ) from None
    return addresses


def several(text: str, *, longest: int = 400) -> list[str]:
    parts = text.replace(";", ",").replace("\n", ",").split(",")
    found = [part.strip() for part in parts if part.strip()]
    for part in found:
        if len(part) > longest:
            raise RowError(_("“%(text)s…” is too long.") % {"text": part[:50]})
    return found


def amount_in(text: str) -> Decimal | None:
    """`1,234.50`, `1.234,50` and `1234.5` are amounts: the last mark is the decimal one."""
    bare = "".join(letter for letter in text if letter.isdigit() or letter in ".,-")
    if not bare:
        return None
    mark = max(bare.rfind("."), bare.rfind(","))
    if mark >= 0 and len(bare) - mark - 1 != 3:
        whole = bare[:mark].replace(".", "").replace(",", "")
        bare = f"{whole}.{bare[mark + 1 :]}"
    else:
        bare = bare.replace(".", "").replace(",", "")
    try:
        amount = Decimal(bare).quantize(Decimal("0.01"))
    except InvalidOperation:
        raise RowError(_("“%(text)s” is not an amount.") % {"text": text[:50]}) from None
    if amount < 0 or amount >= Decimal(10) ** 13:
        raise RowError(_("“%(text)s” is not an amount.") % {"text": text[:50]})
    return amount


def day_in(text: str) -> Any:
    if not text:
        return None
    dotted = DOTTED.fullmatch(text)
    try:
        found = (
            date(*(int(dotted[part]) for part in ("year", "month", "day")))
            if dotted
            else parse_date(text)
        )
    except ValueError:
        found = None
    if found is None:
        raise RowError(
            _("“%(text)s” is not a day such as 2026-12-31 or 31.12.2026.") % {"text": text[:50]}
        )
    return found


def status_in(text: str) -> DealStatus:
    """By its value or its name on the page; open where the cell is empty."""
    for status in DealStatus:
        if fold(text) in (status.value, fold(str(status.label))):
            return status
    if text:
        raise RowError(_("“%(text)s” is none of open, won and lost.") % {"text": text[:50]})
    return DealStatus.OPEN
