"""Organizations and their mail domains."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from common.addresses import domain_of, normalise_address
from crm.domain.records import save_change
from crm.models import Organization, OrganizationDomain
from users.models import User


def add_organization(
    *, by: User, name: str, domains: Iterable[str] = (), **fields: Any
) -> Organization:
    owner = fields.pop("owner", None) or by
    with transaction.atomic():
        organization = Organization.objects.create(name=name.strip(), owner=owner, **fields)
        set_domains(organization, domains=domains)
    return organization


def change_organization(
    organization: Organization, *, version: int | None = None, **fields: Any
) -> None:
    for name, value in fields.items():
        setattr(organization, name, value)
    save_change(organization, fields=fields, version=version)


def set_domains(organization: Organization, *, domains: Iterable[str]) -> None:
    """Exactly these domains; an address or a web address is taken by its host."""
    wanted = list(dict.fromkeys(filter(None, (clean_domain(domain) for domain in domains))))
    with transaction.atomic():
        organization.domains.exclude(domain__in=wanted).delete()
        for domain in wanted:
            OrganizationDomain.objects.get_or_create(organization=organization, domain=domain)


def clean_domain(text: str) -> str:
    """`https://www.Acme.example/contact` and `info@acme.example` are both `acme.example`."""
    host = text.strip().partition("://")[2] or text.strip()
    host = host.partition("/")[0].partition(":")[0].rpartition("@")[2].strip(".")
    return domain_of(normalise_address(f"x@{host}")).removeprefix("www.") if host else ""


def organization_of_domain(*, addresses: Iterable[str], user: User) -> Organization | None:
    """The one organization the user sees that has the domain of one of these addresses."""
    domains = {domain_of(address) for address in addresses} - {""}
    if not domains:
        return None
    found = list(
        Organization.objects.visible_to(user).filter(domains__domain__in=domains).distinct()[:2]
    )
    return found[0] if len(found) == 1 else None
