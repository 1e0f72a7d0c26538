"""Leads: archived, turned into a deal, and a deal turned back into a lead.

A conversion moves notes, files and activities along; mail follows by `record_converted`.
"""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.domain.deals import add_deal
from crm.domain.records import announce_closed, announce_opened, bin_record, save_change
from crm.enums import DealStatus
from crm.errors import NotPossibleError
from crm.models import Activity, Deal, Lead, Note, RecordFile, Stage
from crm.signals import record_converted
from users.models import User

HANGING = (Note, RecordFile, Activity)
SHARED_FIELDS = ("title", "person", "organization", "value", "currency", "owner", "visibility")


def add_lead(*, by: User, title: str, **fields: Any) -> Lead:
    owner = fields.pop("owner", None) or by
    with transaction.atomic():
        lead = Lead.objects.create(title=title.strip(), owner=owner, **fields)
        announce_opened(lead)
    return lead


def change_lead(lead: Lead, *, version: int | None = None, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(lead, name, value)
    save_change(lead, fields=fields, version=version)


def archive_lead(lead: Lead) -> None:
    with transaction.atomic():
        if _open_rows(lead).update(archived_at=timezone.now(), version=F("version") + 1):
            announce_closed(lead)
    lead.refresh_from_db()


def unarchive_lead(lead: Lead) -> None:
    with transaction.atomic():
        rows = Lead.objects.kept().filter(pk=lead.pk, archived_at__isnull=False)
        if rows.update(archived_at=None, version=F("version") + 1):
            lead.refresh_from_db()
            if lead.converted_at is None:
                announce_opened(lead)


def convert_lead(
    lead: Lead, *, by: User, stage: Stage, value: Decimal | None, currency: str
) -> Deal:
    """Makes a deal of an open lead. The lead stays, as what the deal came from."""
    with transaction.atomic():
        now = timezone.now()
        if not _open_rows(lead).update(converted_at=now, version=F("version") + 1):
            raise NotPossibleError(_("This lead was archived or converted meanwhile."))
        fields = {name: getattr(lead, name) for name in SHARED_FIELDS}
        fields |= {"value": value, "currency": currency}
        deal = add_deal(by=by, stage=stage, **fields)
        Lead.objects.filter(pk=lead.pk).update(deal=deal)
        _move_hanging({"lead": lead.pk}, {"deal": deal.pk, "lead": None})
        announce_closed(lead)
        _announce_conversion(lead, deal)
    lead.refresh_from_db()
    return deal


def turn_deal_into_lead(deal: Deal, *, by: User) -> Lead:
    """Takes a deal back to the leads: the lead it came from, or a new one. The deal is binned."""
    if deal.status != DealStatus.OPEN:
        raise NotPossibleError(_("Only an open deal can become a lead again."))
    fields = {name: getattr(deal, name) for name in SHARED_FIELDS}
    with transaction.atomic():
        lead = Lead.objects.kept().filter(deal=deal, converted_at__isnull=False).first()
        if lead is None:
            lead = add_lead(by=by, **fields)
        else:
            for name, value in fields.items():
                setattr(lead, name, value)
            lead.converted_at = lead.deal = lead.archived_at = None
            save_change(lead, fields=[*fields, "converted_at", "deal", "archived_at"])
            announce_opened(lead)
        _move_hanging({"deal": deal.pk}, {"lead": lead.pk, "deal": None})
        _announce_conversion(deal, lead)
        bin_record(deal, by=by)
    return lead


def _open_rows(lead: Lead) -> Any:
    return Lead.objects.kept().filter(
        pk=lead.pk, archived_at__isnull=True, converted_at__isnull=True
    )


def _move_hanging(from_: dict[str, int], to: dict[str, int | None]) -> None:
    for model in HANGING:
        model.objects.filter(**from_).update(**to)


def _announce_conversion(source: Lead | Deal, target: Lead | Deal) -> None:
    transaction.on_commit(
        lambda: record_converted.send(
            sender=type(source),
            from_kind=source.kind,
            from_id=source.pk,
            to_kind=target.kind,
            to_id=target.pk,
        )
    )
