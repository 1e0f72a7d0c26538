"""The fields that a column of an imported file can become, and the guess by its heading."""

from typing import Any

from django.utils.translation import gettext_lazy

from crm.enums import RecordKind
from crm.models.record import fold

FIELDS: dict[str, dict[str, Any]] = {
    RecordKind.PERSON: {
        "name": gettext_lazy("Name"),
        "first_name": gettext_lazy("First name"),
        "last_name": gettext_lazy("Last name"),
        "emails": gettext_lazy("E-mail"),
        "phones": gettext_lazy("Phone"),
        "organization": gettext_lazy("Organization"),
        "job_title": gettext_lazy("Job title"),
        "owner": gettext_lazy("Owner"),
        "labels": gettext_lazy("Labels"),
    },
    RecordKind.ORGANIZATION: {
        "name": gettext_lazy("Name"),
        "domains": gettext_lazy("Mail domain"),
        "address": gettext_lazy("Address"),
        "owner": gettext_lazy("Owner"),
        "labels": gettext_lazy("Labels"),
    },
    RecordKind.DEAL: {
        "title": gettext_lazy("Title"),
        "value": gettext_lazy("Value"),
        "currency": gettext_lazy("Currency"),
        "stage": gettext_lazy("Stage"),
        "person": gettext_lazy("Person"),
        "organization": gettext_lazy("Organization"),
        "expected_close_date": gettext_lazy("Expected close"),
        "status": gettext_lazy("Status"),
        "owner": gettext_lazy("Owner"),
        "labels": gettext_lazy("Labels"),
    },
}
# One of these fields at least says what the record is called.
NEEDED: dict[str, tuple[str, ...]] = {
    RecordKind.PERSON: ("name", "first_name", "last_name", "emails"),
    RecordKind.ORGANIZATION: ("name",),
    RecordKind.DEAL: ("title",),
}
# Headings that other products write into their exports.
HEADINGS: dict[str, tuple[str, ...]] = {
    "name": ("name", "full name", "person", "contact", "person - name", "organization - name"),
    "title": ("title", "deal", "deal - title", "deal title", "subject"),
    "first_name": ("first name", "given name", "forename", "person - first name"),
    "last_name": ("last name", "family name", "surname", "person - last name"),
    "owner": ("owner", "person - owner", "organization - owner", "deal - owner"),
    "labels": ("labels", "label", "person - label", "organization - label", "deal - label"),
    "status": ("status", "deal - status"),
    "emails": ("email", "e-mail", "email address", "e-mail address", "mail", "person - email"),
    "phones": ("phone", "telephone", "mobile", "phone number", "person - phone"),
    "organization": ("organization", "organisation", "company", "person - organization"),
    "job_title": ("job title", "position", "role"),
    "domains": ("domain", "mail domain", "website", "web"),
    "address": ("address", "organization - address"),
    "value": ("value", "amount", "deal - value"),
    "currency": ("currency", "deal - currency of value"),
    "stage": ("stage", "deal - stage"),
    "person": ("person", "contact person", "deal - contact person"),
    "expected_close_date": ("expected close", "expected close date", "close date"),
}


def guess_mapping(headings: list[str], *, kind: RecordKind) -> dict[str, str]:
    """Column number to field, by the heading; a field is given once."""
    mapping: dict[str, str] = {}
    for number, heading in enumerate(headings):
        for name in FIELDS[kind]:
            if name not in mapping.values() and fold(heading) in HEADINGS[name]:
                mapping[str(number)] = name
                break
    return mapping
