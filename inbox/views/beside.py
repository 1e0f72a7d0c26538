"""What stands beside the text in the compose window: the record it is about, and who else writes."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from crm.domain.queries.search import matching
from crm.models import Deal, Lead, Person, Project
from inbox.domain import presence, recipients
from inbox.views.joins import own_thread

FOUND_PER_KIND = 5


@require_safe
@login_required
def records(request: HttpRequest) -> HttpResponse:
    """Records that a mail may be linked to: those with the words, else what is open with the
    people it goes to."""
    query = request.GET.get("q", "").strip()[:100]
    groups = [
        (kind, rows)
        for kind, rows in (
            (str(model.kind), _found(model, request.user, query, request.GET.get("to", "")))
            for model in (Deal, Lead, Project, Person)
        )
        if rows
    ]
    return render(request, "inbox/_compose_found.html", {"groups": groups, "query": query})


def _found(model: Any, user: Any, query: str, to: str) -> list[Any]:
    rows = model.objects.visible_to(user)
    if model is not Person:
        rows = rows.open()
    if query:
        rows = matching(rows, query)
    else:
        addresses = [address.lower() for _name, address in recipients.read_list(to)]
        # A hidden person's items would tell whose address was asked for.
        people = Person.objects.visible_to(user).filter(emails__address__in=addresses)
        path = "pk" if model is Person else "person"
        rows = rows.filter(**{f"{path}__in": people.values("pk")})
    return list(rows.distinct().order_by("-updated_at")[:FOUND_PER_KIND])


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def writers(request: HttpRequest, pk: int) -> HttpResponse:
    """Who else answers this conversation; with POST, that this user does, or has stopped."""
    thread = own_thread(request, pk)
    if request.method == "POST":
        if "gone" in request.POST:
            presence.leave(thread, by=request.user)
        else:
            presence.note(thread, by=request.user)
    names = presence.others(thread, user=request.user)
    return render(request, "inbox/_writers.html", {"names": names})
