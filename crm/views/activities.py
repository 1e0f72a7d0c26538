"""Acts on activities; their list is one of `crm.views.lists`."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from common.partials import render_dialog
from common.toasts import add_toast
from crm.domain import activities
from crm.forms.attached import ActivityForm
from crm.models import Activity
from crm.views.access import go_to, posted, safe_next

# The session's name for the activities deleted last, by id, and how many it keeps.
DELETED = "deleted_activities"
DELETED_KEPT = 5


def _activity_or_404(request: HttpRequest, pk: int) -> Activity:
    found = Activity.objects.visible_to(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _back(request: HttpRequest) -> HttpResponse:
    return go_to(request, safe_next(request) or reverse("crm:activities"))


@login_required
@require_http_methods(["GET", "POST"])
def activity_new(request: HttpRequest) -> HttpResponse:
    form = ActivityForm(posted(request), user=request.user)
    if request.method == "POST" and form.is_valid():
        activities.add_activity(by=request.user, **form.cleaned_data)
        return _back(request)
    return _form_page(request, form)


@login_required
@require_http_methods(["GET", "POST"])
def activity_edit(request: HttpRequest, pk: int) -> HttpResponse:
    activity = _activity_or_404(request, pk)
    initial = {
        name: getattr(activity, name)
        for name in ("title", "kind", "due_date", "due_time", "assigned_to", "note")
    }
    form = ActivityForm(posted(request), user=request.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        values["assigned_to"] = values["assigned_to"] or activity.assigned_to
        activities.change_activity(activity, **values)
        return _back(request)
    return _form_page(request, form, activity=activity)


def _form_page(request: HttpRequest, form: Any, *, activity: Any = None) -> HttpResponse:
    context = {
        "form": form,
        "activity": activity,
        "next": safe_next(request),
        "cancel_url": safe_next(request) or reverse("crm:activities"),
        "action": request.get_full_path(),
    }
    status = 422 if form.errors else 200
    return render_dialog(request, "crm/activity_form.html", context, status=status)


@login_required
@require_POST
def activity_done(request: HttpRequest, pk: int) -> HttpResponse:
    activities.finish_activity(_activity_or_404(request, pk))
    return _back(request)


@login_required
@require_POST
def activity_undone(request: HttpRequest, pk: int) -> HttpResponse:
    activities.reopen_activity(_activity_or_404(request, pk))
    return _back(request)


@login_required
@require_POST
def activity_delete(request: HttpRequest, pk: int) -> HttpResponse:
    activity = _activity_or_404(request, pk)
    text = _("“%(title)s” is deleted.") % {"title": activity}
    # In the session and not in the address: what was planned is nothing for a log.
    deleted = request.session.get(DELETED, {}) | {str(pk): activities.delete_activity(activity)}
    request.session[DELETED] = dict(list(deleted.items())[-DELETED_KEPT:])
    answer = _back(request)
    undo = reverse("crm:activity_restore", args=[pk])
    if back := safe_next(request):
        undo += "?" + urlencode({"next": back})
    return add_toast(request, answer, text, undo_url=undo)


@login_required
@require_POST
def activity_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """For who deleted it, in the browser where he did: brought back twice it is there once."""
    kept = request.session.get(DELETED, {}).get(str(pk))
    if kept is None or activities.restore_activity(kept, by=request.user) is None:
        raise Http404
    return _back(request)
