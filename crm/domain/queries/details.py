"""What the page of one record shows. Linked records only as far as they are seen."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import (
    BooleanField,
    CharField,
    ExpressionWrapper,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast
from django.urls import reverse

from crm.domain.queries.boards import mark_rotting
from crm.domain.queries.seen import counted, seen_name
from crm.domain.records import MODELS
from crm.enums import DealStatus, RecordKind
from crm.models import (
    Deal,
    Lead,
    Note,
    Organization,
    Person,
    PersonEmail,
    PersonPhone,
    Project,
    RecordFile,
    Stage,
)
from sharing.rules import in_charge, visible_records
from users.models import User

SHOWN = 10
RELATED: dict[RecordKind, tuple[str, ...]] = {
    RecordKind.PERSON: ("owner",),
    RecordKind.ORGANIZATION: ("owner",),
    RecordKind.DEAL: ("owner", "pipeline", "stage"),
    RecordKind.LEAD: ("owner",),
    RecordKind.PROJECT: ("owner", "board", "phase"),
}


def seen(model: Any, pk: int | None, *, user: User) -> Any:
    """The record with this key, when there is one and the user sees it."""
    return model.objects.visible_to(user).filter(pk=pk).first() if pk else None


def shown_record(kind: RecordKind, pk: int, *, user: User) -> Any:
    """The record with all that one row can hold of its page; None when the user sees none."""
    rows = MODELS[kind].objects.visible_to(user).filter(pk=pk).select_related(*RELATED[kind])
    rows = rows.annotate(
        may_set_visibility=ExpressionWrapper(in_charge(user), output_field=BooleanField()),
        **{
            f"{name}_count": counted(
                model.objects.filter(**{str(kind): OuterRef("pk")}),
                group=str(kind),
            )
            for name, model in (("note", Note), ("file", RecordFile))
        },
    )
    if kind != RecordKind.ORGANIZATION:
        rows = rows.annotate(organization_name=seen_name(user, Organization, key="organization_id"))
    if kind in (RecordKind.DEAL, RecordKind.LEAD, RecordKind.PROJECT):
        rows = _with_person(rows, user)
    if kind == RecordKind.LEAD:
        rows = rows.annotate(deal_name=seen_name(user, Deal, key="deal_id"))
    return rows.first()


def _with_person(rows: QuerySet[Any], user: User) -> Any:
    person = Person.objects.visible_to(user).filter(pk=OuterRef("person_id"))
    return rows.annotate(
        person_name=Subquery(person.values("name")),
        person_title=Subquery(person.values("job_title")),
        person_email=_first_of(PersonEmail, "address", user),
        person_phone=_first_of(PersonPhone, "number", user),
    )


def _first_of(model: Any, field: str, user: User) -> Subquery:
    """The main address or number of the record's person, when the user sees that person."""
    rows = model.objects.filter(
        visible_records(user, prefix="person__"),
        person__deleted_at__isnull=True,
        person=OuterRef("person_id"),
    )
    return Subquery(rows.order_by("-is_primary", "pk").values(field)[:1])


@dataclass(frozen=True, slots=True)
class Linked:
    """A deal, lead or project of a person or organization, in a line."""

    kind: str
    pk: int
    title: str
    value: Decimal | None
    currency: str
    status: str
    place: str

    @property
    def url(self) -> str:
        return reverse(f"crm:{self.kind}", args=[self.pk])

    @property
    def status_text(self) -> str:
        return str(DealStatus(self.status).label) if self.kind == "deal" else ""


def _linked(user: User, **about: Any) -> dict[str, list[Linked]]:
    """The newest deals, open leads and projects of a record, by one query."""
    none: dict[str, Any] = {
        "amount": Cast(Value(None), Deal._meta.get_field("value")),
        "money": Value("", output_field=CharField()),
        "state": Value("", output_field=CharField()),
    }
    given: dict[Any, dict[str, Any]] = {
        Deal: {
            "amount": F("value"),
            "money": F("currency"),
            "state": F("status"),
            "place": F("stage__name"),
        },
        Lead: {"amount": F("value"), "money": F("currency"), "place": F("source")},
        Project: {"place": F("phase__name")},
    }
    visible = {model: model.objects.visible_to(user).filter(**about) for model in given}
    visible[Lead] = visible[Lead].open()
    columns = ("kind_", "key", "title_", "amount", "money", "state", "place", "added")
    parts = [
        model.objects.filter(pk__in=visible[model].order_by("-created_at").values("pk")[:SHOWN])
        .annotate(
            kind_=Value(str(model.kind), output_field=CharField()),
            key=F("pk"),
            title_=F("title"),
            added=F("created_at"),
            **{**none, **fields},
        )
        .order_by()
        .values_list(*columns)
        for model, fields in given.items()
    ]
    found: dict[str, list[Linked]] = {"deals": [], "leads": [], "projects": []}
    for row in parts[0].union(*parts[1:], all=True).order_by("-added"):
        found[f"{row[0]}s"].append(Linked(*row[:-1]))
    found["deals"].sort(key=lambda deal: deal.status != DealStatus.OPEN)
    return found


@dataclass(frozen=True, slots=True)
class Contact:
    """An address or a number of a person."""

    text: str
    is_primary: bool


def contacts_of(person: Person) -> dict[str, list[Contact]]:
    """`emails` and `phones`, the main one first, by one query."""
    parts = [
        model.objects.filter(person=person)
        .annotate(sort=Value(kind, output_field=CharField()), text=F(field), key=F("pk"))
        .order_by()
        .values_list("sort", "text", "is_primary", "key")
        for kind, model, field in (
            ("emails", PersonEmail, "address"),
            ("phones", PersonPhone, "number"),
        )
    ]
    found: dict[str, list[Contact]] = {"emails": [], "phones": []}
    for kind, text, is_primary, _key in (
        parts[0].union(parts[1], all=True).order_by("-is_primary", "key")
    ):
        found[kind].append(Contact(text, is_primary))
    return found


def person_details(record: Person, *, user: User) -> dict[str, Any]:
    return contacts_of(record) | _linked(user, person=record)


def organization_details(record: Organization, *, user: User) -> dict[str, Any]:
    persons = Person.objects.visible_to(user).filter(organization=record)
    return {
        "domains": list(record.domains.all()),
        "persons": list(persons.order_by("sort_key", "pk")[: SHOWN + 1]),
        **_linked(user, organization=record),
    }


def deal_details(record: Deal, *, user: User) -> dict[str, Any]:
    mark_rotting([record])
    participants = Person.objects.visible_to(user).filter(participant_rows__deal=record)
    return {
        "stages": list(Stage.objects.filter(pipeline=record.pipeline_id)),
        "participants": list(participants.order_by("sort_key")),
    }


def lead_details(_record: Lead, **_given: Any) -> dict[str, Any]:
    return {}


def project_details(record: Project, *, user: User) -> dict[str, Any]:
    deals = Deal.objects.visible_to(user).filter(projects=record).select_related("stage")
    return {
        "phases": list(record.board.phases.all()),
        "tasks": list(record.tasks.select_related("assigned_to")),
        "deals": list(deals.order_by("status", "-created_at")[:SHOWN]),
    }


DETAILS: dict[RecordKind, Any] = {
    RecordKind.PERSON: person_details,
    RecordKind.ORGANIZATION: organization_details,
    RecordKind.DEAL: deal_details,
    RecordKind.LEAD: lead_details,
    RecordKind.PROJECT: project_details,
}
