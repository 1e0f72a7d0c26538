"""Whom a mail goes to: lists of addresses as people type and paste them, and suggestions."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from crm.domain.queries.search import persons_matching
from crm.models import Deal, Organization, Person, PersonEmail
from mailsync.mime.build import OutgoingAddressError, checked_address
from mailsync.models import MailAccount, ThreadAddress

MAX_ENTRIES = 200
SUGGESTED = 6
# One entry: quoted names and addresses in angle brackets may hold the signs that part entries.
_ENTRY = re.compile(r'(?:"(?:[^"\\]|\\.){0,300}"|<[^<>]{0,400}>|[^,;\n"<>]|["<>])+')
_NAMED = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^"<>]*?))\s*<\s*([^<>]*?)\s*>\s*')


def read_list(text: str) -> list[list[str]]:
    """`Ada <ada@x>, "Byron, B." <b@y>; c@z` as [name, address] pairs, each address once.

    What is no address stays as it was typed, so that nothing is lost while somebody writes.
    """
    found: dict[str, list[str]] = {}
    for match in _ENTRY.finditer(text[:20_000]):
        entry = match[0].strip()
        if not entry:
            continue
        named = _NAMED.fullmatch(entry)
        if named:
            name = re.sub(r"\\(.)", r"\1", named[1] or named[2] or "").strip()
            address = named[3]
        else:
            name, address = "", entry
        address = address.removeprefix("mailto:").strip()
        found.setdefault(address.lower(), [name[:200], address[:320]])
        if len(found) == MAX_ENTRIES:
            break
    return list(found.values())


def write_list(parties: Iterable[Iterable[str]]) -> str:
    """The same as text again."""
    return ", ".join(_entry(*party) for party in parties)


def _entry(name: str, address: str) -> str:
    if not name:
        return address
    if re.search(r'[,;"<>\\]', name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{address}>'
    return f"{name} <{address}>"


def is_address(text: str) -> bool:
    try:
        checked_address(text)
    except OutgoingAddressError:
        return False
    return "." in text.rpartition("@")[2]


# --- Suggestions -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Suggestion:
    name: str
    address: str
    organization: str = ""


def suggest(
    user: Any, text: str, *, record: Any = None, without: Iterable[str] = ()
) -> dict[str, list[Suggestion]]:
    """Addresses for what was typed: of the record at hand, contacts, and people with whom this
    user's own accounts have written. A colleague's correspondents are never offered."""
    text = " ".join(text.split())[:100]
    taken = {address.lower() for address in without}
    groups = {
        "record": _of_persons(_persons_of(record, user), text, user=user) if record else [],
        "contacts": _of_persons(Person.objects.visible_to(user), text, user=user) if text else [],
        "recent": _recent(user, text),
    }
    shown: dict[str, list[Suggestion]] = {}
    for name, suggestions in groups.items():
        kept = []
        for one in suggestions:
            if one.address.lower() not in taken:
                taken.add(one.address.lower())
                kept.append(one)
        shown[name] = kept[:SUGGESTED]
    return shown


def first_of(record: Any, user: Any) -> tuple[tuple[str, str], ...]:
    """Whom a mail about this record begins with: its person, and of an organization's people the
    one there is. Nobody where it would be a guess."""
    if isinstance(record, Organization):
        persons = _persons_of(record, user).filter(emails__isnull=False).distinct()
        found = persons[:2]
        person = found[0] if len(found) == 1 else None
    else:
        pk = record.pk if isinstance(record, Person) else record.person_id
        person = Person.objects.visible_to(user).filter(pk=pk).first() if pk else None
    email = person.emails.first() if person else None
    return ((person.name, email.address),) if person and email else ()


def _persons_of(record: Any, user: Any) -> QuerySet[Person]:
    """The person, or the persons of an item or organization."""
    persons = Person.objects.visible_to(user)
    if isinstance(record, Person):
        return persons.filter(pk=record.pk)
    ids = Q(pk=getattr(record, "person_id", None))
    organization = getattr(record, "organization_id", None)
    if record._meta.model_name == "organization":
        organization = record.pk
    if organization:
        ids |= Q(organization=organization)
    if isinstance(record, Deal):
        ids |= Q(pk__in=record.participant_rows.values("person"))
    return persons.filter(ids)


def _of_persons(persons: QuerySet[Person], text: str, *, user: Any) -> list[Suggestion]:
    """A person's organization counts as far as the user sees it."""
    organizations = Organization.objects.visible_to(user)
    rows = (
        PersonEmail.objects.filter(person__in=persons_matching(persons, text, user=user))
        .select_related("person")
        .prefetch_related(Prefetch("person__organization", organizations))
    )
    return [
        Suggestion(
            row.person.name,
            row.address,
            row.person.organization.name if row.person.organization else "",
        )
        for row in rows.order_by("person__name", "-is_primary", "pk")[: SUGGESTED * 2]
    ]


def _recent(user: Any, text: str) -> list[Suggestion]:
    accounts = MailAccount.objects.usable_by(user)
    rows = ThreadAddress.objects.filter(thread__account__in=accounts).exclude(
        address__in=accounts.values("address")
    )
    for word in text.split():
        rows = rows.filter(Q(address__icontains=word) | Q(name__icontains=word))
    newest = rows.order_by("-thread__last_email_at").values_list("name", "address")
    found: dict[str, Suggestion] = {}
    for name, address in newest[: SUGGESTED * 20]:
        found.setdefault(address, Suggestion(name, address))
    return list(found.values())[: SUGGESTED * 2]
