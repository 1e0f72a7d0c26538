"""From one column of a board to another, by dragging or by a form."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from crm.domain.queries.details import seen
from crm.errors import ConflictError
from crm.views.access import back_to, small_form

MOVED, INVALID, CONFLICT = 204, 422, 409


def move_card(
    request: HttpRequest, card: Any, *, form_class: Any, step: str, move: Callable[..., None]
) -> HttpResponse:
    """Moves a deal or project to the stage or phase (`step`) that the form names.

    A drag is answered with a status and nothing else; a form goes back to its page.
    """
    status, note = 200, ""
    if request.method == "POST":
        form = form_class(request.POST)
        status = _move(request, card, form, step=step, move=move)
        if request.headers.get("X-Board") == "drag":
            return _answer_to_drag(card, status)
        if status == MOVED:
            return back_to(request, card)
        if status == CONFLICT:
            card.refresh_from_db()
            note = _("A colleague changed this meanwhile. It stands in “%(place)s” now.") % {
                "place": getattr(card, step)
            }
            # Sent again it moves from there.
            chosen = form.cleaned_data[step].pk
            form = form_class(initial={step: chosen, "version": card.version})
    else:
        form = form_class(initial={step: getattr(card, f"{step}_id"), "version": card.version})
    return small_form(
        request, card, form, title=_("Move to…"), submit=_("Move"), note=note, status=status
    )


def _move(
    request: HttpRequest, card: Any, form: Any, *, step: str, move: Callable[..., None]
) -> int:
    if not form.is_valid():
        return INVALID
    values = form.cleaned_data
    # A neighbour that the user does not see is no neighbour to put a card before.
    before = seen(type(card), values["before"], user=request.user)
    try:
        move(
            card,
            **{step: values[step]},
            before=before.pk if before else None,
            version=values["version"],
        )
    except ConflictError:
        return CONFLICT
    return MOVED


def _answer_to_drag(card: Any, status: int) -> HttpResponse:
    headers = {}
    if status == MOVED:
        headers["X-Version"] = str(card.version)
    elif status == CONFLICT:
        headers["X-Error-Text"] = _("Changed meanwhile")
    return HttpResponse(status=status, headers=headers)
