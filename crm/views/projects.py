"""Acts on projects: phases, end and archive, tasks, linked deals."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.domain import projects
from crm.enums import RecordKind
from crm.errors import CRMError
from crm.forms.attached import MoveProjectForm, NamedRecordForm, TaskForm
from crm.models import Project, ProjectTask
from crm.views.access import back_to, for_good, record_or_404, small_form
from crm.views.moving import move_card


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
def project_move(request: HttpRequest, pk: int) -> HttpResponse:
    return move_card(
        request,
        project_or_404(request, pk),
        form_class=MoveProjectForm,
        step="phase",
        move=projects.move_project,
    )


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
@require_http_methods(["GET", "POST"])
def task_delete(request: HttpRequest, pk: int, task_pk: int) -> HttpResponse:
    project = project_or_404(request, pk)
    task = get_object_or_404(ProjectTask, pk=task_pk, project=project)
    if request.method == "GET":
        return for_good(request, project, title=_("Delete “%(name)s”?") % {"name": task.title})
    projects.remove_task(task)
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
