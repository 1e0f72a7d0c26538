"""What each list is made of: its rows, its columns and how it can be sorted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm.domain.queries.boards import mark_rotting
from crm.domain.queries.seen import (
    seen_name,
    with_linked_names,
    with_next_activity,
    with_organization_columns,
    with_person_columns,
)
from crm.enums import ListKind
from crm.models import Activity, Deal, Lead, Organization, Person, Project
from users.models import User

NAME = "sort_key"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `sort` names an entry of the list's sorts; hidden ones can be switched on.

    What `is_above` is nothing of ours: the app above fills it in, on the page and nowhere else.
    """

    name: str
    heading: Any
    sort: str = ""
    shown: bool = True
    number: bool = False
    is_above: bool = False


@dataclass(frozen=True)
class ListSpec:
    kind: ListKind
    model: Any
    title: Any
    url_name: str
    new_url_name: str
    columns: tuple[Column, ...]
    sorts: dict[str, str]
    default_sort: str
    fill: Callable[[QuerySet[Any], User], QuerySet[Any]]

    def sort_of(self, text: str) -> tuple[str, str]:
        """The sort named in a URL (`name` or `-name`) and the order it means.

        Only what `sorts` names works; the default stands for anything else.
        """
        if text.removeprefix("-") not in self.sorts:
            text = self.default_sort
        field = self.sorts[text.removeprefix("-")]
        return text, (f"-{field}" if text.startswith("-") else field)

    def rows(self, keys: list[int], *, user: User) -> list[Any]:
        """These rows, in this order, filled with what the columns show."""
        filled = self.fill(self.model.objects.filter(pk__in=keys).order_by(), user)
        by_key = {row.pk: row for row in filled}
        return self.finished([by_key[key] for key in keys if key in by_key])

    def finished(self, rows: Sequence[Any]) -> list[Any]:
        """The rows with what is worked out after reading them."""
        found = list(rows)
        if self.model is Deal:
            mark_rotting(found)
        return found


def _persons(rows: QuerySet[Any], user: User) -> Any:
    rows = with_next_activity(with_person_columns(rows, user=user))
    return rows.select_related("owner").prefetch_related("labels")


def _organizations(rows: QuerySet[Any], user: User) -> Any:
    rows = with_next_activity(with_organization_columns(rows, user=user))
    return rows.select_related("owner").prefetch_related("labels")


def _items(rows: QuerySet[Any], user: User) -> Any:
    rows = with_next_activity(with_linked_names(rows, user=user))
    return rows.select_related("owner").prefetch_related("labels")


def _deals(rows: QuerySet[Any], user: User) -> Any:
    return _items(rows, user).select_related("owner", "stage", "pipeline")


def _projects(rows: QuerySet[Any], user: User) -> Any:
    return _items(rows, user).select_related("owner", "phase", "board")


def _activities(rows: QuerySet[Any], user: User) -> Any:
    names = {
        f"{key}_name": seen_name(user, model, key=f"{key}_id")
        for key, model in {
            "person": Person,
            "organization": Organization,
            "deal": Deal,
            "lead": Lead,
            "project": Project,
        }.items()
    }
    return rows.annotate(**names).select_related("assigned_to")


LABELS = Column("labels", _("Labels"))
OWNER = Column("owner", _("Owner"))
NEXT = Column("next_due", _("Next activity"))
LAST_MAIL = Column("last_mail", _("Last mail"), is_above=True)
CREATED = Column("created_at", _("Added"), sort="added", shown=False)
PERSON = Column("person", _("Person"))
ORGANIZATION = Column("organization", _("Organization"))
VALUE = Column("value", _("Value"), sort="value", number=True)

SPECS: dict[ListKind, ListSpec] = {
    spec.kind: spec
    for spec in (
        ListSpec(
            kind=ListKind.PERSON,
            model=Person,
            title=_("People"),
            url_name="crm:people",
            new_url_name="crm:person_new",
            columns=(
                Column("name", _("Name"), sort="name"),
                ORGANIZATION,
                Column("email", _("E-mail")),
                Column("phone", _("Phone")),
                Column("open_deals", _("Open deals"), number=True),
                LAST_MAIL,
                NEXT,
                OWNER,
                LABELS,
                Column("job_title", _("Job title"), shown=False),
                CREATED,
            ),
            sorts={"name": NAME, "added": "created_at"},
            default_sort="name",
            fill=_persons,
        ),
        ListSpec(
            kind=ListKind.ORGANIZATION,
            model=Organization,
            title=_("Organizations"),
            url_name="crm:organizations",
            new_url_name="crm:organization_new",
            columns=(
                Column("name", _("Name"), sort="name"),
                Column("person_count", _("People"), number=True),
                Column("open_deals", _("Open deals"), number=True),
                LAST_MAIL,
                NEXT,
                OWNER,
                LABELS,
                Column("address", _("Address"), shown=False),
                CREATED,
            ),
            sorts={"name": NAME, "added": "created_at"},
            default_sort="name",
            fill=_organizations,
        ),
        ListSpec(
            kind=ListKind.DEAL,
            model=Deal,
            title=_("Deals"),
            url_name="crm:deals",
            new_url_name="crm:deal_new",
            columns=(
                Column("name", _("Title"), sort="name"),
                VALUE,
                ORGANIZATION,
                PERSON,
                Column("stage", _("Stage")),
                Column("status", _("Status")),
                Column("expected_close_date", _("Expected close"), sort="close"),
                LAST_MAIL,
                NEXT,
                OWNER,
                LABELS,
                CREATED,
            ),
            sorts={
                "name": NAME,
                "added": "created_at",
                "value": "value",
                "close": "expected_close_date",
            },
            default_sort="-added",
            fill=_deals,
        ),
        ListSpec(
            kind=ListKind.LEAD,
            model=Lead,
            title=_("Leads"),
            url_name="crm:leads",
            new_url_name="crm:lead_new",
            columns=(
                Column("name", _("Title"), sort="name"),
                PERSON,
                ORGANIZATION,
                Column("value", _("Value"), number=True),
                Column("source", _("Source")),
                LAST_MAIL,
                NEXT,
                OWNER,
                LABELS,
                Column("created_at", _("Added"), sort="added"),
            ),
            sorts={"name": NAME, "added": "created_at"},
            default_sort="-added",
            fill=_items,
        ),
        ListSpec(
            kind=ListKind.PROJECT,
            model=Project,
            title=_("Projects"),
            url_name="crm:projects",
            new_url_name="crm:project_new",
            columns=(
                Column("name", _("Title"), sort="name"),
                ORGANIZATION,
                PERSON,
                Column("phase", _("Phase")),
                Column("status", _("Status")),
                Column("end_date", _("End")),
                LAST_MAIL,
                NEXT,
                OWNER,
                LABELS,
                CREATED,
            ),
            sorts={"name": NAME, "added": "created_at"},
            default_sort="name",
            fill=_projects,
        ),
        ListSpec(
            kind=ListKind.ACTIVITY,
            model=Activity,
            title=_("Activities"),
            url_name="crm:activities",
            new_url_name="crm:activity_new",
            columns=(
                Column("name", _("What")),
                Column("kind", _("Kind")),
                Column("due_date", _("Due"), sort="due"),
                Column("about", _("About")),
                Column("assigned_to", _("Assigned to")),
            ),
            sorts={"due": "due_date"},
            default_sort="due",
            fill=_activities,
        ),
    )
}
