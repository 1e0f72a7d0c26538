"""Mail that is written and not yet gone: drafts and the outbox."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from common.paging import keyset_page
from common.partials import render_page
from inbox.domain.queries import outgoing


@require_safe
@login_required
def drafts(request: HttpRequest) -> HttpResponse:
    """Own drafts and those of one's teams, the newest first."""
    page = keyset_page(
        outgoing.drafts_of(request.user), order=("-updated_at",), after=request.GET.get("after", "")
    )
    return render_page(request, "inbox/drafts.html", {"page": page}, partials={"more-rows"})


@require_safe
@login_required
def outbox(request: HttpRequest) -> HttpResponse:
    """What waits to be sent or could not be, and what has just gone."""
    page = keyset_page(
        outgoing.outbox_of(request.user), order=("-id",), after=request.GET.get("after", "")
    )
    page_rows = [outgoing.Waiting(row) for row in page.rows]
    return render_page(
        request,
        "inbox/outbox.html",
        {"page": page, "rows": page_rows},
        partials={"more-rows"},
    )
