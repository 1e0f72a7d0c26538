"""The first steps of a new user: the checklist, skipping, and the lesson in keys."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from users.domain import welcome
from users.domain.first_steps import KEY_LESSONS, KEYS_STEP
from users.enums import StepState
from users.http import current_user, see_other


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    steps = welcome.steps_for(current_user(request))
    context = {
        "steps": steps,
        "current": next((one for one in steps if one.is_open), None),
        "done_count": sum(one.is_done for one in steps),
    }
    return render(request, "users/welcome.html", context)


@require_GET
def card(request: HttpRequest) -> HttpResponse:
    """The checklist in the sidebar: nothing once all is done or skipped, or it was put away."""
    user = current_user(request)
    steps = [] if welcome.is_dismissed(user) else welcome.steps_for(user)
    current = next((one for one in steps if one.is_open), None)
    if current is None:
        return HttpResponse("")
    done_count = sum(not one.is_open for one in steps)
    context = {"steps": steps, "current": current, "done_count": done_count}
    return render(request, "users/_welcome_card.html", context)


@require_http_methods(["GET", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    """Five keys, each pressed once (js/elements/key-lesson.js), or said to be known."""
    user = current_user(request)
    if request.method == "POST":
        welcome.mark_step(user, name=KEYS_STEP, state=StepState.DONE)
        return see_other(request, reverse("users:welcome"))
    return render(request, "users/welcome_keys.html", {"lessons": KEY_LESSONS})


@require_POST
def skip(request: HttpRequest, name: str) -> HttpResponse:
    if not welcome.is_step(name):
        raise Http404
    welcome.mark_step(current_user(request), name=name, state=StepState.SKIPPED)
    return see_other(request, reverse("users:welcome"))


@require_POST
def dismiss(request: HttpRequest) -> HttpResponse:
    welcome.dismiss(current_user(request))
    return see_other(request, "/")
