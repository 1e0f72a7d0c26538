"""What happens around every page: first run, sign-in, time zone and language, end of sessions."""

import zoneinfo
from collections.abc import Callable
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation

from users.domain.setup import is_set_up
from users.models import Preferences

Handler = Callable[[HttpRequest], HttpResponse]


class FirstRunMiddleware:
    """Until there is a company every page leads to the set-up; afterwards nothing is asked."""

    # Of the process, not of one chain of middleware: a company once made is never unmade.
    done: ClassVar[bool] = False

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if self.done or getattr(view, "works_before_setup", False):
            return None
        # Whoever is signed in shows that there is a company: no query for that.
        FirstRunMiddleware.done = request.user.is_authenticated or is_set_up()
        return None if self.done else redirect("users:setup")


def works_before_setup(view: Any) -> Any:
    """Marks a view that a new installation serves before it has a company."""
    view.works_before_setup = True
    return view


class PreferencesMiddleware:
    """The user's own time zone and language while the page is made."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        preferences = Preferences.of(request.user)
        language = preferences.language
        if language not in dict(settings.LANGUAGES):
            language = settings.LANGUAGE_CODE
        request.LANGUAGE_CODE = language
        with timezone.override(zone(preferences.time_zone)), translation.override(language):
            return self.get_response(request)


class SessionUseMiddleware:
    """Notes that a session is in use. What a page fetches by itself (live events, refreshes that
    carry `X-Background`) is no use: an open tab nobody looks at must not stay signed in."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        by_itself = (
            "X-Background" in request.headers
            or request.headers.get("Accept") == "text/event-stream"
        )
        if request.user.is_authenticated and not by_itself:
            request.session.touch()  # type: ignore[attr-defined]
        return self.get_response(request)


def zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")
