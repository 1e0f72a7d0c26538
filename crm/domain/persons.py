"""Persons: their addresses and phones."""

from collections.abc import Iterable
from typing import Any

from common.addresses import normalise_address
from crm.domain.gathering import announce_address, together
from crm.domain.organizations import organization_of_domain
from crm.domain.records import save_change
from crm.models import Person, PersonEmail, PersonPhone
from users.models import User


def add_person(
    *,
    by: User,
    name: str,
    addresses: Iterable[str] = (),
    phones: Iterable[str] = (),
    **fields: Any,
) -> Person:
    """Makes a person; the first address and the first phone are the primary ones.

    Without an organization, the one that has the domain of an address is taken, when exactly
    one that the user sees does.
    """
    wanted = _clean_addresses(addresses)
    with together():
        if fields.get("organization") is None:
            fields["organization"] = organization_of_domain(addresses=wanted, user=by)
        owner = fields.pop("owner", None) or by
        person = Person.objects.create(name=name.strip(), owner=owner, **fields)
        set_addresses(person, addresses=wanted)
        set_phones(person, phones=phones)
    return person


def change_person(person: Person, *, version: int | None = None, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(person, name, value)
    save_change(person, fields=fields, version=version)


def set_addresses(person: Person, *, addresses: Iterable[str]) -> None:
    """Exactly these addresses, the first one primary."""
    wanted = _clean_addresses(addresses)
    with together():
        person.emails.exclude(address__in=wanted).delete()
        person.emails.filter(is_primary=True).update(is_primary=False)
        for address in wanted:
            _add_row(person, address=address)
        if wanted:
            person.emails.filter(address=wanted[0]).update(is_primary=True)


def _add_row(person: Person, *, address: str) -> None:
    _, made = PersonEmail.objects.get_or_create(person=person, address=address)
    if made:
        announce_address(person.pk)


def set_phones(person: Person, *, phones: Iterable[str]) -> None:
    """Exactly these phones, the first one primary."""
    wanted = list(dict.fromkeys(" ".join(phone.split()) for phone in phones if phone.strip()))
    with together():
        person.phones.all().delete()
        for index, number in enumerate(wanted):
            PersonPhone.objects.create(person=person, number=number, is_primary=index == 0)


def _clean_addresses(addresses: Iterable[str]) -> list[str]:
    cleaned = (normalise_address(address) for address in addresses)
    return list(dict.fromkeys(address for address in cleaned if address))
