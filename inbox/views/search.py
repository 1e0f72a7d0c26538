"""Search in mail: the same shell and rows as the boxes."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from inbox.domain import hits, search
from inbox.domain.queries.lists import accounts_of
from inbox.domain.search_query import MAX_LENGTH
from inbox.enums import Box
from inbox.forms.acts import snooze_presets
from inbox.forms.search import chips
from inbox.models import Label


@require_safe
@login_required
def search_page(request: HttpRequest) -> HttpResponse:
    """The page, its rows alone (a refresh), or the next rows (paging)."""
    context = _context(request)
    if request.htmx and "after" in request.GET:
        return render(request, "inbox/_search_more.html", context)
    if request.htmx:
        return render(request, "inbox/_search_found.html", context)
    return render(request, "inbox/search.html", context)


def _context(request: HttpRequest) -> dict[str, Any]:
    text = request.GET.get("q", "").strip()[:MAX_LENGTH]
    found = search.find(
        request.user, text, before_key=search.read_cursor(request.GET.get("after", ""))
    )
    marks = hits.shown(found)
    return {
        # The acts of rows and bar are those of a list of all mail.
        "box": Box.ALL,
        "search_text": text,
        "found": found,
        "rows": [(row, marks.get(row.thread.pk)) for row in found.rows],
        "chips": chips(found.query),
        "next_query": urlencode({"q": text}),
        "accounts": accounts_of(request.user),
        "labels": list(Label.objects.all()),
        "snooze_presets": snooze_presets(timezone.now(), timezone.get_current_timezone()),
    }
