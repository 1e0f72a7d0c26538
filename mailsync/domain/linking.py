"""Which records a conversation belongs to, and the written reason for each.

Persons are linked by address, always. A deal, lead or project is linked by itself only when all
persons of the conversation have exactly one open item between them that existed when the last
mail came (`link_items`); with several the user is asked (`links_by_hand.possible_items`), with none
nothing happens. A link removed by hand stays as a removed row, and no rule puts it back.

`link_threads` is what ingest calls with each batch: it works on sets and takes the same number
of queries for one conversation as for five hundred.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from common.addresses import normalise_address
from crm.models import PersonEmail
from mailsync.domain import bulk
from mailsync.domain.link_items import (
    Match,
    answer_of,
    note_questions,
    possible_by_rule,
    remembered_items,
    threads_without_item,
)
from mailsync.enums import LinkOrigin
from mailsync.models import MailAccount, Thread, ThreadAddress, ThreadLink
from users.models import User

# Below the number of variables that SQLite takes in one statement, with room to spare.
CHUNK = 500
# More people than this is a mailing, not a conversation of all of them.
MAX_PERSONS = 50


def link_threads(thread_ids: Iterable[int]) -> None:
    """Links these threads to the persons of their addresses, and to their items where the
    rules allow. Repeating it changes nothing. Runs in the caller's transaction."""
    ids = sorted(set(thread_ids))
    for start in range(0, len(ids), CHUNK):
        _link_chunk(ids[start : start + CHUNK])


def link_again(thread_ids: Iterable[int]) -> None:
    """Links threads whose mails have changed: who is in none of them any more is linked by his
    address no longer, for his record would still show the conversation to whoever sees it."""
    ids = list(thread_ids)
    there = ThreadAddress.objects.filter(thread=OuterRef("thread"), address=OuterRef("address"))
    by_address = ThreadLink.objects.standing().filter(thread__in=ids, origin=LinkOrigin.ADDRESS)
    by_address.filter(~Exists(there)).delete()
    link_threads(ids)


def link_address(address: str) -> int:
    """Links stored threads with an address that a person has got. Gives how many there are."""
    ids = list(
        ThreadAddress.objects.filter(address=normalise_address(address))
        .order_by("thread_id")
        .values_list("thread_id", flat=True)
    )
    for start in range(0, len(ids), CHUNK):
        with transaction.atomic():
            _link_chunk(ids[start : start + CHUNK])
    return len(ids)


def ask_again(*, person_ids: Iterable[int]) -> None:
    """Counts the possible items anew where an item of these persons was opened or closed.

    Only counts: when one of two possible deals is lost, older mail may still have been about
    that one, so the other is not linked by itself.
    """
    asking = Thread.objects.filter(
        links__person__in=list(person_ids),
        links__removed_at__isnull=True,
        possible_items__gt=0,
    )
    ids = list(asking.values_list("pk", flat=True).distinct())
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        with transaction.atomic():
            threads = threads_without_item(chunk)
            possible = possible_by_rule(threads, _match_persons(chunk))
            note_questions(threads, {pk: len(items) for pk, items in possible.items()})


def _link_chunk(ids: list[int]) -> None:
    matches = _match_persons(ids)
    if not matches:
        return
    links = [
        (name, thread_id, record_id, LinkOrigin.ADDRESS, address)
        for thread_id, match in matches.items()
        for name, found in (
            ("person", match.persons),
            ("organization", match.organizations),
        )
        for record_id, address in found.items()
    ]
    _insert_links(links)
    _link_items(matches)


def _insert_links(
    links: list[tuple[str, int, int, LinkOrigin, str]], *, is_main: bool = False
) -> None:
    """Links to records of these kinds. A standing link or a removed one: either way the row that
    is there wins. An ORM's row for each would take PostgreSQL longer to read than to write."""
    now = bulk.moment(timezone.now())
    by_kind: dict[str, list[Any]] = defaultdict(list)
    for kind, thread_id, record_id, origin, address in links:
        row = (thread_id, record_id, str(origin), address, is_main, now)
        by_kind[kind].append(row)
    for kind, rows in by_kind.items():
        columns = ("thread_id", f"{kind}_id", "origin", "address", "is_main", "created_at")
        bulk.insert_missing(ThreadLink, columns, rows)


def _match_persons(ids: list[int]) -> dict[int, Match]:
    """Thread id -> the persons and organizations behind its addresses; ours are left out."""
    rows = PersonEmail.objects.filter(
        address__in=ThreadAddress.objects.filter(thread__in=ids).values("address"),
        person__deleted_at__isnull=True,
    ).values_list("address", "person_id", "person__organization_id")
    by_address: dict[str, list[tuple[int, int | None]]] = defaultdict(list)
    for address, person_id, organization_id in rows:
        by_address[address].append((person_id, organization_id))
    if not by_address:
        return {}
    for address in _own_addresses(by_address):
        del by_address[address]
    matches: dict[int, Match] = defaultdict(Match)
    pairs = ThreadAddress.objects.filter(thread__in=ids, address__in=list(by_address))
    for thread_id, address in pairs.order_by("id").values_list("thread_id", "address"):
        match = matches[thread_id]
        for person, organization in by_address[address]:
            if len(match.persons) < MAX_PERSONS:
                match.persons.setdefault(person, address)
                if organization:
                    match.organizations.setdefault(organization, address)
    return matches


def _own_addresses(addresses: Iterable[str]) -> set[str]:
    """Those that belong to a user or a mail account of ours: they never link."""
    asked = list(addresses)
    users = User.objects.filter(email__in=asked).values_list("email", flat=True)
    accounts = MailAccount.objects.filter(address__in=asked).values_list("address", flat=True)
    return {*users, *accounts}


def _link_items(matches: dict[int, Match]) -> None:
    threads = threads_without_item(list(matches))
    if not threads:
        return
    possible = possible_by_rule(threads, matches)
    remembered = remembered_items(threads)
    links, questions = [], {}
    for thread in threads:
        answer = answer_of(possible[thread.pk], remembered, thread, matches[thread.pk])
        questions[thread.pk] = 0 if answer else len(possible[thread.pk])
        if answer:
            item, origin, address = answer
            links.append((item.kind, thread.pk, item.pk, origin, address))
    _insert_links(links, is_main=True)
    note_questions(threads, questions)
