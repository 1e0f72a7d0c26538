"""Search in mail: the conversations that a search finds, newest first.

Words are looked for in subject, people, body and names of files; the last one may be a
beginning. The index gives candidates, newest first; a conversation is found only if it is also
in the set that `visible_to` gives, in the same pass, so that a hidden one leaves no trace: no
row, no count, no shorter page.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from common.opaque import seal, unseal
from inbox.domain.queries.lists import Row, rows_of
from inbox.domain.search_query import Query, read_query
from mailsync.domain import search_index
from mailsync.domain.search_index import Question, Term
from mailsync.models import Email, MailAccount, SearchEntry, Thread
from mailsync.rules import links_into_view
from sharing.enums import ThreadVisibility

PAGE_SIZE = 50
# How many candidates are looked at in one step; the steps grow while nothing fits.
CHUNK = 150
# The first step where most candidates are mail that the searcher may not see.
WIDE_CHUNK = 900
GROWTH = 4
MAX_CHUNK = 8000
# As many of one's own mails are looked at for conditions alone before the conversations that fit
# are asked for all at once: most conditions fit often, some hardly ever.
WALKED = CHUNK * GROWTH
# With so few links that open colleagues' mail, their mails are asked about one by one.
FEW_LINKS = 200
SLICE = 200
ACT_LIMIT = 10_000
# Neither a mail's key nor a conversation's number.
NO_KEY = -1


@dataclass
class Found:
    rows: list[Row]
    query: Query
    next_key: int | None = None
    # thread id -> index key of its newest mail that fits.
    keys: dict[int, int] = field(default_factory=dict)

    @property
    def next_cursor(self) -> str:
        """The place of the next page as it goes into an address: keys hold numbers of mails."""
        return seal("search", self.next_key) if self.next_key is not None else ""


@dataclass(frozen=True)
class _Source:
    """Where candidates come from: all mail, that of some accounts, or mails that are named."""

    account_ids: Sequence[int] = ()
    among: Sequence[int] | None = None


def read_cursor(text: str) -> int | None:
    return unseal("search", text)


def find(user: Any, text: str, *, before_key: int | None = None, limit: int | None = None) -> Found:
    """The newest conversations that fit, own ones and shared ones alike, a page at a time."""
    query = read_query(text, user=user)
    if query.is_empty:
        return Found(rows=[], query=query)
    own = set(MailAccount.objects.usable_by(user).values_list("pk", flat=True))
    walk = _Walk(user, query, own=own, sources=_sources(user, query, own))
    size = limit or PAGE_SIZE
    keys = walk.down(before_key, limit=size + 1)
    if not keys:
        return Found(rows=[], query=query)
    shown = dict(list(keys.items())[:size])
    accounts = MailAccount.objects.filter(
        Exists(Thread.objects.filter(account=OuterRef("pk"), pk__in=shown))
    )
    rows = rows_of(user, list(shown), accounts=list(accounts.select_related("owner")))
    for row in rows:
        row.is_own = row.account.pk in own
    next_key = min(shown.values()) if len(keys) > size else None
    return Found(rows=rows, query=query, next_key=next_key, keys=shown)


def own_that_match(user: Any, text: str) -> list[int]:
    """Ids of the user's own conversations that fit: what "all that match" means in a bulk act."""
    query = read_query(text, user=user)
    # An account that is gone is no condition any more, and what is left would be too much.
    if query.is_empty or query.unknown:
        return []
    own = set(MailAccount.objects.usable_by(user).values_list("pk", flat=True))
    if not own:
        return []
    source = _Source(account_ids=query.accounts or sorted(own))
    return list(_Walk(user, query, own=own, sources=[source]).down(None, limit=ACT_LIMIT))


def of_account(user: Any, text: str, *, account_id: int, limit: int) -> list[int]:
    """Ids of the newest conversations of one account of the user's own that fit."""
    query = read_query(text, user=user)
    own = set(MailAccount.objects.usable_by(user).values_list("pk", flat=True))
    if query.is_empty or account_id not in own:
        return []
    source = _Source(account_ids=[account_id])
    walk = _Walk(user, replace(query, accounts=[account_id]), own=own, sources=[source])
    return list(walk.down(None, limit=limit))


def _narrowed(threads: QuerySet[Thread], query: Query) -> QuerySet[Thread]:
    threads = threads.filter(query.conditions, merged_into=None)
    if not query.looks_in_trash:
        threads = threads.filter(in_trash=False, in_junk=False)
    if query.accounts:
        threads = threads.filter(account__in=query.accounts)
    return threads


def _sources(user: Any, query: Query, own: set[int]) -> list[_Source]:
    """Where to look, so that nobody's search walks through all the mail that is not his."""
    if query.accounts:
        return [_Source(account_ids=query.accounts)]
    sources = [_Source(account_ids=sorted(own))] if own else []
    links = links_into_view(user).filter(thread__visibility=ThreadVisibility.SHARED)
    opened = list(
        links.exclude(thread__account__in=own).values_list("thread", flat=True)[: FEW_LINKS + 1]
    )
    if len(opened) <= FEW_LINKS:
        keys = SearchEntry.objects.filter(email__thread__in=opened).values_list("key", flat=True)
        return [*sources, _Source(among=list(keys))] if opened else sources
    return [_Source()]


class _Walk:
    """Goes down the candidates until a page is full or they end, each conversation once.

    It never stops in between: a page that is short because hidden mail was passed over would
    tell that there is hidden mail.
    """

    def __init__(
        self, user: Any, query: Query, *, own: set[int], sources: Sequence[_Source]
    ) -> None:
        self.user = user
        self.query = query
        self.own = own
        self.sources = sources
        self.has_words = search_index.has_words(Question(query.terms))
        self.meets_hidden = self.has_words and any(
            not source.account_ids and source.among is None for source in sources
        )

    def down(self, before_key: int | None, *, limit: int) -> dict[int, int]:
        """Thread ids with the key of the newest mail that fits, newest first."""
        found: dict[int, int] = {}
        top = _key(self.query.before)
        key = before_key if before_key is not None else top
        size = WIDE_CHUNK if self.meets_hidden else CHUNK
        while True:
            keys = self._candidates(key, limit=size)
            fresh: dict[int, int] = {}
            for seen_key, thread_id in self._visible(keys):
                if thread_id not in found:
                    fresh.setdefault(thread_id, seen_key)
            if before_key is not None and fresh:
                for thread_id in self._on_earlier_pages(list(fresh), before_key, top):
                    del fresh[thread_id]
            found |= fresh
            if len(found) >= limit:
                return dict(list(found.items())[:limit])
            if len(keys) < size:
                return found
            key = keys[-1]
            size = min(size * GROWTH, MAX_CHUNK)

    def _candidates(self, before_key: int | None, *, limit: int) -> list[int]:
        """The newest keys below `before_key` from all sources."""
        keys: set[int] = set()
        for source in self.sources:
            keys.update(self._of_source(source, before_key, limit))
        return sorted(keys, reverse=True)[:limit]

    def _of_source(self, source: _Source, before_key: int | None, limit: int) -> list[int]:
        """By the words of the search; without any, the newest mail of one's own accounts, and then
        every mail of the conversations that fit."""
        question = Question(
            self.query.terms,
            account_ids=source.account_ids,
            before_key=before_key,
            after_key=_key(self.query.after),
            among=source.among,
        )
        if self.has_words and source.among is not None:
            return self._of_named(question, limit)
        if self.has_words or (source.account_ids and limit <= WALKED):
            return search_index.matching_keys(question, limit=limit)
        threads = _narrowed(Thread.objects.visible_to(self.user), self.query)
        entries = SearchEntry.objects.filter(email__thread__in=threads)
        if source.account_ids:
            entries = entries.filter(email__account__in=source.account_ids)
        if source.among is not None:
            entries = entries.filter(key__in=source.among)
        if before_key is not None:
            entries = entries.filter(key__lt=before_key)
        if question.after_key is not None:
            entries = entries.filter(key__gte=question.after_key)
        return list(entries.order_by("-key").values_list("key", flat=True)[:limit])

    def _of_named(self, question: Question, limit: int) -> list[int]:
        """The newest of the named mails that fit. SQLite asks about each by itself, so no more
        of them are asked about than a page takes."""
        keys: list[int] = []
        named = sorted(question.among or (), reverse=True)
        for start in range(0, len(named), SLICE):
            some = replace(question, among=named[start : start + SLICE])
            keys += search_index.matching_keys(some, limit=limit - len(keys))
            if len(keys) >= limit:
                break
        return keys

    def _visible(self, keys: list[int]) -> list[tuple[int, int]]:
        """(key, thread id) of candidates whose conversation the user may see, newest first."""
        if not self.has_words:
            keys = self._without_excluded(keys)
        if self.meets_hidden:
            # Nothing fits, or only hidden mail does: the same questions to the database either
            # way, or the time of the answer would tell which.
            keys = keys or [NO_KEY]
        emails = Email.objects.filter(search_entry__key__in=keys)
        found = list(emails.values_list("search_entry__key", "thread", "account"))
        own = {thread for _key, thread, account in found if account in self.own}
        others = {thread for _key, thread, _account in found} - own
        # One's own mail is the common case, and its condition a short one.
        seen = self._among(Thread.objects.of_accounts_of(self.user), own)
        if others or self.meets_hidden:
            seen |= self._among(Thread.objects.visible_to(self.user), others or {NO_KEY})
        return sorted(((key, thread) for key, thread, _ in found if thread in seen), reverse=True)

    def _among(self, threads: QuerySet[Thread], ids: set[int]) -> set[int]:
        fitting = _narrowed(threads.filter(pk__in=ids), self.query)
        return set(fitting.values_list("pk", flat=True))

    def _without_excluded(self, keys: list[int]) -> list[int]:
        """The index cannot be asked for what is not there alone, so that is taken away here."""
        gone: set[int] = set()
        for term in self.query.terms:
            wanted = Term(term.text, column=term.column)
            gone.update(search_index.matching_keys(Question([wanted], among=keys), limit=len(keys)))
        return [key for key in keys if key not in gone]

    def _on_earlier_pages(
        self, thread_ids: list[int], before_key: int, top: int | None
    ) -> set[int]:
        """Those that a newer mail has put on a page above."""
        entries = SearchEntry.objects.filter(email__thread__in=thread_ids, key__gte=before_key)
        if top is not None:
            entries = entries.filter(key__lt=top)
        above = dict(entries.values_list("key", "email__thread"))
        if not above:
            return set()
        keys = list(above)
        if self.has_words:
            question = Question(self.query.terms, among=keys)
            keys = search_index.matching_keys(question, limit=len(keys))
        else:
            keys = self._without_excluded(keys)
        return {above[key] for key in keys}


def _key(moment: datetime | None) -> int | None:
    return search_index.key_for(moment.timestamp()) if moment else None
