from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from crm.domain.queries.search import search_everything

PAGE_HITS = 20
PALETTE_HITS = 5


@login_required
@require_GET
def search_page(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:200]
    groups = search_everything(request.user, text, limit=PAGE_HITS) if text else []
    return render(request, "crm/search.html", {"text": text, "groups": groups})


@login_required
@require_GET
def search_palette(request: HttpRequest) -> HttpResponse:
    """Options of the command palette's list."""
    text = request.GET.get("q", "").strip()[:200]
    groups = search_everything(request.user, text, limit=PALETTE_HITS) if text else []
    return render(request, "crm/_palette_hits.html", {"groups": groups})
