"""Acts on many records: the ticked ones, or all that the filter in the URL matches."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from crm.domain.queries.lists import SPECS
from crm.domain.records import bin_records, give_records, label_records, set_records_visibility
from crm.enums import ListKind
from crm.forms.bulk import LabelForm, OwnerForm, SelectionForm, VisibilityForm
from crm.views.access import go_to
from crm.views.lists import FILTERS


def _selection(request: HttpRequest, kind: ListKind) -> Any:
    visible = SPECS[kind].model.objects.visible_to(request.user)
    filtered = FILTERS[kind](request.GET, user=request.user).apply(visible)
    return SelectionForm(request.POST, filtered=filtered, visible=visible).rows()


def _back(request: HttpRequest, kind: ListKind, *, text: str = "") -> HttpResponse:
    if text:
        messages.success(request, text)
    query = request.GET.urlencode()
    return go_to(request, reverse(SPECS[kind].url_name) + (f"?{query}" if query else ""))


def _refused(request: HttpRequest, kind: ListKind) -> HttpResponse:
    messages.error(request, _("Choose what to change first."))
    return _back(request, kind)


@login_required
@require_POST
def bulk_owner(request: HttpRequest, kind: ListKind) -> HttpResponse:
    form = OwnerForm(request.POST)
    if not form.is_valid():
        return _refused(request, kind)
    count = give_records(_selection(request, kind), owner=form.cleaned_data["owner"])
    text = ngettext("%(n)s record has a new owner.", "%(n)s records have a new owner.", count)
    return _back(request, kind, text=text % {"n": count})


@login_required
@require_POST
def bulk_label(request: HttpRequest, kind: ListKind) -> HttpResponse:
    form = LabelForm(request.POST, kind=kind)
    if not form.is_valid():
        return _refused(request, kind)
    count = label_records(_selection(request, kind), label=form.cleaned_data["label"])
    text = ngettext("%(n)s record labelled.", "%(n)s records labelled.", count)
    return _back(request, kind, text=text % {"n": count})


@login_required
@require_POST
def bulk_visibility(request: HttpRequest, kind: ListKind) -> HttpResponse:
    form = VisibilityForm(request.POST)
    if not form.is_valid():
        return _refused(request, kind)
    rows = _selection(request, kind)
    chosen = rows.count()
    count = set_records_visibility(
        rows, visibility=form.cleaned_data["visibility"], by=request.user
    )
    text = ngettext(
        "Visibility of %(n)s record changed.", "Visibility of %(n)s records changed.", count
    )
    text %= {"n": count}
    if count < chosen:
        text += " " + _("Only owners and administrators change who sees a record.")
    return _back(request, kind, text=text)


@login_required
@require_POST
def bulk_delete(request: HttpRequest, kind: ListKind) -> HttpResponse:
    count = bin_records(_selection(request, kind), by=request.user)
    text = ngettext(
        "%(n)s record is in the bin for 30 days.",
        "%(n)s records are in the bin for 30 days.",
        count,
    )
    return _back(request, kind, text=text % {"n": count})
