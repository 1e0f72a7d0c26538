"""Columns of lists that tell of another record: filled only when the reader sees that record."""

from typing import Any

from django.db.models import (
    Count,
    DateField,
    IntegerField,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce

from crm.models import Activity, Deal, Organization, Person, PersonEmail, PersonPhone
from users.models import User


def seen_name(user: User, model: Any, *, key: str) -> Subquery:
    """The name of the record behind `key`, or NULL when the user may not see it."""
    rows = model.objects.visible_to(user).filter(pk=OuterRef(key))
    return Subquery(rows.values(model.title_field)[:1])


def with_linked_names(rows: QuerySet[Any], *, user: User) -> Any:
    """`person_name` and `organization_name` of deals, leads, projects and activities."""
    return rows.annotate(
        person_name=seen_name(user, Person, key="person_id"),
        organization_name=seen_name(user, Organization, key="organization_id"),
    )


def with_next_activity(rows: QuerySet[Any]) -> Any:
    """`next_due`: the day of the next planned activity of each record."""
    planned = (
        Activity.objects.planned()
        .filter(**{str(rows.model.kind): OuterRef("pk")}, due_date__isnull=False)
        .order_by("due_date")
    )
    return rows.annotate(
        next_due=Subquery(planned.values("due_date")[:1], output_field=DateField())
    )


def with_person_columns(rows: QuerySet[Any], *, user: User) -> Any:
    emails = PersonEmail.objects.filter(person=OuterRef("pk")).order_by("-is_primary", "pk")
    phones = PersonPhone.objects.filter(person=OuterRef("pk")).order_by("-is_primary", "pk")
    return with_open_deals(
        rows.annotate(
            organization_name=seen_name(user, Organization, key="organization_id"),
            email=Subquery(emails.values("address")[:1]),
            phone=Subquery(phones.values("number")[:1]),
        ),
        user=user,
        key="person",
    )


def with_organization_columns(rows: QuerySet[Any], *, user: User) -> Any:
    return with_open_deals(
        rows.annotate(
            person_count=counted(
                Person.objects.visible_to(user).filter(organization=OuterRef("pk")),
                group="organization",
            ),
        ),
        user=user,
        key="organization",
    )


def with_open_deals(rows: QuerySet[Any], *, user: User, key: str) -> Any:
    """`open_deals`: how many open deals the user sees of each."""
    deals = Deal.objects.visible_to(user).open().filter(**{key: OuterRef("pk")})
    return rows.annotate(open_deals=counted(deals, group=key))


def counted(rows: QuerySet[Any], *, group: str) -> Any:
    counts = rows.order_by().values(group).annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counts, output_field=IntegerField()), Value(0))
