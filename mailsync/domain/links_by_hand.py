"""Links that people make, remove and choose among, and what they are told of each.

A link removed by hand stays as a removed row, and no rule puts it back (`linking`).
"""

from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from crm.models import Deal, Lead, Person, PersonEmail, Project
from crm.models.attached import RECORD_FIELDS
from mailsync.domain.link_items import ITEM_FIELDS, ITEM_MODELS, persons_of
from mailsync.enums import LinkOrigin
from mailsync.models import MailAccount, RememberedLink, Thread, ThreadLink


class LinkError(Exception):
    """The link is not for this user to make or to remove."""


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
            person__in=persons_of(item),
            address__in=thread.addresses.values("address"),
        ).values_list("address", flat=True)
        for address in set(addresses):
            RememberedLink.objects.update_or_create(
                account=thread.account,
                address=address,
                defaults={name: item if name == kind else None for name in ITEM_FIELDS},
            )
    return link


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
        persons = Person.objects.visible_to(user).filter(pk__in=persons_of(record))
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


def reason(link: ThreadLink) -> tuple[str, str]:
    """Why the link is there: the origin, and the address that made it (may be empty)."""
    return link.origin, link.address


def target(link: ThreadLink) -> Any:
    """The record that the link leads to."""
    return next(getattr(link, name) for name in RECORD_FIELDS if getattr(link, f"{name}_id"))
