"""Filters of the lists. A filter is the query part of a URL; only what a form here names works."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.domain.queries.search import matching
from crm.enums import ActivityKind, DealStatus, ProjectStatus
from crm.models import Board, RecordLabel, Stage
from users.models import User

DUE = [
    ("overdue", _("Overdue")),
    ("today", _("Today")),
    ("week", _("Next seven days")),
    ("none", _("Without a day")),
]


def choice_of(
    rows: Iterable[Any], *, label: Any, empty: Any, text: Callable[[Any], str] = str
) -> forms.TypedChoiceField:
    """A choice among rows that have been read; the cleaned value is the row."""
    by_key = {str(row.pk): row for row in rows}
    return forms.TypedChoiceField(
        label=label,
        choices=[("", empty), *((key, text(row)) for key, row in by_key.items())],
        coerce=by_key.get,
        empty_value=None,
        required=False,
    )


def search_field() -> forms.CharField:
    return forms.CharField(
        label=_("Search"),
        required=False,
        max_length=200,
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "placeholder": _("Search"),
                "dir": "auto",
                "data-key": "search",
            }
        ),
    )


def bears(model: Any, label: RecordLabel) -> Exists:
    """The condition that a record has this label.

    Asked of each row and not joined: a join would sort all that have the label before the first
    page of them is known; this way the order comes from the index of the sort.
    """
    through = model.labels.through
    return Exists(
        through.objects.filter(**{f"{model.kind}_id": OuterRef("pk"), "recordlabel": label})
    )


class ListFilter(forms.Form):
    """`q`, owner and label. A value that is not allowed is left out, as if it were not there."""

    kind: str

    q = search_field()

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        # Read once: the same lists are the choices of the filter and of the bulk bar.
        self.owners = list(User.objects.active())
        self.labels = list(RecordLabel.objects.filter(kind=self.kind))
        self.fields["owner"] = choice_of(self.owners, label=_("Owner"), empty=_("Any owner"))
        self.fields["label"] = choice_of(self.labels, label=_("Label"), empty=_("Any label"))

    def chosen(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}

    def is_wider(self) -> bool:
        """Whether a value was left out, a label that is gone, say: the rows are more than was once
        asked for."""
        return not self.is_valid()

    def apply(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.chosen()
        if "q" in chosen:
            rows = matching(rows, chosen["q"])
        if "owner" in chosen:
            rows = rows.filter(owner=chosen["owner"])
        if "label" in chosen:
            rows = rows.filter(bears(rows.model, chosen["label"]))
        return rows


class PersonFilter(ListFilter):
    kind = "person"


class OrganizationFilter(ListFilter):
    kind = "organization"


class DealCardFilter(ListFilter):
    """Of a board, which is one pipeline and shows open deals."""

    kind = "deal"


class DealFilter(ListFilter):
    kind = "deal"

    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("Any status")), *DealStatus.choices]
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        stages = list(
            Stage.objects.filter(pipeline__archived_at__isnull=True)
            .select_related("pipeline")
            .order_by("pipeline__position", "pipeline_id", "position")
        )
        pipelines = {stage.pipeline_id: stage.pipeline for stage in stages}
        self.fields["pipeline"] = choice_of(
            pipelines.values(), label=_("Pipeline"), empty=_("Any pipeline")
        )
        self.fields["stage"] = choice_of(
            stages,
            label=_("Stage"),
            empty=_("Any stage"),
            text=lambda one: f"{one.pipeline} › {one}" if len(pipelines) > 1 else str(one),
        )
        self.order_fields(["q", "status", "pipeline", "stage"])

    def apply(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows, chosen = super().apply(rows), self.chosen()
        for name in ("status", "pipeline", "stage"):
            if name in chosen:
                rows = rows.filter(**{name: chosen[name]})
        return rows


class LeadFilter(ListFilter):
    kind = "lead"

    state = forms.ChoiceField(
        label=_("Show"),
        required=False,
        choices=[
            ("", _("Open")),
            ("archived", _("Archived")),
            ("converted", _("Converted")),
            ("all", _("All")),
        ],
    )
    source = forms.CharField(
        label=_("Source"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": _("Source")}),
    )

    def apply(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows, chosen = super().apply(rows), self.chosen()
        if "source" in chosen:
            rows = rows.filter(source__iexact=chosen["source"])
        match chosen.get("state"):
            case "archived":
                return rows.filter(archived_at__isnull=False, converted_at__isnull=True)
            case "converted":
                return rows.filter(converted_at__isnull=False)
            case "all":
                return rows
        return rows.filter(archived_at__isnull=True, converted_at__isnull=True)


class ProjectCardFilter(ListFilter):
    """Of a board, which shows open projects."""

    kind = "project"


class ProjectFilter(ListFilter):
    kind = "project"

    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[("", _("Any status")), *ProjectStatus.choices, ("archived", _("Archived"))],
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        self.fields["board"] = choice_of(
            list(Board.objects.filter(archived_at__isnull=True)),
            label=_("Board"),
            empty=_("Any board"),
        )
        self.order_fields(["q", "status", "board"])

    def apply(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        rows, chosen = super().apply(rows), self.chosen()
        if "board" in chosen:
            rows = rows.filter(board=chosen["board"])
        if chosen.get("status") == "archived":
            return rows.filter(archived_at__isnull=False)
        if "status" in chosen:
            rows = rows.filter(status=chosen["status"])
        return rows.filter(archived_at__isnull=True)


class ActivityFilter(forms.Form):
    q = search_field()
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[("", _("Any kind")), *ActivityKind.choices]
    )
    due = forms.ChoiceField(label=_("Due"), required=False, choices=[("", _("Any day")), *DUE])
    done = forms.ChoiceField(
        label=_("Show"),
        required=False,
        choices=[("", _("To do")), ("yes", _("Done")), ("all", _("All"))],
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.owners = list(User.objects.active())
        self.fields["assigned"] = choice_of(self.owners, label=_("Assigned to"), empty=_("Anybody"))

    chosen = ListFilter.chosen
    is_wider = ListFilter.is_wider

    def apply(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        chosen, today = self.chosen(), timezone.localdate()
        if "q" in chosen:
            rows = rows.filter(title__icontains=chosen["q"])
        if "kind" in chosen:
            rows = rows.filter(kind=chosen["kind"])
        if "assigned" in chosen:
            rows = rows.filter(assigned_to=chosen["assigned"])
        due = {
            "overdue": Q(due_date__lt=today, done_at__isnull=True),
            "today": Q(due_date=today),
            "week": Q(due_date__gte=today, due_date__lte=today + timedelta(days=7)),
            "none": Q(due_date__isnull=True),
        }
        if "due" in chosen:
            rows = rows.filter(due[chosen["due"]])
        match chosen.get("done"):
            case "yes":
                return rows.filter(done_at__isnull=False)
            case "all":
                return rows
        return rows.filter(done_at__isnull=True)
