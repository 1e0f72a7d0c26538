"""What is shown when there is nothing to show: a page, or with htmx a banner in the pane."""

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _answer(request, 400, _("This request could not be understood."))


def permission_denied(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _answer(request, 403, _("You may not do this."))


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(request, 403, _("This page is out of date. Reload it and try again."))


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return _answer(request, 404, _("This is not here, or not for you to see."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Uses nothing that may be the cause: no session, no user, no context processor."""
    text = _("Something broke on our side. It has been written down.")
    if _is_fragment(request):
        response = HttpResponse(render_to_string("ui/_error.html", {"text": text}), status=500)
    else:
        response = HttpResponse(render_to_string("500.html", {"text": text}), status=500)
    response.headers["X-Error-Text"] = _as_header(text)
    return response


def _answer(request: HttpRequest, status: int, text: str) -> HttpResponse:
    name = "ui/_error.html" if _is_fragment(request) else f"{status}.html"
    response = render(request, name, {"text": text}, status=status)
    response.headers["X-Error-Text"] = _as_header(text)
    return response


def _is_fragment(request: HttpRequest) -> bool:
    return (
        request.headers.get("HX-Request") == "true"
        and request.headers.get("HX-Request-Type") != "full"
    )


def _as_header(text: str) -> str:
    # Headers are ASCII; a translated text travels as the percent-encoding that js/lib/errors.js
    # takes back.
    return quote(text, safe=" ,.;:'!?()")
