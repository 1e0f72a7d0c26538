"""Search in mail: what a user types, understood, and the conversations that it finds.

    offer from:ada "red house" -draft subject:renewal has:file is:unread before:2026-11-01

Words are looked for in subject, people, body and names of files; the last one may be a
beginning. The index gives candidates, newest first; a conversation is found only if it is also
in the set that `visible_to` gives, in the same pass, so that a hidden one leaves no trace: no
row, no count, no shorter page.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from crm.domain.queries.search import matching
from crm.domain.records import MODELS
from crm.enums import RecordKind
from inbox.domain.queries.lists import Row, rows_of
from inbox.models import ThreadLabel
from mailsync.domain import search_index
from mailsync.domain.search_index import Question, Term
from mailsync.models import Email, MailAccount, SearchEntry, Thread, ThreadLink
from sharing.enums import ThreadVisibility

PAGE_SIZE = 50
# How many candidates are looked at in one step; the steps grow while nothing fits.
CHUNK = 500
MAX_CHUNK = 8000
MAX_TERMS = 12
MAX_LENGTH = 500
TOKEN = re.compile(
    r"""(?P<minus>-)?(?:(?P<name>[a-z]{2,12}):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>\S+))"""
)
COLUMNS = {"from": "sender", "to": "recipients", "subject": "subject", "body": "body"}
STATES = {
    ("is", "unread"): Q(unread_count__gt=0),
    ("is", "read"): Q(unread_count=0),
    ("is", "starred"): Q(is_flagged=True),
    ("is", "muted"): Q(muted_at__isnull=False),
    ("is", "shared"): Q(visibility=ThreadVisibility.SHARED),
    ("is", "private"): Q(visibility=ThreadVisibility.PRIVATE),
    ("in", "inbox"): Q(in_inbox=True),
    ("in", "sent"): Q(in_sent=True),
    ("in", "archive"): Q(in_archive=True),
    ("in", "trash"): Q(in_trash=True),
    ("in", "spam"): Q(in_junk=True),
    ("has", "file"): Q(has_attachments=True),
    ("has", "attachment"): Q(has_attachments=True),
}


@dataclass
class Query:
    """A search as understood. `conditions` are on threads and hold for the user who asks."""

    terms: list[Term] = field(default_factory=list)
    conditions: Q = field(default_factory=Q)
    after: datetime | None = None
    before: datetime | None = None
    accounts: list[int] = field(default_factory=list)
    looks_in_trash: bool = False
    # Operators that were not understood, to be named on the page.
    unknown: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.terms and not self.conditions and not (self.after or self.before)


@dataclass
class Found:
    rows: list[Row]
    query: Query
    next_key: int | None = None


# --- Reading what was typed ------------------------------------------------------------------


@dataclass(frozen=True)
class _Operator:
    """`name:value` as typed, perhaps with a minus before it."""

    name: str
    value: str
    is_excluded: bool
    user: Any

    def on(self, condition: Q | Exists) -> Q:
        return ~Q(condition) if self.is_excluded else Q(condition)


def read_query(text: str, *, user: Any) -> Query:
    """Understands a search. What is not an operator of ours is looked for as it stands."""
    text = text[:MAX_LENGTH]
    query = Query()
    for token in list(TOKEN.finditer(text))[:MAX_TERMS]:
        name, minus = token["name"] or "", bool(token["minus"])
        value = token["phrase"] if token["phrase"] is not None else token["word"]
        if name in COLUMNS:
            query.terms.append(Term(value, column=COLUMNS[name], is_excluded=minus))
        elif name in OPERATORS:
            understood = OPERATORS[name](query, _Operator(name, value, minus, user))
            if not understood:
                query.unknown.append(token[0])
        else:
            whole = f"{name}:{value}" if name else value
            # Somebody who has typed a word half wants to see it found.
            is_last_word = token.end() == len(text) and token["phrase"] is None and not minus
            query.terms.append(Term(whole, is_prefix=is_last_word, is_excluded=minus))
    return query


def _state(query: Query, operator: _Operator) -> bool:
    condition = STATES.get((operator.name, operator.value.lower()))
    if condition is None:
        return False
    query.looks_in_trash |= operator.value.lower() in ("trash", "spam")
    query.conditions &= operator.on(condition)
    return True


def _label(query: Query, operator: _Operator) -> bool:
    rows = ThreadLabel.objects.filter(thread=OuterRef("pk"), label__name__iexact=operator.value)
    query.conditions &= operator.on(Exists(rows))
    return True


def _account(query: Query, operator: _Operator) -> bool:
    own = MailAccount.objects.usable_by(operator.user)
    found = own.filter(address__icontains=operator.value).values_list("pk", flat=True)
    query.accounts += found
    return bool(found) and not operator.is_excluded


def _day(query: Query, operator: _Operator) -> bool:
    try:
        day = date.fromisoformat(operator.value)
    except ValueError:
        return False
    moment = datetime.combine(day, time(), tzinfo=timezone.get_current_timezone())
    setattr(query, operator.name, moment)
    return not operator.is_excluded


def _record(query: Query, operator: _Operator) -> bool:
    model = MODELS[RecordKind(operator.name)]
    seen = matching(model.objects.visible_to(operator.user), operator.value)
    links = ThreadLink.objects.standing().filter(
        thread=OuterRef("pk"), **{f"{operator.name}__in": seen.values("pk")}
    )
    query.conditions &= operator.on(Exists(links))
    return True


OPERATORS: dict[str, Callable[[Query, _Operator], bool]] = {
    "is": _state,
    "in": _state,
    "has": _state,
    "label": _label,
    "account": _account,
    "before": _day,
    "after": _day,
    **dict.fromkeys(RecordKind.values, _record),
}


# --- Finding ---------------------------------------------------------------------------------


def find(user: Any, text: str, *, before_key: int | None = None) -> Found:
    """The newest conversations that fit, own ones and shared ones alike, a page at a time."""
    query = read_query(text, user=user)
    if query.is_empty:
        return Found(rows=[], query=query)
    ids, next_key = _walk(query, _allowed(user, query), before_key)
    accounts = MailAccount.objects.filter(threads__in=ids).distinct()
    return Found(rows_of(user, ids, accounts=list(accounts)), query, next_key)


def _allowed(user: Any, query: Query) -> QuerySet[Thread]:
    threads = Thread.objects.visible_to(user).filter(query.conditions, merged_into=None)
    if not query.looks_in_trash:
        threads = threads.filter(in_trash=False, in_junk=False)
    if query.accounts:
        threads = threads.filter(account__in=query.accounts)
    return threads


def _walk(
    query: Query, threads: QuerySet[Thread], before_key: int | None
) -> tuple[list[int], int | None]:
    """Goes down the candidates until a page is full or they end, each conversation once.

    It never stops in between: a page that is short because hidden mail was passed over would
    tell that there is hidden mail.
    """
    found: dict[int, None] = {}
    key = before_key if before_key is not None else _key(query.before)
    size = CHUNK
    while True:
        keys = _candidates(query, threads, before_key=key, limit=size)
        for seen_key, thread_id in _visible(keys, threads):
            found.setdefault(thread_id, None)
            if len(found) == PAGE_SIZE:
                return list(found), seen_key
        if len(keys) < size:
            return list(found), None
        key = keys[-1]
        size = min(size * 2, MAX_CHUNK)


def _candidates(
    query: Query, threads: QuerySet[Thread], *, before_key: int | None, limit: int
) -> list[int]:
    """Keys by the words of the search; without any, those of the conversations themselves."""
    after_key = _key(query.after)
    if any(not term.is_excluded for term in query.terms):
        question = Question(
            query.terms, account_ids=query.accounts, before_key=before_key, after_key=after_key
        )
        return search_index.matching_keys(question, limit=limit)
    entries = SearchEntry.objects.filter(email__thread__in=threads)
    if before_key is not None:
        entries = entries.filter(key__lt=before_key)
    if after_key is not None:
        entries = entries.filter(key__gte=after_key)
    return list(entries.order_by("-key").values_list("key", flat=True)[:limit])


def _visible(keys: list[int], threads: QuerySet[Thread]) -> list[tuple[int, int]]:
    """(key, thread id) of those candidates whose conversation the user may see, newest first."""
    emails = Email.objects.filter(search_entry__key__in=keys, thread__in=threads)
    return list(emails.order_by("-search_entry__key").values_list("search_entry__key", "thread"))


def _key(moment: datetime | None) -> int | None:
    return search_index.key_for(moment.timestamp()) if moment else None


# --- Showing ---------------------------------------------------------------------------------


def snippet_words(query: Query) -> list[str]:
    """The words to mark in what is shown."""
    return [term.text for term in query.terms if not term.is_excluded and term.text]
