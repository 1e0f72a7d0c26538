"""Files that are read in their place, as text: a mail in a mail, and an invitation."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inbox.domain import reading
from inbox.views.bodies import visible_attachment
from mailsync.mime import calendar, parse
from mailsync.mime.types import Readability

MAIL = "message/rfc822"
CALENDAR = "text/calendar"


@require_safe
@login_required
def attached_mail(request: HttpRequest, pk: int) -> HttpResponse:
    """Its header, its text and the names of its files; the whole is in the download."""
    found = visible_attachment(request.user, pk)
    if found.content_type != MAIL:
        raise Http404
    context = {"file": found, "mail": None}
    try:
        mail = parse.parse(reading.file_of(found))
    except reading.NotHereError:
        pass
    else:
        context["mail"] = mail if mail.readability != Readability.UNREADABLE else None
    name = "inbox/_attached_mail.html" if request.htmx else "inbox/attached_mail.html"
    return render(request, name, context)


@require_safe
@login_required
def invitation(request: HttpRequest, pk: int) -> HttpResponse:
    """What a calendar file invites to, in the reader's time."""
    found = visible_attachment(request.user, pk)
    if found.content_type != CALENDAR:
        raise Http404
    try:
        event = calendar.read(reading.file_of(found))
    except reading.NotHereError:
        event = None
    name = "inbox/_invitation.html" if request.htmx else "inbox/invitation.html"
    return render(request, name, {"file": found, "event": event})
