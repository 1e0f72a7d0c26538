"""What the left column of each record's page shows. Linked records only as far as they are seen."""

from typing import Any

from django.db.models import QuerySet

from crm.domain.queries.boards import mark_rotting
from crm.enums import RecordKind
from crm.models import Deal, Lead, Organization, Person, Project, Stage
from users.models import User

SHOWN = 10


def seen(model: Any, pk: int | None, *, user: User) -> Any:
    """The record with this key, when there is one and the user sees it."""
    return model.objects.visible_to(user).filter(pk=pk).first() if pk else None


def _linked(record: Any, *, user: User) -> dict[str, Any]:
    person = seen(Person, record.person_id, user=user)
    return {
        "person": person,
        "person_emails": list(person.emails.all()) if person else [],
        "organization": seen(Organization, record.organization_id, user=user),
        "labels": list(record.labels.all()),
    }


def _deals(rows: QuerySet[Any]) -> list[Any]:
    return list(rows.select_related("stage").order_by("status", "-created_at")[:SHOWN])


def person_details(record: Person, *, user: User) -> dict[str, Any]:
    return {
        "emails": list(record.emails.all()),
        "phones": list(record.phones.all()),
        "organization": seen(Organization, record.organization_id, user=user),
        "labels": list(record.labels.all()),
        "deals": _deals(Deal.objects.visible_to(user).filter(person=record)),
        "leads": list(Lead.objects.visible_to(user).open().filter(person=record)[:SHOWN]),
        "projects": list(Project.objects.visible_to(user).filter(person=record)[:SHOWN]),
    }


def organization_details(record: Organization, *, user: User) -> dict[str, Any]:
    persons = Person.objects.visible_to(user).filter(organization=record)
    return {
        "domains": list(record.domains.all()),
        "labels": list(record.labels.all()),
        "persons": list(persons.order_by("sort_key", "pk")[:SHOWN]),
        "deals": _deals(Deal.objects.visible_to(user).filter(organization=record)),
        "leads": list(Lead.objects.visible_to(user).open().filter(organization=record)[:SHOWN]),
        "projects": list(Project.objects.visible_to(user).filter(organization=record)[:SHOWN]),
    }


def deal_details(record: Deal, *, user: User) -> dict[str, Any]:
    stages = list(Stage.objects.filter(pipeline=record.pipeline_id).select_related("pipeline"))
    record.stage = next(stage for stage in stages if stage.pk == record.stage_id)
    record.pipeline = record.stage.pipeline
    mark_rotting([record])
    participants = Person.objects.visible_to(user).filter(participant_rows__deal=record)
    return _linked(record, user=user) | {
        "stages": stages,
        "participants": list(participants.order_by("sort_key")),
    }


def lead_details(record: Lead, *, user: User) -> dict[str, Any]:
    deal = seen(Deal, record.deal_id, user=user)
    return _linked(record, user=user) | {"deal": deal}


def project_details(record: Project, *, user: User) -> dict[str, Any]:
    return _linked(record, user=user) | {
        "phases": list(record.board.phases.all()),
        "tasks": list(record.tasks.select_related("assigned_to")),
        "deals": _deals(Deal.objects.visible_to(user).filter(projects=record)),
    }


DETAILS: dict[RecordKind, Any] = {
    RecordKind.PERSON: person_details,
    RecordKind.ORGANIZATION: organization_details,
    RecordKind.DEAL: deal_details,
    RecordKind.LEAD: lead_details,
    RecordKind.PROJECT: project_details,
}
