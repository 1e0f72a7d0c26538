"""How amounts, due days and columns of records are written."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import template
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.enums import DealStatus, ProjectStatus

register = template.Library()

SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
STATUS_KINDS = {
    DealStatus.OPEN: "info",
    DealStatus.WON: "success",
    DealStatus.LOST: "danger",
    ProjectStatus.COMPLETED: "success",
    ProjectStatus.CANCELED: "neutral",
}


@register.simple_tag
def money(value: Decimal | None, currency: str) -> SafeString | str:
    """`€12,500` or `CHF 12,500.50`; nothing for no value. Cents only where there are some."""
    if value is None:
        return ""
    places = 0 if value == value.to_integral_value() else 2
    amount = number_format(value, decimal_pos=places, use_l10n=True, force_grouping=True)
    sign = SIGNS.get(currency, f"{currency}\N{NO-BREAK SPACE}")
    return format_html('<bdi class="numeric nowrap">{}{}</bdi>', sign, amount)


@register.simple_tag
def due(day: date | None, today: date) -> SafeString | str:
    """When something is due, in a word, with its state in colour and in text."""
    if day is None:
        return ""
    days = (day - today).days
    if days < 0:
        state, text = "overdue", ngettext("%(n)s day overdue", "%(n)s days overdue", -days)
        text %= {"n": -days}
    elif days == 0:
        state, text = "today", _("Today")
    elif days == 1:
        state, text = "planned", _("Tomorrow")
    else:
        same_year = day.year == today.year
        state, text = "planned", date_format(day, "j M" if same_year else "j M Y")
    return format_html(
        '<time class="due nowrap" datetime="{}" data-due="{}">{}</time>',
        day.isoformat(),
        state,
        text,
    )


@register.filter
def status_kind(status: Any) -> str:
    """The kind of badge for the status of a deal or project."""
    return STATUS_KINDS.get(status, "neutral")


@register.simple_tag
def sort_link(column: Any, sort_name: str, query: str) -> dict[str, str]:
    """The address that sorts by a column, the other way when it is sorted by already."""
    if not column.sort:
        return {}
    descending = sort_name == column.sort
    target = f"-{column.sort}" if descending else column.sort
    pairs = [pair for pair in query.split("&") if pair and not pair.startswith("sort=")]
    state = ""
    if sort_name.removeprefix("-") == column.sort:
        state = "descending" if sort_name.startswith("-") else "ascending"
    return {"url": "?" + "&".join([*pairs, f"sort={target}"]), "state": state}
