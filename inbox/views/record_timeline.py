"""Everything of a record in one timeline: what the CRM knows, and mail between it."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from crm.domain.queries import timeline as crm_timeline
from inbox.domain.queries.record_mail import RecordMail
from inbox.views.records import visible_record

KINDS = ("note", "activity", "file")


@require_safe
@login_required
def record_timeline(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """The entries of the record page's list: the first ones, or those before a moment."""
    record = visible_record(request, kind, pk)
    if not request.htmx:
        return redirect(record.get_absolute_url())
    before = _moment(request.GET.get("before", ""))
    events = crm_timeline.timeline(record, user=request.user, kinds=KINDS, before=before)
    mail = RecordMail(record, user=request.user).before(before, limit=crm_timeline.PAGE + 1)
    pinned = [("event", entry) for entry in events.entries if entry.is_pinned]
    past = [(entry.at, "event", entry) for entry in events.entries if not entry.is_pinned]
    past += [(entry.row.thread.last_email_at, "mail", entry) for entry in mail]
    past.sort(key=lambda one: one[0], reverse=True)
    more_before = events.more_before
    if len(past) > crm_timeline.PAGE:
        # The next page begins below this moment, so all of the moment stands on this one.
        more_before = past[crm_timeline.PAGE - 1][0]
        past = [one for one in past if one[0] >= more_before]
    context = {
        "record": record,
        "kind": kind,
        "entries": pinned + [(what, entry) for _at, what, entry in past],
        "more_before": more_before,
        "is_first": before is None,
    }
    return render(request, "inbox/_record_timeline.html", context)


def _moment(text: str) -> Any:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found and found.tzinfo else None
