"""Live events, and the page and popover of the bell."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from common.numbers import number_in
from common.opaque import unseal
from notifications.domain import bell
from notifications.domain.hub import Client, Hub, hub_of_this_loop
from users.http import current_user, see_other
from users.middleware import works_before_setup


@works_before_setup
@login_not_required
async def events(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Server-sent events for the signed-in user. Anybody else gets 401, which ends the tries of
    the browser; a way to the sign-in page would be read as events."""
    if request.method != "GET":
        return HttpResponse(status=405, headers={"Allow": "GET"})
    user = await request.auser()
    if not user.is_authenticated:
        return HttpResponse(status=401)
    hub = hub_of_this_loop()
    client = await hub.join(
        user_id=user.pk,
        session_key=request.session.session_key or "",
        heard=unseal("event", request.headers.get("Last-Event-ID", "")),
        since=_moment(request.GET.get("since", "")),
    )
    response = StreamingHttpResponse(_stream(hub, client), content_type="text/event-stream")
    response["Cache-Control"] = "private, no-store"
    response["X-Accel-Buffering"] = "no"
    return response


def _moment(seconds: str) -> datetime | None:
    """Seconds since 1970 as a page wrote them; None for anything else."""
    number = number_in(seconds) if len(seconds) <= 11 else None
    return None if number is None else datetime.fromtimestamp(number, UTC)


async def _stream(hub: Hub, client: Client) -> AsyncIterator[str]:
    try:
        async for message in client.messages():
            yield message
    finally:
        hub.leave(client)


@never_cache
@require_GET
def notification_list(request: HttpRequest) -> HttpResponse:
    after = unseal("notification", request.GET.get("after", ""))
    page = bell.page_for(current_user(request), older_than=after)
    return render(request, "notifications/list.html", {"page": page})


@never_cache
@require_GET
def bell_popover(request: HttpRequest) -> HttpResponse:
    page = bell.page_for(current_user(request))
    context = {"notifications": page.notifications[:10]}
    return render(request, "notifications/_popover.html", context)


@never_cache
@require_GET
def bell_count(request: HttpRequest) -> HttpResponse:
    count = bell.unread_count(current_user(request))
    return render(request, "notifications/_count.html", {"count": count})


@require_POST
def mark_read(request: HttpRequest) -> HttpResponse:
    up_to = unseal("notification", request.POST.get("up_to", ""))
    if up_to is None:
        raise Http404
    bell.mark_read(current_user(request), up_to=up_to)
    return see_other(request, reverse("notifications:list"))


@require_POST
def open_notification(request: HttpRequest, pk: int) -> HttpResponse:
    """A POST because it marks the line as read."""
    url = bell.open_line(current_user(request), pk)
    if url is None:
        raise Http404
    return see_other(request, url)
