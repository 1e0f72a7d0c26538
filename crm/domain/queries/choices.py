"""How one user likes to see a list: its columns and the filters that were saved."""

from dataclasses import dataclass, field

from django.db.models import CharField, F, Value

from crm.enums import ListKind
from crm.models import ChosenColumns, SavedFilter
from users.models import User


@dataclass(frozen=True, slots=True)
class Saved:
    pk: int
    name: str
    query: str


@dataclass(slots=True)
class ListChoices:
    """`columns` is None for who has not chosen any."""

    columns: list[str] | None = None
    filters: list[Saved] = field(default_factory=list)


def list_choices(user: User, kind: ListKind) -> ListChoices:
    """Both by one query."""
    columns = ChosenColumns.objects.filter(user=user, list_kind=kind).annotate(
        title=Value("", output_field=CharField()), text=F("names")
    )
    filters = SavedFilter.objects.filter(user=user, list_kind=kind).annotate(
        title=F("name"), text=F("query")
    )
    found = ListChoices()
    rows = [each.order_by().values_list("pk", "title", "text") for each in (columns, filters)]
    # A filter always has a name.
    for pk, name, text in rows[0].union(rows[1], all=True).order_by("title"):
        if name:
            found.filters.append(Saved(pk, name, text))
        else:
            found.columns = text.split()
    return found
