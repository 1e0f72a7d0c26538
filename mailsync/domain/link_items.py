"""Which open deal, lead or project a conversation may be about.

`possible_by_rule` is what a rule may choose from; with one of them, or one that was remembered, it
is linked (`linking`), with several the user is asked.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from crm.models import Deal, Lead, Person, Project
from mailsync.enums import AccountScope, LinkOrigin
from mailsync.models import MailAccount, RememberedLink, Thread, ThreadLink
from users.enums import ItemLinking

ITEM_FIELDS = ("deal", "lead", "project")
ITEM_MODELS: dict[str, Any] = {"deal": Deal, "lead": Lead, "project": Project}


@dataclass
class Match:
    """What the addresses of one thread lead to."""

    persons: dict[int, str] = field(default_factory=dict)  # person id -> address
    organizations: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Item:
    """An open deal, lead or project that a person of the thread has."""

    kind: str
    pk: int
    created_at: datetime


def possible_by_rule(threads: list[Thread], matches: dict[int, Match]) -> dict[int, set[Item]]:
    """Thread id -> the open items of its persons that a rule may link: not removed by hand, not
    newer than the last mail, and seen by everybody whose mail it is."""
    removed = _removed_items([thread.pk for thread in threads])
    persons = {person for thread in threads for person in matches[thread.pk].persons}
    items = _open_items(persons)
    possible: dict[int, set[Item]] = {}
    by_account: dict[MailAccount, set[Item]] = defaultdict(set)
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


def _seen_by(account: MailAccount, items: set[Item]) -> set[Item]:
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


def threads_without_item(ids: list[int]) -> list[Thread]:
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


def _open_items(person_ids: set[int]) -> dict[int, set[Item]]:
    """Person id -> open deals (also as participant), leads and projects."""
    items: dict[int, set[Item]] = defaultdict(set)
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
            items[person_id].add(Item(kind, pk, created_at))
    return items


def remembered_items(threads: list[Thread]) -> dict[tuple[int, str], tuple[str, int]]:
    """(account id, address) -> the item that the user chose for it, as kind and id."""
    rows = RememberedLink.objects.filter(account__in={thread.account_id for thread in threads})
    answers = {}
    for row in rows:
        kind = next(name for name in ITEM_FIELDS if getattr(row, f"{name}_id"))
        answers[row.account_id, row.address] = (kind, getattr(row, f"{kind}_id"))
    return answers


def answer_of(
    possible: set[Item],
    remembered: dict[tuple[int, str], tuple[str, int]],
    thread: Thread,
    match: Match,
) -> tuple[Item, LinkOrigin, str] | None:
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


def note_questions(threads: list[Thread], questions: dict[int, int]) -> None:
    changed = [thread for thread in threads if thread.possible_items != questions[thread.pk]]
    for thread in changed:
        thread.possible_items = questions[thread.pk]
    Thread.objects.bulk_update(changed, ["possible_items"])


def persons_of(item: Any) -> QuerySet[Person]:
    condition = Q(pk=item.person_id)
    if isinstance(item, Deal):
        condition |= Q(participant_rows__deal=item)
    return Person.objects.filter(condition)
