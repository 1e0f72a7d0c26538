"""What a user types into the search field, understood.

offer from:ada "red house" -draft subject:renewal has:file is:unread before:2026-11-01
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from common.words import words
from crm.domain.queries.search import matching
from crm.domain.records import MODELS
from crm.enums import RecordKind
from inbox.models import ThreadLabel
from mailsync.domain.search_index import Term
from mailsync.models import MailAccount, ThreadLink
from sharing.enums import ThreadVisibility

MAX_TERMS = 12
MAX_LENGTH = 500
COLUMNS = {"from": "sender", "to": "recipients", "subject": "subject", "body": "body"}
STATES = {
    ("is", "shared"): Q(visibility=ThreadVisibility.SHARED),
    ("is", "private"): Q(visibility=ThreadVisibility.PRIVATE),
    ("has", "file"): Q(has_attachments=True),
    ("has", "attachment"): Q(has_attachments=True),
}
# What somebody did with his own mail: asked of the reader's own and his teams', never of what a
# colleague shares with him.
OWN_STATES = {
    ("is", "unread"): Q(unread_count__gt=0),
    ("is", "read"): Q(unread_count=0),
    ("is", "starred"): Q(is_flagged=True),
    ("is", "muted"): Q(muted_at__isnull=False),
    ("in", "inbox"): Q(in_inbox=True),
    ("in", "sent"): Q(in_sent=True),
    ("in", "archive"): Q(in_archive=True),
    ("in", "trash"): Q(in_trash=True),
    ("in", "spam"): Q(in_junk=True),
}


@dataclass(frozen=True)
class Part:
    """One piece of the typed text. `name` is empty for a word or phrase."""

    text: str
    name: str
    value: str
    is_excluded: bool
    start: int
    end: int


@dataclass
class Query:
    """A search as understood. `conditions` are on threads and hold for the user who asks."""

    text: str = ""
    terms: list[Term] = field(default_factory=list)
    conditions: Q = field(default_factory=Q)
    after: datetime | None = None
    before: datetime | None = None
    accounts: list[int] = field(default_factory=list)
    looks_in_trash: bool = False
    # Operators in force.
    understood: list[Part] = field(default_factory=list)
    # Operators of ours with a value that means nothing: left out, and named on the page.
    unknown: list[str] = field(default_factory=list)
    # What looks like an operator and is none of ours: looked for as text, and named.
    as_text: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        has_bounds = bool(self.after or self.before or self.accounts)
        return not self.terms and not self.conditions and not has_bounds

    def without(self, part: Part) -> str:
        """The typed text with this piece left out."""
        return f"{self.text[: part.start].rstrip()} {self.text[part.end :].lstrip()}".strip()


@dataclass(frozen=True)
class _Asked:
    """An operator with the user who uses it."""

    part: Part
    user: Any

    @property
    def value(self) -> str:
        return self.part.value

    def on(self, condition: Q | Exists) -> Q:
        return ~Q(condition) if self.part.is_excluded else Q(condition)


def read_query(text: str, *, user: Any) -> Query:
    """Understands a search. What is not an operator of ours is looked for as it stands."""
    text = text[:MAX_LENGTH]
    query = Query(text=text)
    for token in list(TOKEN.finditer(text))[:MAX_TERMS]:
        value = token["phrase"] if token["phrase"] is not None else token["word"]
        name = (token["name"] or "").lower()
        part = Part(token[0], name, value, bool(token["minus"]), token.start(), token.end())
        if name in COLUMNS and words(value):
            query.terms.append(Term(value, column=COLUMNS[name], is_excluded=part.is_excluded))
            query.understood.append(part)
        elif name in OPERATORS:
            if OPERATORS[name](query, _Asked(part, user)):
                query.understood.append(part)
            else:
                query.unknown.append(part.text)
        elif words(value):
            _add_word(query, part, other=token["other"], is_phrase=token["phrase"] is not None)
    return query


def _add_word(query: Query, part: Part, *, other: str | None, is_phrase: bool) -> None:
    whole = f"{other}:{part.value}" if other else part.value
    if other:
        query.as_text.append(part.text)
    # Somebody who has typed a word half wants to see it found.
    is_last_word = part.end == len(query.text) and not is_phrase and not part.is_excluded
    query.terms.append(Term(whole, is_prefix=is_last_word, is_excluded=part.is_excluded))


def _state(query: Query, asked: _Asked) -> bool:
    value = asked.value.lower()
    key = (asked.part.name, value)
    condition = STATES.get(key) or OWN_STATES.get(key)
    if condition is None:
        return False
    if key in OWN_STATES:
        own = MailAccount.objects.usable_by(asked.user)
        condition &= Q(account__in=own.values("pk"))
        query.looks_in_trash |= value in ("trash", "spam") and not asked.part.is_excluded
    query.conditions &= asked.on(condition)
    return True


def _label(query: Query, asked: _Asked) -> bool:
    rows = ThreadLabel.objects.filter(thread=OuterRef("pk"), label__name__iexact=asked.value)
    query.conditions &= asked.on(Exists(rows))
    return True


def _account(query: Query, asked: _Asked) -> bool:
    own = MailAccount.objects.usable_by(asked.user)
    found = list(own.filter(address__icontains=asked.value).values_list("pk", flat=True))
    if not found or asked.part.is_excluded:
        return False
    query.accounts += found
    return True


def _day(query: Query, asked: _Asked) -> bool:
    try:
        day = date.fromisoformat(asked.value)
    except ValueError:
        return False
    if asked.part.is_excluded:
        return False
    moment = datetime.combine(day, time(), tzinfo=timezone.get_current_timezone())
    setattr(query, asked.part.name, moment)
    return True


def _record(query: Query, asked: _Asked) -> bool:
    model = MODELS[RecordKind(asked.part.name)]
    seen = matching(model.objects.visible_to(asked.user), asked.value)
    links = ThreadLink.objects.standing().filter(
        thread=OuterRef("pk"), **{f"{asked.part.name}__in": seen.values("pk")}
    )
    query.conditions &= asked.on(Exists(links))
    return True


OPERATORS: dict[str, Callable[[Query, _Asked], bool]] = {
    "is": _state,
    "in": _state,
    "has": _state,
    "label": _label,
    "account": _account,
    "before": _day,
    "after": _day,
    **dict.fromkeys(RecordKind.values, _record),
}
TOKEN = re.compile(
    rf"""(?P<minus>-)?
    (?:(?P<name>{"|".join([*COLUMNS, *OPERATORS])}):\s*|(?P<other>[a-z_]{{2,16}}):(?!//))?
    (?:"(?P<phrase>[^"]*)"?|(?P<word>\S+))""",
    re.VERBOSE | re.IGNORECASE,
)
