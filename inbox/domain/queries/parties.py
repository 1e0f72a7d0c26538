"""Whom a conversation is with: the people of its addresses, known to the CRM or not."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch

from crm.models import Organization, Person, PersonEmail
from mailsync.models import MailAccount, Thread
from users.models import User

# Cards for this many people; a mailing to hundreds is no conversation with each of them.
SHOWN = 8


@dataclass
class Party:
    """An outside address of a conversation."""

    address: str
    name: str
    persons: list[Person] = field(default_factory=list)


def parties(thread: Thread, *, user: Any) -> list[Party]:
    """The outside addresses with the persons that this user may see for them."""
    rows = list(thread.addresses.order_by("pk").values_list("address", "name")[: SHOWN * 4])
    addresses = [address for address, _name in rows]
    ours = set(User.objects.filter(email__in=addresses).values_list("email", flat=True)) | set(
        MailAccount.objects.filter(address__in=addresses).values_list("address", flat=True)
    )
    found = {
        address: Party(address=address, name=name) for address, name in rows if address not in ours
    }
    mails = (
        PersonEmail.objects.filter(address__in=found, person__in=Person.objects.visible_to(user))
        .select_related("person")
        # A person in sight may be of an organization that is not.
        .prefetch_related(Prefetch("person__organization", Organization.objects.visible_to(user)))
    )
    for mail in mails.order_by("person_id"):
        found[mail.address].persons.append(mail.person)
    return list(found.values())[:SHOWN]
