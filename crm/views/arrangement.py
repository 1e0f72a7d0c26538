"""Settings of the company: pipelines and boards, and the labels of records."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.domain import arrangement
from crm.enums import RecordKind
from crm.errors import NotPossibleError
from crm.forms.arrangement import (
    AddWayForm,
    BoardForm,
    ChangeLabelForm,
    PhaseFormSet,
    PipelineForm,
    RecordLabelForm,
    StageFormSet,
)
from crm.models import Board, Pipeline, RecordLabel
from crm.views.access import go_to, posted
from users.rules import administrators_only

WAYS: dict[str, Any] = {
    "pipeline": (Pipeline, PipelineForm, StageFormSet),
    "board": (Board, BoardForm, PhaseFormSet),
}


@administrators_only
@require_http_methods(["GET", "POST"])
def way_list(request: HttpRequest, noun: str) -> HttpResponse:
    """All pipelines or boards, and a form to add one."""
    model = WAYS[noun][0]
    form = AddWayForm(posted(request), model=model)
    if request.method == "POST" and form.is_valid():
        way = arrangement.add_way(model, **form.cleaned_data)
        return go_to(request, reverse(f"crm:{noun}_setup", args=[way.pk]))
    context = {"noun": noun, "form": form, "ways": arrangement.ways(model)}
    status = 422 if form.errors else 200
    return render(request, "crm/settings/ways.html", context, status=status)


@administrators_only
@require_http_methods(["GET", "POST"])
def way_setup(request: HttpRequest, noun: str, pk: int) -> HttpResponse:
    """The name of one pipeline or board and its steps, saved together."""
    model, form_class, formset_class = WAYS[noun]
    way = get_object_or_404(model, pk=pk)
    data = posted(request)
    form, steps = form_class(data, instance=way), formset_class(data, instance=way)
    if data is not None and form.is_valid() and steps.is_valid():
        try:
            arrangement.save_steps(way, kept=steps.kept(), removed=steps.removed())
        except NotPossibleError as error:
            form.add_error(None, str(error))
        else:
            form.save()
            messages.success(request, _("“%(name)s” is saved.") % {"name": way})
            return go_to(request, reverse(f"crm:{noun}_setup", args=[way.pk]))
    context = {"noun": noun, "way": way, "form": form, "steps": steps}
    status = 422 if form.errors or steps.total_error_count() else 200
    return render(request, "crm/settings/way.html", context, status=status)


@administrators_only
@require_POST
def way_archive(request: HttpRequest, noun: str, pk: int) -> HttpResponse:
    way = get_object_or_404(WAYS[noun][0], pk=pk)
    try:
        arrangement.archive_way(way)
    except NotPossibleError as error:
        messages.error(request, str(error))
    return go_to(request, reverse(f"crm:{noun}_list"))


@administrators_only
@require_POST
def way_unarchive(request: HttpRequest, noun: str, pk: int) -> HttpResponse:
    arrangement.unarchive_way(get_object_or_404(WAYS[noun][0], pk=pk))
    return go_to(request, reverse(f"crm:{noun}_list"))


@administrators_only
@require_http_methods(["GET", "POST"])
def label_list(request: HttpRequest) -> HttpResponse:
    """The labels of records, by kind, and a form to add one."""
    form = RecordLabelForm(posted(request))
    if request.method == "POST" and form.is_valid():
        form.save()
        return go_to(request, reverse("crm:label_list"))
    found = arrangement.labels_by_kind()
    groups = [(kind.label, found.get(kind, [])) for kind in RecordKind]
    context = {"form": form, "groups": [group for group in groups if group[1]]}
    status = 422 if form.errors else 200
    return render(request, "crm/settings/labels.html", context, status=status)


@administrators_only
@require_http_methods(["GET", "POST"])
def label_edit(request: HttpRequest, pk: int) -> HttpResponse:
    label = get_object_or_404(RecordLabel, pk=pk)
    form = ChangeLabelForm(posted(request), instance=label)
    if request.method == "POST" and form.is_valid():
        form.save()
        return go_to(request, reverse("crm:label_list"))
    context = {"form": form, "label": label}
    status = 422 if form.errors else 200
    return render(request, "crm/settings/label.html", context, status=status)


@administrators_only
@require_POST
def label_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes the label off every record; the records stay."""
    label = get_object_or_404(RecordLabel, pk=pk)
    label.delete()
    messages.success(request, _("The label “%(name)s” is gone.") % {"name": label})
    return go_to(request, reverse("crm:label_list"))
