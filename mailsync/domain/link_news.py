"""What becomes of links when records are merged, converted, opened, closed or get an address."""

from django.db import transaction

from crm.models import PersonEmail
from mailsync.domain.link_items import ITEM_MODELS, persons_of
from mailsync.domain.linking import ask_again, link_address
from mailsync.enums import LinkOrigin
from mailsync.models import ThreadLink


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
        ask_again(person_ids=persons_of(item).values_list("pk", flat=True))
