"""Whom a user wrote to lately and does not have as a contact: what the first steps offer."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from common.addresses import domain_of, normalise_address
from crm.domain.persons import add_person
from crm.models import Person, PersonEmail
from mailsync.enums import AccountScope, BlockScope
from mailsync.models import BlockedAddress, Email, MailAccount
from users.models import User

DAYS = 90
# The newest mails looked at, and how many people are shown of those found.
MAILS_READ = 2000
SHOWN = 100
WRITTEN_TO = frozenset({"to", "cc"})


@dataclass(slots=True)
class Correspondent:
    """Somebody the user wrote to, as the newest of those mails names them."""

    address: str
    name: str
    mails: int

    @property
    def shown_name(self) -> str:
        return self.name or name_of(self.address)


def correspondents(user: User) -> list[Correspondent]:
    """The people of the last 90 days of the user's own accounts, the most written to first.

    Only mail that the user wrote counts: who merely sent something is as often a machine.
    """
    found: dict[str, Correspondent] = {}
    for name, address in _written_to(user):
        one = found.setdefault(address, Correspondent(address, name, 0))
        one.mails += 1
        one.name = one.name or name
    left_out = _known(user, found) | _colleagues(found) | _blocked(user, found)
    people = [one for address, one in found.items() if address not in left_out]
    return sorted(people, key=lambda one: (-one.mails, one.address))[:SHOWN]


def add_correspondents(user: User, *, addresses: Collection[str]) -> int:
    """Makes persons of those that are still offered; gives their number."""
    chosen = [one for one in correspondents(user) if one.address in addresses]
    with transaction.atomic():
        for one in chosen:
            add_person(by=user, name=one.shown_name, addresses=[one.address])
    return len(chosen)


def name_of(address: str) -> str:
    """A name for an address that came without one: `ada.byron@…` is Ada Byron."""
    local = address.partition("@")[0].partition("+")[0]
    words = local.replace(".", " ").replace("_", " ").split()
    return " ".join(word.capitalize() for word in words) or address


def _written_to(user: User) -> Iterator[tuple[str, str]]:
    accounts = MailAccount.objects.usable_by(user).filter(scope=AccountScope.PERSONAL)
    mails = Email.objects.filter(
        account__in=accounts,
        is_outgoing=True,
        received_at__gte=timezone.now() - timedelta(days=DAYS),
    ).order_by("-received_at")
    for recipients in mails.values_list("recipients", flat=True)[:MAILS_READ]:
        for role, name, address in recipients:
            if role in WRITTEN_TO and "@" in address:
                yield name.strip(), normalise_address(address)


def _known(user: User, addresses: Iterable[str]) -> set[str]:
    rows = PersonEmail.objects.filter(
        person__in=Person.objects.visible_to(user), address__in=list(addresses)
    )
    return set(rows.values_list("address", flat=True))


def _colleagues(addresses: Iterable[str]) -> set[str]:
    wanted = list(addresses)
    users = User.objects.filter(email__in=wanted).values_list("email", flat=True)
    accounts = MailAccount.objects.filter(address__in=wanted).values_list("address", flat=True)
    return {*users, *map(normalise_address, accounts)}


def _blocked(user: User, addresses: Iterable[str]) -> set[str]:
    rows = BlockedAddress.objects.filter(Q(user=user) | Q(user=None))
    patterns = set(rows.values_list("scope", "pattern"))
    return {
        address
        for address in addresses
        if (BlockScope.ADDRESS, address) in patterns
        or (BlockScope.DOMAIN, domain_of(address)) in patterns
    }
