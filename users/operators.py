"""The operators' pages at /operator/: Django's admin, made so that it tells nothing private.

Django's own admin shows related objects before a delete, keeps names and changes in its
history, and searches columns that a page of ours would not show. Here nothing is deleted, the
history keeps ids alone, there is no search and no autocomplete, and sign-in is our own. An app
registers a model with a subclass of OperatorModelAdmin or not at all (users.checks).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.decorators import login_not_required
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, reverse
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Figure:
    """A number on the first of the operators' pages. With `is_worry` it stands out unless 0."""

    label: str | Promise
    url: str
    counted: Callable[[], int]
    is_worry: bool = False


_figures: list[Figure] = []


def register_figure(figure: Figure) -> None:
    """Called in an app's admin.py. The function counts by an index, and tells no names."""
    _figures.append(figure)


CLOSED_PAGES = frozenset(
    {"logout", "password_change", "password_change_done", "autocomplete", "view_on_site"}
)


class OperatorSite(admin.AdminSite):
    site_title = site_header = _("Dealpost")
    index_title = _("State of the installation")
    # Named so by Django; the template leaves out the list of recent actions.
    index_template = "users/operators/index.html"
    enable_nav_sidebar = False
    final_catch_all_view = False

    def index(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        figures = [(figure, figure.counted()) for figure in _figures]
        shown = [
            {
                "label": figure.label,
                "url": figure.url,
                "count": count,
                "is_worry": figure.is_worry and count > 0,
            }
            for figure, count in figures
        ]
        return super().index(request, {"figures": shown, **(extra_context or {})})

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return bool(user.is_authenticated and user.is_active and user.is_staff)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [url for url in super().get_urls() if getattr(url, "name", None) not in CLOSED_PAGES]

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Whoever is no operator gets the answer for a page that does not exist."""
        if request.user.is_authenticated:
            raise Http404
        query = urlencode({"next": request.GET.get("next") or reverse("admin:index")})
        return redirect(f"{reverse('users:login')}?{query}")

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 -- as Django declares it
        """As the parent's, but a user without the right gets 404 and not a way to sign in."""
        inner = super().admin_view(view, cacheable)

        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not self.has_permission(request):
                return self.login(request)
            return inner(request, *args, **kwargs)

        return wrapped


class OperatorModelAdmin(admin.ModelAdmin):
    """Base of every model on the operators' pages: look, and change what `editable` names.

    Say in `list_display` and `fields` only ids, states, times and counts.
    """

    change_form_template = "users/operators/change_form.html"
    # Django's own pair of fields for a day and a time has a label for neither.
    formfield_overrides = {
        models.DateTimeField: {
            "form_class": forms.DateTimeField,
            "widget": forms.DateTimeInput(
                attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
            ),
        }
    }
    editable: tuple[str, ...] = ()
    actions = None
    search_fields: tuple[str, ...] = ()
    show_full_result_count = False
    list_per_page = 50

    @property
    def media(self) -> forms.Media:
        """Without rows to add on the page no script of Django's has anything to do."""
        return super().media if self.inlines else forms.Media()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.editable) and self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        shown = self.get_fields(request, obj) if self.fields is None else self.fields
        return tuple(name for name in shown if name not in self.editable)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only the filters on the page; a filter on another column answers questions about it."""
        allowed = {str(name) for name in self.list_filter}
        return lookup.removesuffix("__exact").removesuffix("__isnull") in allowed

    def history_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        raise Http404

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        return self._log(request, obj, flag=1)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        return self._log(request, obj, flag=2)

    def _log(self, request: HttpRequest, obj: Any, *, flag: int) -> LogEntry:
        """Who touched which row. Never what the row is called, or what was in it."""
        return LogEntry.objects.create(
            user_id=request.user.pk,
            content_type=ContentType.objects.get_for_model(obj, for_concrete_model=False),
            object_id=str(obj.pk),
            object_repr=f"{obj._meta.label} {obj.pk}",
            action_flag=flag,
            change_message="",
        )
