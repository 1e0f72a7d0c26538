"""Finds records by the beginnings of their words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from common.words import words
from crm.domain.queries.seen import seen_name
from crm.domain.records import MODELS
from crm.domain.search import phone_typed
from crm.enums import RecordKind
from crm.models import Organization, Person, Record, SearchWord
from users.models import User

MAX_WORDS = 6


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of a result list: what it is, its text, a second line, where it leads."""

    kind: str
    title: str
    detail: str
    url: str


# Apps above add what they can find: a function of (user, text, limit) that gives hits which
# this user may see. The name becomes the heading of the group.
Source = Callable[[User, str, int], list[Hit]]
_further_sources: dict[str, tuple[Any, Source]] = {}


def register_source(name: str, *, heading: Any, source: Source) -> None:
    """Adds a group of results to the search page and the palette."""
    _further_sources[name] = (heading, source)


def matching(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Those of `rows` that have, for each word of the text, a word that begins with it; persons
    by their phone number as well, however it is written."""
    asked = words(text)[:MAX_WORDS]
    if not asked:
        return rows.none()
    kind = rows.model.kind
    condition = Q()
    for word in asked:
        condition &= Q(pk__in=_having(word, kind=kind))
    number = phone_typed(text) if kind == RecordKind.PERSON else ""
    if number and [number] != asked:
        condition |= Q(pk__in=_having(number, kind=kind))
    return rows.filter(condition)


def _having(word: str, *, kind: RecordKind) -> Any:
    """Ids of the records of this kind with a word that begins like this."""
    return SearchWord.objects.filter(kind=kind, word__prefix=word).values("record_id")


def found_records(user: User, text: str, *, kind: RecordKind, limit: int) -> list[Record]:
    rows = matching(MODELS[kind].objects.visible_to(user), text)
    if kind in (RecordKind.DEAL, RecordKind.LEAD, RecordKind.PROJECT, RecordKind.PERSON):
        rows = rows.annotate(detail=seen_name(user, Organization, key="organization_id"))
    return list(rows.order_by("sort_key", "pk")[:limit])


def search_everything(user: User, text: str, *, limit: int) -> list[tuple[Any, list[Hit]]]:
    """Groups of hits under their headings, empty groups left out."""
    groups: list[tuple[Any, list[Hit]]] = []
    for kind in RecordKind:
        hits = [
            Hit(
                kind=kind,
                title=str(record),
                detail=getattr(record, "detail", None) or "",
                url=record.get_absolute_url(),  # type: ignore[attr-defined]
            )
            for record in found_records(user, text, kind=kind, limit=limit)
        ]
        groups.append((MODELS[kind]._meta.verbose_name_plural, hits))
    for heading, source in _further_sources.values():
        groups.append((heading, source(user, text, limit)))
    return [(heading, hits) for heading, hits in groups if hits]


def persons_matching(rows: QuerySet[Person], text: str, *, user: User) -> QuerySet[Person]:
    """Those of `rows` that have, for each word, a word of their own that begins with it, or one
    of their organization, as far as the user sees that. No word asks for all of them."""
    organizations = Organization.objects.visible_to(user)
    for word in words(text)[:MAX_WORDS]:
        own = _having(word, kind=RecordKind.PERSON)
        theirs = _having(word, kind=RecordKind.ORGANIZATION)
        rows = rows.filter(
            Q(pk__in=own) | Q(organization__in=organizations.filter(pk__in=theirs).values("pk"))
        )
    return rows
