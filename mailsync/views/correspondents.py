"""The step of the first run that makes contacts of the people one writes to."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from mailsync.domain.correspondents import SHOWN, add_correspondents, correspondents
from mailsync.domain.first_steps import PEOPLE_STEP
from mailsync.domain.queries.progress import progress_of
from mailsync.models import MailAccount
from users.domain.welcome import mark_step
from users.enums import StepState
from users.http import see_other
from users.models import User


@require_http_methods(["GET", "HEAD", "POST"])
def people(request: HttpRequest) -> HttpResponse:
    """Whom the user wrote to in the last 90 days, to be ticked."""
    user = cast("User", request.user)
    if request.method == "POST":
        return _add(request, user)
    accounts = list(MailAccount.objects.usable_by(user))
    context: dict[str, Any] = {
        "people": correspondents(user),
        "has_account": bool(accounts),
        "syncing": progress_of(accounts),
        "step": PEOPLE_STEP,
    }
    return render(request, "mailsync/correspondents.html", context)


def _add(request: HttpRequest, user: User) -> HttpResponse:
    added = add_correspondents(user, addresses=request.POST.getlist("address")[:SHOWN])
    if added:
        text = ngettext("%(n)s contact added.", "%(n)s contacts added.", added) % {"n": added}
        messages.success(request, text)
        mark_step(user, name=PEOPLE_STEP, state=StepState.DONE)
    return see_other(request, reverse("users:welcome"))
