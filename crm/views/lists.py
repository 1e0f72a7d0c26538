"""The lists of people, organizations, deals, leads, projects and activities."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from common.paging import keyset_page
from crm.domain.queries.choices import list_choices
from crm.domain.queries.lists import SPECS, ListSpec
from crm.enums import ListKind
from crm.forms import filters
from crm.forms.bulk import SavedFilterForm
from crm.models import ChosenColumns, SavedFilter
from crm.views.access import go_to, last_mail_url
from sharing.enums import ItemVisibility

FILTERS: dict[ListKind, Any] = {
    ListKind.PERSON: filters.PersonFilter,
    ListKind.ORGANIZATION: filters.OrganizationFilter,
    ListKind.DEAL: filters.DealFilter,
    ListKind.LEAD: filters.LeadFilter,
    ListKind.PROJECT: filters.ProjectFilter,
    ListKind.ACTIVITY: filters.ActivityFilter,
}
PAGE = "crm/list.html"
PARTIALS = {"list-table": "crm/list.html#table", "list-more": "crm/list.html#rows"}
# Leads stand beside the one that is open, like mail.
LEADS_PAGE = "crm/leads.html"
LEADS_PARTIALS = {
    "list-pane": "crm/leads.html#pane",
    "list-rows": "crm/leads.html#found",
    "list-more": "crm/leads.html#rows",
}
# Counting stops here: nobody needs "all 84,213" to be exact before asking for it.
COUNTED = 1000


@login_required
@require_GET
def record_list(request: HttpRequest, kind: ListKind) -> HttpResponse:
    spec = SPECS[kind]
    form = FILTERS[kind](request.GET, user=request.user)
    rows = form.apply(spec.model.objects.visible_to(request.user))
    sort_name, order = spec.sort_of(request.GET.get("sort", ""))
    # Columns of other tables are computed after the limit on both databases, so one query does.
    page = keyset_page(
        spec.fill(rows, request.user), order=[order], after=request.GET.get("after", "")
    )
    choices = list_choices(request.user, kind)  # type: ignore[arg-type]
    context: dict[str, Any] = {
        "spec": spec,
        "form": form,
        "rows": spec.finished(page.rows),
        "last_mail_url": last_mail_url(kind, page.rows),
        "columns": shown_columns(spec, choices.columns),
        "sort_name": sort_name,
        "chips": chips(request, form),
        "filtered": bool(form.chosen()),
        "query": query_without(request, "after"),
        "more_url": more_url(request, page.next_cursor),
        "first_page": "after" not in request.GET,
        "today": timezone.localdate(),
        "section": section_of(kind),
    }
    page_template, partials = PAGE, PARTIALS
    if kind == ListKind.LEAD:
        page_template, partials = LEADS_PAGE, LEADS_PARTIALS
        context |= {"states": states_of(request, form), "list_url": request.path}
    template = partials.get(target_of(request), page_template)
    context |= {
        "is_page": template == page_template,
        "saved_filters": choices.filters,
        "visibilities": ItemVisibility.choices,
        "columns_chosen": {column.name for column in context["columns"]},
    }
    if not template.endswith("#rows"):
        context["matching"] = rows.order_by().values("pk")[: COUNTED + 1].count()
        context["counted"] = COUNTED
    response = render(request, template, context)
    response["Vary"] = "HX-Request, HX-Target"
    return response


def states_of(request: HttpRequest, form: Any) -> list[dict[str, Any]]:
    """The tabs over the leads: each state with its address, the other filters kept."""
    kept, chosen = query_without(request, "after", "state"), form.chosen().get("state", "")
    return [
        {
            "text": text,
            "query": "&".join(part for part in (kept, f"state={value}" if value else "") if part),
            "is_current": value == chosen,
        }
        for value, text in form.fields["state"].choices
    ]


def target_of(request: HttpRequest) -> str:
    """The id of the element that htmx is about to fill; its header reads `tag#id`."""
    if request.headers.get("HX-Request") != "true":
        return ""
    return str(request.headers.get("HX-Target", "")).rpartition("#")[2]


def section_of(kind: ListKind) -> str:
    return {
        ListKind.PERSON: "contacts",
        ListKind.ORGANIZATION: "contacts",
        ListKind.DEAL: "deals",
        ListKind.LEAD: "leads",
        ListKind.PROJECT: "projects",
        ListKind.ACTIVITY: "activities",
    }[kind]


def query_without(request: HttpRequest, *names: str) -> str:
    pairs = [(k, v) for k, v in request.GET.items() if k not in names and v]
    return urlencode(pairs)


def more_url(request: HttpRequest, cursor: str) -> str:
    if not cursor:
        return ""
    query = query_without(request, "after")
    return "?" + (f"{query}&" if query else "") + urlencode({"after": cursor})


def chips(request: HttpRequest, form: Any) -> list[dict[str, str]]:
    """The filters in force, each with the address of the list without it."""
    found = []
    for name, value in form.chosen().items():
        field = form.fields[name]
        text = value
        if isinstance(value, str) and hasattr(field, "choices"):
            text = dict(field.choices).get(value, value)
        found.append(
            {
                "label": str(field.label or name),
                "text": str(text),
                "url": "?" + query_without(request, name, "after"),
            }
        )
    return found


# --- Columns and saved filters ------------------------------------------------------------------


def shown_columns(spec: ListSpec, chosen: list[str] | None) -> list[Any]:
    """The columns that this user has chosen; the name is always there."""
    if chosen is None:
        return [column for column in spec.columns if column.shown]
    return [column for column in spec.columns if column.name in chosen or column.name == "name"]


@login_required
@require_POST
def choose_columns(request: HttpRequest, kind: ListKind) -> HttpResponse:
    known = {column.name for column in SPECS[kind].columns}
    chosen = [name for name in request.POST.getlist("columns") if name in known]
    ChosenColumns.objects.update_or_create(
        user=request.user, list_kind=kind, defaults={"names": " ".join(chosen)}
    )
    return go_to(request, _with_query(request, kind))


@login_required
@require_POST
def save_filter(request: HttpRequest, kind: ListKind) -> HttpResponse:
    form = SavedFilterForm(request.POST)
    if form.is_valid():
        SavedFilter.objects.update_or_create(
            user=request.user,
            list_kind=kind,
            name=form.cleaned_data["name"],
            defaults={"query": form.cleaned_data["query"]},
        )
    return go_to(request, _with_query(request, kind))


@login_required
@require_POST
def forget_filter(request: HttpRequest, kind: ListKind, pk: int) -> HttpResponse:
    get_object_or_404(SavedFilter, pk=pk, user=request.user, list_kind=kind).delete()
    return go_to(request, _with_query(request, kind))


def _with_query(request: HttpRequest, kind: ListKind) -> str:
    query = request.POST.get("query", "")[:1000]
    return reverse(SPECS[kind].url_name) + (f"?{query}" if query else "")
