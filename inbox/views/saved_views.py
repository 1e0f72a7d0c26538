"""Saved views: filtered boxes and searches that a user has given a name."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from common.partials import render_dialog
from common.toasts import toast_answer
from inbox.forms.saved_views import NameForm, SaveForm
from inbox.models import SavedView
from users.http import see_other


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def saved_views(request: HttpRequest) -> HttpResponse:
    """All of one's views, to rename and remove; a POST adds one."""
    if request.method == "POST":
        form = SaveForm(request.POST, user=request.user)
        if not form.is_valid():
            return render_dialog(request, "inbox/save_view.html", {"form": form}, status=422)
        view = form.add()
        # By a page of its own, also with htmx: the sidebar shows the view from there on.
        messages.success(request, _("View saved."))
        return see_other(request, view.get_absolute_url())
    if "query" in request.GET:
        form = SaveForm(initial=request.GET.dict(), user=request.user)
        return render_dialog(request, "inbox/save_view.html", {"form": form})
    return _page(request)


def _page(request: HttpRequest, *, failed: NameForm | None = None) -> HttpResponse:
    views = SavedView.objects.open_to(request.user)
    rows = [
        (
            view,
            failed
            if failed and failed.instance.pk == view.pk
            else NameForm(instance=view, user=request.user, auto_id=f"view-{view.pk}-%s"),
        )
        for view in views
    ]
    return render(request, "inbox/saved_views.html", {"rows": rows}, status=422 if failed else 200)


@require_POST
@login_required
def saved_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives a view another name."""
    view = get_object_or_404(SavedView.objects.open_to(request.user), pk=pk)
    form = NameForm(request.POST, instance=view, user=request.user, auto_id=f"view-{view.pk}-%s")
    if not form.is_valid():
        return _page(request, failed=form)
    form.save()
    return toast_answer(request, _("View renamed."), back_to=reverse("inbox:saved_views"))


@require_POST
@login_required
def saved_view_remove(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(SavedView.objects.open_to(request.user), pk=pk).delete()
    return toast_answer(request, _("View removed."), back_to=reverse("inbox:saved_views"))
