"""From a valid form of a kind to the domain function of that kind."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest

from common.numbers import number_in
from crm.domain.deals import add_deal, change_deal
from crm.domain.leads import add_lead, change_lead
from crm.domain.organizations import add_organization, change_organization, set_domains
from crm.domain.persons import add_person, change_person, set_addresses, set_phones
from crm.domain.projects import add_project, change_project
from crm.domain.records import set_labels
from crm.enums import RecordKind
from crm.forms.records import (
    DealForm,
    LeadForm,
    OrganizationForm,
    PersonForm,
    ProjectForm,
    RecordForm,
)
from crm.models import Organization, Person, Stage
from users.models import User

FORMS: dict[RecordKind, type[RecordForm]] = {
    RecordKind.PERSON: PersonForm,
    RecordKind.ORGANIZATION: OrganizationForm,
    RecordKind.DEAL: DealForm,
    RecordKind.LEAD: LeadForm,
    RecordKind.PROJECT: ProjectForm,
}
ADD: dict[RecordKind, Any] = {
    RecordKind.DEAL: add_deal,
    RecordKind.LEAD: add_lead,
    RecordKind.PROJECT: add_project,
}
CHANGE: dict[RecordKind, Any] = {
    RecordKind.PERSON: change_person,
    RecordKind.ORGANIZATION: change_organization,
    RecordKind.DEAL: change_deal,
    RecordKind.LEAD: change_lead,
    RecordKind.PROJECT: change_project,
}


def save_new(kind: RecordKind, form: RecordForm, *, by: User) -> Any:
    with transaction.atomic():
        values = form.values()
        if kind == RecordKind.PERSON:
            addresses, phones = values.pop("emails"), values.pop("phones")
            record: Any = add_person(by=by, addresses=addresses, phones=phones, **values)
        elif kind == RecordKind.ORGANIZATION:
            record = add_organization(by=by, **values)
        else:
            record = ADD[kind](by=by, **values)
        set_labels(record, labels=form.cleaned_data.get("labels", ()))
    return record


def save_old(kind: RecordKind, form: RecordForm, record: Any) -> None:
    """Saves what the form has; raises ConflictError when the record is not as it was shown."""
    version = form.cleaned_data.get("version")
    with transaction.atomic():
        values = form.values()
        emails, phones = values.pop("emails", None), values.pop("phones", None)
        domains = values.pop("domains", None)
        CHANGE[kind](record, version=version, **values)
        if emails is not None:
            set_addresses(record, addresses=emails)
        if phones is not None:
            set_phones(record, phones=phones)
        if domains is not None:
            set_domains(record, domains=domains)
        if "labels" in form.cleaned_data:
            set_labels(record, labels=form.cleaned_data["labels"])


def initial_of(kind: RecordKind, request: HttpRequest) -> dict[str, Any]:
    """What a new form is filled with: texts from the URL, records by id when the user sees them."""
    given = request.GET
    initial: dict[str, Any] = {
        "name": given.get("name", "")[:200],
        "title": given.get("title", "")[:200],
        "emails": [given["address"][:320]] if given.get("address") else [],
        "source": given.get("source", "")[:100],
    }
    for name, model in (("person", Person), ("organization", Organization)):
        number = number_in(given.get(name, ""))
        found = model.objects.visible_to(request.user).filter(pk=number).first()
        if found is not None:
            initial[name] = f"{found} (#{found.pk})"
    if kind == RecordKind.DEAL:
        initial["stage"] = Stage.objects.filter(pk=number_in(given.get("stage", ""))).first()
    return {key: value for key, value in initial.items() if value}
