"""Which records a conversation belongs to, and the written reason for each.

Persons are linked by address, always. A deal, lead or project is linked by itself only when all
persons of the conversation have exactly one open item between them that existed when the last
mail came; with several the user is asked (`possible_items`), with none nothing happens. A link
removed by hand stays as a removed row, and no rule puts it back.

`link_threads` is what ingest calls with each batch: it works on sets and takes the same number
of queries for one conversation as for five hundred.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from common.addresses import normalise_address
from crm.models import Deal, Lead, Person, PersonEmail, Project
from crm.models.attached import RECORD_FIELDS
from mailsync.domain import bulk
from mailsync.enums import AccountScope, LinkOrigin
from mailsync.models import (
    MailAccount,
    RememberedLink,
    Thread,
    ThreadAddress,
    ThreadLink,
)
from users.enums import ItemLinking
from users.models import User

ITEM_FIELDS = ("deal", "lead", "project")
ITEM_MODELS: dict[str, Any] = {"deal": Deal, "lead": Lead, "project": Project}
# Below the number of variables that SQLite takes in one statement, with room to spare.
CHUNK = 500
# More people than this is a mailing, not a conversation of all of them.
MAX_PERSONS = 50


class LinkError(Exception):
    """The link is not for this user to make or to remove."""


@dataclass
class _Match:
    """What the addresses of one thread lead to."""

    persons: dict[int, str] = field(default_factory=dict)  # person id -> address
    organizations: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Item:
    """An open deal, lead or project that a person of the thread has."""

    kind: str
    pk: int
    created_at: datetime


# --- By rule ---------------------------------------------------------------------------------


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
            threads = _threads_without_item(chunk)
            possible = _possible_items(threads, _match_persons(chunk))
            _note_questions(threads, {pk: len(items) for pk, items in possible.items()})


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


def _match_persons(ids: list[int]) -> dict[int, _Match]:
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
    matches: dict[int, _Match] = defaultdict(_Match)
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


def _link_items(matches: dict[int, _Match]) -> None:
    threads = _threads_without_item(list(matches))
    if not threads:
        return
    possible = _possible_items(threads, matches)
    remembered = _remembered(threads)
    links, questions = [], {}
    for thread in threads:
        answer = _answer(possible[thread.pk], remembered, thread, matches[thread.pk])
        questions[thread.pk] = 0 if answer else len(possible[thread.pk])
        if answer:
            item, origin, address = answer
            links.append((item.kind, thread.pk, item.pk, origin, address))
    _insert_links(links, is_main=True)
    _note_questions(threads, questions)


def _possible_items(threads: list[Thread], matches: dict[int, _Match]) -> dict[int, set[_Item]]:
    """Thread id -> the open items of its persons that a rule may link: not removed by hand, not
    newer than the last mail, and seen by everybody whose mail it is."""
    removed = _removed_items([thread.pk for thread in threads])
    persons = {person for thread in threads for person in matches[thread.pk].persons}
    items = _open_items(persons)
    possible: dict[int, set[_Item]] = {}
    by_account: dict[MailAccount, set[_Item]] = defaultdict(set)
    for thread in threads:
        possible[thread.pk] = {
            item
            for person_id in matches[thread.pk].persons
            for item in items.get(person_id, ())
            if (item.kind, item.pk) not in removed[thread.pk]
            and (thread.last_email_at is None or item.created_at <= thread.last_email_at)
        }
        by_account[thread.account] |= possible[thread.pk]
    seen = {account.pk: _seen_by(account, found) for account, found in by_account.items()}
    return {thread.pk: possible[thread.pk] & seen[thread.account_id] for thread in threads}


def _seen_by(account: MailAccount, items: set[_Item]) -> set[_Item]:
    """Those that all people of the account may see: a rule must not link, and so tell of, an
    item that the owner or a member may not see."""
    if not items:
        return set()
    is_team = account.scope == AccountScope.TEAM
    people = list(account.members.filter(is_active=True)) if is_team else [account.owner]
    seen = set(items)
    for kind, model in ITEM_MODELS.items():
        ids = {item.pk for item in seen if item.kind == kind}
        for user in people if ids else ():
            visible = model.objects.visible_to(user).filter(pk__in=ids)
            ids &= set(visible.values_list("pk", flat=True))
        seen = {item for item in seen if item.kind != kind or item.pk in ids}
    return seen


def _threads_without_item(ids: list[int]) -> list[Thread]:
    """Those of automatic accounts that have no standing deal, lead or project yet."""
    linked = ThreadLink.objects.standing().filter(
        Q(deal__isnull=False) | Q(lead__isnull=False) | Q(project__isnull=False),
        thread__in=ids,
    )
    rows = Thread.objects.filter(pk__in=ids).exclude(pk__in=linked.values("thread"))
    threads = list(rows.only("account_id", "last_email_at", "possible_items"))
    # Few accounts for many threads: not joined to each of them.
    accounts = MailAccount.objects.select_related("owner__preferences").in_bulk(
        {thread.account_id for thread in threads}
    )
    for thread in threads:
        thread.account = accounts[thread.account_id]
    return [thread for thread in threads if not _is_manual(thread.account)]


def _is_manual(account: MailAccount) -> bool:
    """Whether persons alone are linked: as the account says, or else its owner."""
    preferences = getattr(account.owner, "preferences", None)
    chosen = account.item_linking or (preferences and preferences.item_linking)
    return chosen == ItemLinking.MANUAL


def _removed_items(ids: list[int]) -> dict[int, set[tuple[str, int]]]:
    removed: dict[int, set[tuple[str, int]]] = defaultdict(set)
    rows = ThreadLink.objects.filter(thread__in=ids, removed_at__isnull=False)
    for thread_id, *keys in rows.values_list("thread_id", "deal_id", "lead_id", "project_id"):
        for kind, key in zip(ITEM_FIELDS, keys, strict=True):
            if key:
                removed[thread_id].add((kind, key))
    return removed


def _open_items(person_ids: set[int]) -> dict[int, set[_Item]]:
    """Person id -> open deals (also as participant), leads and projects."""
    items: dict[int, set[_Item]] = defaultdict(set)
    ids = list(person_ids)
    queries = (
        ("deal", Deal.objects.kept().open(), "person"),
        ("deal", Deal.objects.kept().open(), "participant_rows__person"),
        ("lead", Lead.objects.kept().open(), "person"),
        ("project", Project.objects.kept().open(), "person"),
    )
    for kind, query, path in queries:
        rows = query.filter(**{f"{path}__in": ids}).values_list(path, "pk", "created_at")
        for person_id, pk, created_at in rows:
            items[person_id].add(_Item(kind, pk, created_at))
    return items


def _remembered(threads: list[Thread]) -> dict[tuple[int, str], tuple[str, int]]:
    """(account id, address) -> the item that the user chose for it, as kind and id."""
    rows = RememberedLink.objects.filter(account__in={thread.account_id for thread in threads})
    answers = {}
    for row in rows:
        kind = next(name for name in ITEM_FIELDS if getattr(row, f"{name}_id"))
        answers[row.account_id, row.address] = (kind, getattr(row, f"{kind}_id"))
    return answers


def _answer(
    possible: set[_Item],
    remembered: dict[tuple[int, str], tuple[str, int]],
    thread: Thread,
    match: _Match,
) -> tuple[_Item, LinkOrigin, str] | None:
    """The item to link, why, and by which address; None when there is none or a question."""
    if remembered:
        known = {(item.kind, item.pk): item for item in possible}
        for address in match.persons.values():
            item = known.get(remembered.get((thread.account_id, address), ("", 0)))
            if item:
                return item, LinkOrigin.REMEMBERED, address
    if len(possible) == 1:
        return (
            next(iter(possible)),
            LinkOrigin.AUTOMATIC,
            next(iter(match.persons.values())),
        )
    return None


def _note_questions(threads: list[Thread], questions: dict[int, int]) -> None:
    changed = [thread for thread in threads if thread.possible_items != questions[thread.pk]]
    for thread in changed:
        thread.possible_items = questions[thread.pk]
    Thread.objects.bulk_update(changed, ["possible_items"])


# --- By hand ---------------------------------------------------------------------------------


def possible_items(thread: Thread, *, user: Any) -> list[Deal | Lead | Project]:
    """The open items that the question on this thread is about, as this user may see them.

    Also items made after the last mail: they are offered, not linked by themselves.
    """
    persons = Person.objects.visible_to(user).filter(
        thread_links__thread=thread, thread_links__removed_at__isnull=True
    )
    linked = {
        (name, getattr(link, f"{name}_id"))
        for link in thread.links.standing()
        for name in ITEM_FIELDS
    }
    found: list[Deal | Lead | Project] = []
    for kind, model in ITEM_MODELS.items():
        of_person = Q(person__in=persons)
        if kind == "deal":
            of_person |= Q(participant_rows__person__in=persons)
        items = model.objects.visible_to(user).open().filter(of_person).distinct()
        found += [item for item in items.order_by("-created_at") if (kind, item.pk) not in linked]
    return found


@transaction.atomic
def link_by_hand(
    thread: Thread, *, record: Any, by: Any, origin: LinkOrigin = LinkOrigin.HAND
) -> ThreadLink:
    """Links a conversation that `by` sees to a record that `by` sees.

    The first deal, lead or project becomes the main one. A link removed before stands again.
    """
    kind = record._meta.model_name
    if not type(record).objects.visible_to(by).filter(pk=record.pk).exists():
        raise LinkError
    link, made = ThreadLink.objects.get_or_create(
        thread=thread, **{kind: record}, defaults={"origin": origin, "created_by": by}
    )
    if not made and link.removed_at:
        link.removed_at = link.removed_by = None
        link.origin, link.created_by, link.address = origin, by, ""
        link.save(
            update_fields=[
                "removed_at",
                "removed_by",
                "origin",
                "created_by",
                "address",
            ]
        )
    if kind in ITEM_FIELDS:
        if not thread.links.standing().filter(is_main=True).exists():
            _make_main(link)
        Thread.objects.filter(pk=thread.pk).update(possible_items=0)
    if kind == "person" and record.organization_id:
        ThreadLink.objects.get_or_create(
            thread=thread,
            organization=record.organization,
            defaults={"origin": origin, "created_by": by},
        )
    return link


@transaction.atomic
def answer_question(thread: Thread, *, item: Any, by: Any, remember: bool = False) -> ThreadLink:
    """Links the chosen item. With `remember`, later mail with the same addresses follows it:
    that is for the account's own people to say."""
    link = link_by_hand(thread, record=item, by=by)
    if remember:
        if not MailAccount.objects.usable_by(by).filter(pk=thread.account_id).exists():
            raise LinkError
        kind = item._meta.model_name
        addresses = PersonEmail.objects.filter(
            person__in=_persons_of(item),
            address__in=thread.addresses.values("address"),
        ).values_list("address", flat=True)
        for address in set(addresses):
            RememberedLink.objects.update_or_create(
                account=thread.account,
                address=address,
                defaults={name: item if name == kind else None for name in ITEM_FIELDS},
            )
    return link


def _persons_of(item: Any) -> QuerySet[Person]:
    condition = Q(pk=item.person_id)
    if isinstance(item, Deal):
        condition |= Q(participant_rows__deal=item)
    return Person.objects.filter(condition)


@transaction.atomic
def unlink(link: ThreadLink, *, by: Any) -> None:
    """Takes a link away for good: the row stays, marked, so that no rule makes it again.

    The mail's own people may remove any link; a colleague only one that he made himself.
    """
    own = MailAccount.objects.usable_by(by).filter(pk=link.thread.account_id).exists()
    if not own and link.created_by_id != by.pk:
        raise LinkError
    was_main = link.is_main
    ThreadLink.objects.filter(pk=link.pk, removed_at__isnull=True).update(
        removed_at=timezone.now(), removed_by=by, is_main=False
    )
    if was_main:
        following = (
            link.thread.links.standing()
            .filter(Q(deal__isnull=False) | Q(lead__isnull=False) | Q(project__isnull=False))
            .order_by("id")
            .first()
        )
        if following:
            _make_main(following)


@transaction.atomic
def relink(link: ThreadLink, *, by: Any) -> None:
    """Takes an `unlink` back, for whoever did it."""
    changed = ThreadLink.objects.filter(pk=link.pk, removed_at__isnull=False, removed_by=by).update(
        removed_at=None, removed_by=None
    )
    if not changed:
        raise LinkError
    is_item = any(getattr(link, f"{name}_id") for name in ITEM_FIELDS)
    if is_item and not link.thread.links.standing().filter(is_main=True).exists():
        _make_main(link)


@transaction.atomic
def make_main(link: ThreadLink) -> None:
    """This deal, lead or project is the one that lists show."""
    _make_main(link)


def _make_main(link: ThreadLink) -> None:
    ThreadLink.objects.filter(thread=link.thread_id, is_main=True).update(is_main=False)
    ThreadLink.objects.filter(pk=link.pk, removed_at__isnull=True).update(is_main=True)
    link.is_main = True


def earlier_threads(record: Any, *, user: Any) -> QuerySet[Thread]:
    """Conversations with the item's persons that are not linked to it yet: what a new deal,
    lead or project is offered. Only of accounts that are the user's own."""
    kind = record._meta.model_name
    persons = Person.objects.none()
    if kind in ITEM_FIELDS:
        persons = Person.objects.visible_to(user).filter(pk__in=_persons_of(record))
    return (
        Thread.objects.of_accounts_of(user)
        .filter(
            trashed_at__isnull=True,
            links__person__in=persons,
            links__removed_at__isnull=True,
        )
        .exclude(pk__in=ThreadLink.objects.filter(**{kind: record}).values("thread"))
        .order_by("-last_email_at", "-pk")
        .distinct()
    )


# --- News of records -------------------------------------------------------------------------


@transaction.atomic
def follow_merge(*, kind: str, kept_id: int, gone_id: int) -> None:
    """Moves the links of a record that was merged into another one. Who may see what is not
    copied: it is computed from the record that remains."""
    links = ThreadLink.objects.filter(**{f"{kind}_id": gone_id})
    taken = ThreadLink.objects.filter(**{f"{kind}_id": kept_id}).values("thread")
    links.exclude(thread__in=taken).update(**{f"{kind}_id": kept_id})
    links.all().delete()


@transaction.atomic
def follow_conversion(*, from_kind: str, from_id: int, to_kind: str, to_id: int) -> None:
    """A lead became a deal, or a deal a lead again: its conversations are the other's now."""
    links = ThreadLink.objects.filter(**{f"{from_kind}_id": from_id})
    taken = ThreadLink.objects.filter(**{f"{to_kind}_id": to_id}).values("thread")
    links.exclude(thread__in=taken).update(
        **{f"{from_kind}_id": None, f"{to_kind}_id": to_id, "origin": LinkOrigin.CREATED}
    )
    links.all().delete()


def link_person(person_id: int) -> int:
    """Links stored threads with any address of this person. Gives how many there are."""
    addresses = PersonEmail.objects.filter(person=person_id).values_list("address", flat=True)
    return sum(link_address(address) for address in list(addresses))


def ask_again_about(*, kind: str, record_id: int) -> None:
    """`ask_again` for the persons of a deal, lead or project."""
    item = ITEM_MODELS[kind].objects.filter(pk=record_id).first()
    if item:
        ask_again(person_ids=_persons_of(item).values_list("pk", flat=True))


def reason(link: ThreadLink) -> tuple[str, str]:
    """Why the link is there: the origin, and the address that made it (may be empty)."""
    return link.origin, link.address


def target(link: ThreadLink) -> Any:
    """The record that the link leads to."""
    return next(getattr(link, name) for name in RECORD_FIELDS if getattr(link, f"{name}_id"))
