"""Smart fields: `{{person.first_name|there}}` in a mail becomes what the record says.

A fixed registry of names, each with one function. Text of users is never given to a template
engine, and a value is only taken from a record that the sender may see: the caller builds the
context through `visible_to`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext_lazy as _

# One run without nested repeats: linear on any text.
PLACEHOLDER = re.compile(r"\{\{ ?([a-z_]{1,30}\.[a-z_]{1,30}) ?(?:\|([^{}|\n]{0,200}))?\}\}")


@dataclass(frozen=True)
class Context:
    """The records at hand; each is one that the sender may see, or None."""

    sender: Any
    account: Any = None
    person: Any = None
    organization: Any = None
    deal: Any = None
    lead: Any = None
    project: Any = None
    today: date | None = None


@dataclass(frozen=True)
class SmartField:
    name: str
    group: Any
    label: Any
    value: Callable[[Context], str]


@dataclass(frozen=True)
class Resolved:
    """The text with values put in, and the names of fields that had neither value nor fallback."""

    text: str
    missing: tuple[str, ...]


def placeholders(text: str) -> list[str]:
    """Names of the smart fields in a text, in order, each once."""
    return list(dict.fromkeys(match[1] for match in PLACEHOLDER.finditer(text)))


def resolve_text(text: str, context: Context, *, drops_empty: bool = False) -> Resolved:
    """For subjects and plain text. With `drops_empty` a field that had neither leaves nothing
    behind; what is no field of ours stays as it was typed."""
    return _resolve(text, context, lambda value: value, drops_empty=drops_empty)


def resolve_html(html: str, context: Context, *, drops_empty: bool = False) -> Resolved:
    """For the body: values are escaped, so that a name cannot bring markup along."""
    return _resolve(html, context, escape, drops_empty=drops_empty)


def _resolve(
    text: str, context: Context, encode: Callable[[str], str], *, drops_empty: bool
) -> Resolved:
    missing: dict[str, None] = {}

    def replace(match: re.Match[str]) -> str:
        name, fallback = match[1], match[2]
        field = FIELDS.get(name)
        value = field.value(context).strip() if field else ""
        if value:
            return encode(value)
        if fallback is not None and field:
            # The fallback was typed into the text, so it is already in the text's encoding.
            return fallback
        missing[name] = None
        return "" if field and drops_empty else match[0]

    return Resolved(PLACEHOLDER.sub(replace, text), tuple(missing))


def readable(text: str) -> str:
    """For lists: fields by their names, `[First name]`."""

    def name(match: re.Match[str]) -> str:
        field = FIELDS.get(match[1])
        return f"[{field.label}]" if field else match[0]

    return PLACEHOLDER.sub(name, text)


def fill(text: str, values: Mapping[str, str], encode: Callable[[str], str] = str) -> str:
    """Puts what a person typed into the places of these fields."""

    def replace(match: re.Match[str]) -> str:
        value = values.get(match[1], "").strip()
        return encode(value) if value else match[0]

    return PLACEHOLDER.sub(replace, text)


def _first_name(name: str) -> str:
    return name.split(" ", 1)[0]


def _last_name(name: str) -> str:
    return name.rsplit(" ", 1)[-1] if " " in name else ""


def _of(record: str, read: Callable[[Any], Any]) -> Callable[[Context], str]:
    def value(context: Context) -> str:
        found = getattr(context, record)
        return str(read(found) or "") if found else ""

    return value


def _money(record: Any) -> str:
    if record.value is None:
        return ""
    return f"{number_format(record.value, decimal_pos=2, force_grouping=True)} {record.currency}"


def _day(value: date | None) -> str:
    return date_format(value, "DATE_FORMAT") if value else ""


def _primary(rows: Any, name: str) -> str:
    first = rows.first()
    return getattr(first, name) if first else ""


def _registry() -> dict[str, SmartField]:
    person, organization = _("Person"), _("Organization")
    deal, lead, project = _("Deal"), _("Lead"), _("Project")
    sender, account, day = _("Sender"), _("Account"), _("Date")
    rows = (
        ("person.name", person, _("Name"), _of("person", lambda p: p.name)),
        (
            "person.first_name",
            person,
            _("First name"),
            _of("person", lambda p: _first_name(p.name)),
        ),
        ("person.last_name", person, _("Last name"), _of("person", lambda p: _last_name(p.name))),
        (
            "person.email",
            person,
            _("E-mail"),
            _of("person", lambda p: _primary(p.emails, "address")),
        ),
        ("person.phone", person, _("Phone"), _of("person", lambda p: _primary(p.phones, "number"))),
        ("person.job_title", person, _("Job title"), _of("person", lambda p: p.job_title)),
        ("organization.name", organization, _("Name"), _of("organization", lambda o: o.name)),
        (
            "organization.address",
            organization,
            _("Address"),
            _of("organization", lambda o: o.address),
        ),
        ("deal.title", deal, _("Title"), _of("deal", lambda d: d.title)),
        ("deal.value", deal, _("Value"), _of("deal", _money)),
        ("deal.stage", deal, _("Stage"), _of("deal", lambda d: d.stage.name)),
        (
            "deal.expected_close",
            deal,
            _("Expected close"),
            _of("deal", lambda d: _day(d.expected_close_date)),
        ),
        ("lead.title", lead, _("Title"), _of("lead", lambda r: r.title)),
        ("lead.value", lead, _("Value"), _of("lead", _money)),
        ("project.title", project, _("Title"), _of("project", lambda r: r.title)),
        ("project.phase", project, _("Phase"), _of("project", lambda r: r.phase.name)),
        ("project.end_date", project, _("End"), _of("project", lambda r: _day(r.end_date))),
        ("sender.name", sender, _("Name"), _of("sender", lambda u: u.name)),
        (
            "sender.first_name",
            sender,
            _("First name"),
            _of("sender", lambda u: _first_name(u.name)),
        ),
        ("sender.email", sender, _("E-mail"), _of("sender", lambda u: u.email)),
        ("sender.phone", sender, _("Phone"), _of("sender", lambda u: u.phone)),
        ("sender.job_title", sender, _("Job title"), _of("sender", lambda u: u.job_title)),
        ("account.address", account, _("Address"), _of("account", lambda a: a.address)),
        ("account.sender_name", account, _("Sender name"), _of("account", lambda a: a.sender_name)),
        ("date.today", day, _("Today"), lambda context: _day(context.today)),
    )
    return {name: SmartField(name, group, label, value) for name, group, label, value in rows}


FIELDS = _registry()
