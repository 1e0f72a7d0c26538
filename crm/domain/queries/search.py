"""Finds records by the beginnings of their words, and addresses to write to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from crm.domain.queries.seen import seen_name
from crm.domain.records import MODELS
from crm.domain.search import words_of
from crm.enums import RecordKind
from crm.models import Deal, Organization, Person, PersonEmail, Record, SearchWord
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
    """Those of `rows` that have, for each word of the text, a word that begins with it."""
    words = words_of(text)[:MAX_WORDS]
    if not words:
        return rows.none()
    for word in words:
        found = SearchWord.objects.filter(kind=rows.model.kind, word__prefix=word)
        rows = rows.filter(pk__in=found.values("record_id"))
    return rows


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


@dataclass(frozen=True, slots=True)
class SuggestedAddress:
    """Somebody to write to."""

    name: str
    address: str
    person_id: int
    organization: str


def suggest_addresses(
    user: User, text: str, *, deal: Deal | None = None, limit: int = 8
) -> list[SuggestedAddress]:
    """Addresses of persons that the user sees and whose words begin as typed.

    The people of the deal at hand come first. Nothing here knows of anybody's mail.
    """
    rows = matching(Person.objects.visible_to(user), text)
    rows = rows.annotate(organization_name=seen_name(user, Organization, key="organization_id"))
    near = _people_of(deal) if deal is not None else set()
    persons: list[Any] = list(rows.filter(pk__in=near)[:limit]) if near else []
    if len(persons) < limit:
        others = rows.exclude(pk__in=near).filter(emails__isnull=False).distinct()
        persons += others.order_by("sort_key", "pk")[: limit - len(persons)]
    addresses: dict[int, list[str]] = {}
    for person_id, address in PersonEmail.objects.filter(
        person__in=[person.pk for person in persons]
    ).values_list("person_id", "address"):
        addresses.setdefault(person_id, []).append(address)
    return [
        SuggestedAddress(person.name, address, person.pk, person.organization_name or "")
        for person in persons
        for address in addresses.get(person.pk, [])
    ][:limit]


def _people_of(deal: Deal) -> set[int]:
    people = set(deal.participant_rows.values_list("person_id", flat=True))
    return people | ({deal.person_id} if deal.person_id else set())
