"""Short messages at the edge of the page, with a way back where there is one.

With htmx a toast travels in the answer as a partial; without, it waits in the session for the
next page (django.contrib.messages).
"""

from collections.abc import Iterable
from enum import StrEnum

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.utils.functional import Promise

UNDO_TAG = "undo:"


class Kind(StrEnum):
    PLAIN = "plain"
    SUCCESS = "success"
    ERROR = "error"


LEVELS = {
    Kind.PLAIN: messages.INFO,
    Kind.SUCCESS: messages.SUCCESS,
    Kind.ERROR: messages.ERROR,
}


def toast_html(
    request: HttpRequest,
    text: str | Promise,
    *,
    kind: Kind = Kind.PLAIN,
    undo_url: str = "",
    undo_seconds: int = 0,
) -> str:
    """The partial that adds a toast; to be appended to any fragment. `undo_seconds`: how long
    it stands, where that is not the usual time."""
    context = {"text": text, "kind": kind, "undo_url": undo_url, "undo_seconds": undo_seconds}
    return render_to_string("ui/_toast_partial.html", context, request=request)


def add_toast(
    request: HttpRequest,
    response: HttpResponse,
    text: str | Promise,
    *,
    kind: Kind = Kind.PLAIN,
    undo_url: str = "",
    undo_seconds: int = 0,
) -> HttpResponse:
    """The same answer with a toast: in it with htmx, on the next page without."""
    if request.headers.get("HX-Request") == "true" and not response.has_header("HX-Redirect"):
        response.write(
            toast_html(request, text, kind=kind, undo_url=undo_url, undo_seconds=undo_seconds)
        )
    else:
        tags = f"{UNDO_TAG}{undo_url}" if undo_url else ""
        messages.add_message(request, LEVELS[kind], str(text), extra_tags=tags)
    return response


def toast_answer(
    request: HttpRequest,
    text: str | Promise,
    *,
    back_to: str,
    kind: Kind = Kind.PLAIN,
    undo_url: str = "",
    undo_seconds: int = 0,
    events: Iterable[str] = (),
) -> HttpResponse:
    """What an act answers that changes nothing but a list.

    With htmx: the toast and the events that other panes wait for (`counts-changed`). Without:
    a redirect to `back_to`, a path of ours.
    """
    response: HttpResponse
    if request.headers.get("HX-Request") == "true":
        response = HttpResponse()
        names = ",".join(events)
        if names:
            response.headers["HX-Trigger"] = names
    else:
        response = HttpResponseRedirect(back_to)
        response.status_code = 303
    return add_toast(
        request, response, text, kind=kind, undo_url=undo_url, undo_seconds=undo_seconds
    )


def undo_url_of(message: Message) -> str:
    """The undo URL that a waiting message carries; empty without one."""
    tags = message.extra_tags or ""
    return tags.removeprefix(UNDO_TAG) if tags.startswith(UNDO_TAG) else ""
