"""One's own settings: the index, the profile, and how the product looks and behaves."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from users.forms.personal import PERSONAL_FIELDS, SECTIONS, setting_form
from users.http import current_user, see_other
from users.models import User
from users.views.index import settings_pages

# The whole page looks different after these.
REDRAWS = frozenset({"language", "theme", "density", "time_zone"})


@require_GET
def settings_index(request: HttpRequest) -> HttpResponse:
    return render(request, "users/settings.html", {"groups": settings_pages(current_user(request))})


@require_http_methods(["GET", "POST"])
def personal(request: HttpRequest) -> HttpResponse:
    """Each setting is a form of its own and saved when it is changed."""
    user = current_user(request)
    changed = request.POST.get("setting") if request.method == "POST" else None
    form = None
    if request.method == "POST":
        if changed not in PERSONAL_FIELDS:
            raise Http404
        form = setting_form(changed, user=user, data=request.POST)
        if form.is_valid():
            form.save()
            return _saved(request, changed)
    sections = [
        (title, [_row(name, user, changed, form) for name in names]) for title, names in SECTIONS
    ]
    status = 422 if form is not None else 200
    if form is not None and request.headers.get("HX-Request"):
        row = _row(changed or "", user, changed, form)
        return render(request, "users/_setting.html", {"row": row}, status=422)
    return render(request, "users/personal.html", {"sections": sections}, status=status)


def _row(name: str, user: User, changed: str | None, form: forms.Form | None) -> dict[str, Any]:
    shown = form if name == changed and form is not None else setting_form(name, user=user)
    return {"name": name, "field": shown[name], "saved": False}


def _saved(request: HttpRequest, name: str) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return see_other(request, f"{reverse('users:personal')}#setting-{name}")
    if name in REDRAWS:
        return HttpResponse(headers={"HX-Refresh": "true"})
    user = User.objects.select_related("preferences").get(pk=request.user.pk)
    row = {"name": name, "field": setting_form(name, user=user)[name], "saved": True}
    return render(request, "users/_setting.html", {"row": row})
