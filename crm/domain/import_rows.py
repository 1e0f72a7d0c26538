"""What a row of an imported file becomes: a record, a change to one that is here, or nothing."""

from collections.abc import Callable
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from common.addresses import normalise_address
from crm.domain.deals import add_deal, lose_deal, win_deal
from crm.domain.import_cells import RowError, addresses_in, amount_in, day_in, several, status_in
from crm.domain.organizations import add_organization, set_domains
from crm.domain.persons import add_person, set_addresses, set_phones
from crm.enums import DealStatus, DuplicatePolicy, RecordKind
from crm.models import Deal, Organization, Person, Pipeline, RecordImport, RecordLabel
from crm.models.record import fold
from users.models import User

PHONE_LENGTH = 50
DOMAIN_LENGTH = 253


def _take_person(record_import: RecordImport, values: dict[str, str]) -> str:
    user = record_import.created_by
    addresses = addresses_in(values.get("emails", ""))
    both = f"{values.get('first_name', '')} {values.get('last_name', '')}".strip()
    name = values.get("name", "") or both or (addresses[0].partition("@")[0] if addresses else "")
    if not name:
        raise RowError(_("There is no name."))
    phones = several(values.get("phones", ""), longest=PHONE_LENGTH)
    owner, labels = _owner(values), _labels(record_import, values)
    visible = Person.objects.visible_to(user)
    known = None
    if addresses:
        known = visible.filter(emails__address__in=addresses).first()
    elif record_import.duplicates != DuplicatePolicy.ADD:
        known = visible.filter(sort_key=fold(name)).first()
    if known is not None and record_import.duplicates != DuplicatePolicy.ADD:
        if record_import.duplicates == DuplicatePolicy.SKIP:
            return "skipped"
        _update(
            known,
            {"name": name[:200], "job_title": values.get("job_title", "")[:150], "owner": owner},
        )
        known.labels.add(*labels)
        old = list(known.emails.values_list("address", flat=True))
        set_addresses(known, addresses=[*old, *addresses])
        old = list(known.phones.values_list("number", flat=True))
        set_phones(known, phones=[*old, *phones])
        return "updated"
    person = add_person(
        by=user,
        name=name[:200],
        addresses=addresses,
        phones=phones,
        job_title=values.get("job_title", "")[:150],
        organization=_organization(user, values.get("organization", "")),
        owner=owner,
    )
    person.labels.add(*labels)
    return "made"


def _take_organization(record_import: RecordImport, values: dict[str, str]) -> str:
    user = record_import.created_by
    name = values.get("name", "")
    if not name:
        raise RowError(_("There is no name."))
    domains = several(values.get("domains", ""), longest=DOMAIN_LENGTH)
    owner, labels = _owner(values), _labels(record_import, values)
    known = Organization.objects.visible_to(user).filter(sort_key=fold(name)).first()
    if known is not None and record_import.duplicates != DuplicatePolicy.ADD:
        if record_import.duplicates == DuplicatePolicy.SKIP:
            return "skipped"
        _update(known, {"address": values.get("address", "")[:1000], "owner": owner})
        known.labels.add(*labels)
        old = list(known.domains.values_list("domain", flat=True))
        set_domains(known, domains=[*old, *domains])
        return "updated"
    organization = add_organization(
        by=user,
        name=name[:200],
        domains=domains,
        address=values.get("address", "")[:1000],
        owner=owner,
    )
    organization.labels.add(*labels)
    return "made"


def _take_deal(record_import: RecordImport, values: dict[str, str]) -> str:
    user = record_import.created_by
    title = values.get("title", "")
    if not title:
        raise RowError(_("There is no title."))
    known = Deal.objects.visible_to(user).filter(sort_key=fold(title)).first()
    fields = {
        "value": amount_in(values.get("value", "")),
        "expected_close_date": day_in(values.get("expected_close_date", "")),
        "owner": _owner(values),
    }
    labels, status = _labels(record_import, values), status_in(values.get("status", ""))
    if known is not None and record_import.duplicates != DuplicatePolicy.ADD:
        if record_import.duplicates == DuplicatePolicy.SKIP:
            return "skipped"
        _update(known, {name: value for name, value in fields.items() if value is not None})
        known.labels.add(*labels)
        _close(known, status)
        return "updated"
    currency = values.get("currency", "").upper()[:3]
    deal = add_deal(
        by=user,
        title=title[:200],
        stage=_stage(values.get("stage", "")),
        organization=_organization(user, values.get("organization", "")),
        person=_person(user, values.get("person", "")),
        **({"currency": currency} if len(currency) == 3 and currency.isalpha() else {}),
        **fields,
    )
    deal.labels.add(*labels)
    _close(deal, status)
    return "made"


TAKE: dict[str, Callable[[RecordImport, dict[str, str]], str]] = {
    RecordKind.PERSON: _take_person,
    RecordKind.ORGANIZATION: _take_organization,
    RecordKind.DEAL: _take_deal,
}


def _update(record: Any, fields: dict[str, Any]) -> None:
    """Writes what the file has; an empty cell wipes nothing out."""
    given = {name: value for name, value in fields.items() if value not in ("", None)}
    for name, value in given.items():
        setattr(record, name, value)
    if given:
        record.save(update_fields=[*given, "updated_at"])


def _organization(user: Any, name: str) -> Organization | None:
    if not name:
        return None
    found = Organization.objects.visible_to(user).filter(sort_key=fold(name)).first()
    return found or add_organization(by=user, name=name[:200])


def _person(user: Any, name: str) -> Person | None:
    if not name:
        return None
    visible = Person.objects.visible_to(user)
    if "@" in name:
        found = visible.filter(emails__address=normalise_address(name)).first()
        return found or add_person(by=user, name=name.partition("@")[0], addresses=[name])
    return visible.filter(sort_key=fold(name)).first() or add_person(by=user, name=name[:200])


def _stage(name: str) -> Any:
    pipeline = Pipeline.objects.filter(archived_at__isnull=True).first()
    stages = list(pipeline.stages.all()) if pipeline else []
    if not stages:
        raise RowError(_("There is no pipeline to put it into."))
    if not name:
        return stages[0]
    for stage in stages:
        if fold(stage.name) == fold(name):
            return stage
    raise RowError(_("There is no stage “%(name)s”.") % {"name": name[:100]})


def _owner(values: dict[str, str]) -> User | None:
    """The colleague that is named, by name or login address; None where the cell is empty."""
    text = values.get("owner", "")
    if not text:
        return None
    named = Q(name__iexact=text) | Q(email=normalise_address(text))
    found = list(User.objects.active().filter(named)[:2])
    if len(found) != 1:
        raise RowError(_("“%(name)s” is not one colleague of ours.") % {"name": text[:100]})
    return found[0]


def _labels(record_import: RecordImport, values: dict[str, str]) -> list[RecordLabel]:
    """The labels that are named; there have to be such."""
    names = several(values.get("labels", ""))
    if not names:
        return []
    known = {
        fold(label.name): label for label in RecordLabel.objects.filter(kind=record_import.kind)
    }
    for name in names:
        if fold(name) not in known:
            raise RowError(_("There is no label “%(name)s”.") % {"name": name[:100]})
    return [known[fold(name)] for name in names]


def _close(deal: Deal, status: DealStatus) -> None:
    if deal.status == DealStatus.OPEN and status == DealStatus.WON:
        win_deal(deal)
    elif deal.status == DealStatus.OPEN and status == DealStatus.LOST:
        lose_deal(deal)
