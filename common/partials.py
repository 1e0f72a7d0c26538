"""One URL, two shapes: the page, or the piece of it that htmx asks for."""

from collections.abc import Collection, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def wanted_partial(request: HttpRequest, partials: Collection[str]) -> str:
    """The id of the element that htmx will fill, when it is one of `partials`; else empty.

    htmx 4 sends the target as `tag#id`. A restored history entry wants the whole page and
    bears no HX-Request.
    """
    if request.headers.get("HX-Request") != "true":
        return ""
    if request.headers.get("HX-Request-Type") == "full":
        return ""
    target = request.headers.get("HX-Target", "").rpartition("#")[2]
    return target if target in partials else ""


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    partials: Collection[str] = (),
    status: int = 200,
) -> HttpResponse:
    """The page, or one of its named partials.

    A partial has the name that its root element has as id, so the target of the request says
    which one is meant. Names come from the view's fixed list and never from the request.
    """
    partial = wanted_partial(request, partials)
    name = f"{template}#{partial}" if partial else template
    return render(request, name, dict(context or {}), status=status)


def render_dialog(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """A form that is a dialog with htmx and a page without.

    The template extends `dialog_base` and fills the blocks `heading` and `content`.
    """
    asked_by_htmx = request.headers.get("HX-Request") == "true"
    base = "ui/_dialog_base.html" if asked_by_htmx else "ui/dialog_page.html"
    return render(request, template, {**(context or {}), "dialog_base": base}, status=status)
