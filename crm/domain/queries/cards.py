"""What the panel beside a conversation shows of a person."""

from dataclasses import dataclass

from common.addresses import normalise_address
from crm.models import Activity, Deal, Organization, Person, PersonEmail, PersonPhone
from users.models import User

CARD_DEALS = 5


@dataclass(frozen=True, slots=True)
class PersonCard:
    person: Person
    organization: Organization | None
    emails: list[PersonEmail]
    phones: list[PersonPhone]
    open_deals: list[Deal]
    next_activity: Activity | None


def persons_with_addresses(user: User, addresses: list[str]) -> list[Person]:
    """The persons with one of these addresses that the user sees; two may share a mailbox."""
    wanted = [normalise_address(address) for address in addresses]
    rows = Person.objects.visible_to(user).filter(
        pk__in=PersonEmail.objects.filter(address__in=wanted).values("person")
    )
    return list(rows.order_by("sort_key", "pk")[:5]) if wanted else []


def person_card(person: Person, *, user: User) -> PersonCard:
    deals = Deal.objects.visible_to(user).open().filter(person=person).select_related("stage")
    activities = Activity.objects.visible_to(user).planned().filter(person=person)
    return PersonCard(
        person=person,
        organization=Organization.objects.visible_to(user)
        .filter(pk=person.organization_id)
        .first(),
        emails=list(person.emails.all()),
        phones=list(person.phones.all()),
        open_deals=list(deals.order_by("-created_at")[:CARD_DEALS]),
        next_activity=activities.filter(due_date__isnull=False)
        .order_by("due_date", "due_time")
        .first(),
    )
