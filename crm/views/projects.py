"""Acts on projects: phases, end and archive, tasks, linked deals."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.domain import projects
from crm.domain.queries.details import seen
from crm.enums import RecordKind
from crm.errors import ConflictError, CRMError
from crm.forms.attached import MoveProjectForm, NamedRecordForm, TaskForm
from crm.models import Project, ProjectTask
from crm.views.access import back_to, record_or_404
from crm.views.deals import small_form


def project_or_404(request: HttpRequest, pk: int) -> Project:
    return record_or_404(request, RecordKind.PROJECT, pk)


def _act(request: HttpRequest, pk: int, act: Any) -> HttpResponse:
    project = project_or_404(request, pk)
    try:
        act(project)
    except CRMError as error:
        messages.error(request, str(error))
    return back_to(request, project)


@login_required
@require_POST
def project_complete(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, projects.complete_project)


@login_required
@require_POST
def project_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, projects.cancel_project)


@login_required
@require_POST
def project_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, projects.reopen_project)


@login_required
@require_POST
def project_archive(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, projects.archive_project)


@login_required
@require_POST
def project_unarchive(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, projects.unarchive_project)


@login_required
@require_http_methods(["GET", "POST"])
def project_move(  # noqa: PLR0911 -- a drag and a form are answered apart
    request: HttpRequest, pk: int
) -> HttpResponse:
    """To a phase. A drag answers 204 or 409 and nothing else; a form goes back to its page."""
    project = project_or_404(request, pk)
    if request.method == "GET":
        form = MoveProjectForm(initial={"phase": project.phase_id, "version": project.version})
        return small_form(request, project, form, title=_("Move to…"), submit=_("Move"))
    form = MoveProjectForm(request.POST)
    dragged = request.headers.get("X-Board") == "drag"
    if not form.is_valid():
        if dragged:
            return HttpResponse(status=422)
        return small_form(request, project, form, title=_("Move to…"), submit=_("Move"))
    values = form.cleaned_data
    before = seen(Project, values["before"], user=request.user) if values["before"] else None
    try:
        projects.move_project(
            project,
            phase=values["phase"],
            before=before.pk if before else None,
            version=values["version"],
        )
    except ConflictError as error:
        if dragged:
            return HttpResponse(status=409, headers={"X-Error-Text": _("Changed meanwhile")})
        messages.error(request, str(error))
        return small_form(request, project, form, title=_("Move to…"), submit=_("Move"), status=409)
    if dragged:
        return HttpResponse(status=204, headers={"X-Version": str(project.version)})
    return back_to(request, project)


@login_required
@require_POST
def task_add(request: HttpRequest, pk: int) -> HttpResponse:
    project = project_or_404(request, pk)
    form = TaskForm(request.POST)
    if not form.is_valid():
        context = {
            "form": form,
            "record": project,
            "submit": _("Add"),
            "action": request.get_full_path(),
        }
        return render(request, "crm/attached_form.html", context, status=422)
    projects.add_task(project, **form.cleaned_data)
    return back_to(request, project)


@login_required
@require_POST
def task_done(request: HttpRequest, pk: int, task_pk: int) -> HttpResponse:
    project = project_or_404(request, pk)
    projects.finish_task(get_object_or_404(ProjectTask, pk=task_pk, project=project))
    return back_to(request, project)


@login_required
@require_POST
def task_undone(request: HttpRequest, pk: int, task_pk: int) -> HttpResponse:
    project = project_or_404(request, pk)
    projects.reopen_task(get_object_or_404(ProjectTask, pk=task_pk, project=project))
    return back_to(request, project)


@login_required
@require_POST
def task_delete(request: HttpRequest, pk: int, task_pk: int) -> HttpResponse:
    project = project_or_404(request, pk)
    get_object_or_404(ProjectTask, pk=task_pk, project=project).delete()
    return back_to(request, project)


@login_required
@require_http_methods(["GET", "POST"])
def project_deal_add(request: HttpRequest, pk: int) -> HttpResponse:
    project = project_or_404(request, pk)
    data = request.POST if request.method == "POST" else None
    form = NamedRecordForm(data, kind=RecordKind.DEAL, user=request.user)
    if data is not None and form.is_valid():
        projects.link_deal(project, deal=form.cleaned_data["record"])
        return back_to(request, project)
    return small_form(request, project, form, title=_("Link a deal"), submit=_("Link"))


@login_required
@require_POST
def project_deal_remove(request: HttpRequest, pk: int, deal_pk: int) -> HttpResponse:
    project = project_or_404(request, pk)
    deal = record_or_404(request, RecordKind.DEAL, deal_pk)
    projects.unlink_deal(project, deal_id=deal.pk)
    return back_to(request, project)
