"""Everything of a record in one timeline: what the CRM knows, and mail between it."""

from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from crm.domain.queries import timeline as crm_timeline
from crm.views.records import TABS, moment
from inbox.domain.queries.record_files import files_of
from inbox.domain.queries.record_mail import RecordMail
from inbox.views.records import visible_record


@require_safe
@login_required
def record_timeline(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """The entries of the record page's list: the first ones, or those before a moment."""
    return _answer(request, visible_record(request, kind, pk), tab="all")


@require_safe
@login_required
def record_files(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """The same for its tab of files: those uploaded, and those that came by mail."""
    return _answer(request, visible_record(request, kind, pk), tab="files")


def _answer(request: HttpRequest, record: Any, *, tab: str) -> HttpResponse:
    page_url = f"{record.get_absolute_url()}?tab={tab}"
    if not request.htmx:
        return redirect(page_url)
    before = moment(request.GET.get("before", ""))
    events = crm_timeline.timeline(record, user=request.user, kinds=TABS[tab], before=before)
    mail = _mail(RecordMail(record, user=request.user), tab=tab, before=before)
    pinned = [("event", entry) for entry in events.entries if entry.is_pinned]
    past = [(entry.at, "event", entry) for entry in events.entries if not entry.is_pinned]
    past += mail
    past.sort(key=lambda one: one[0], reverse=True)
    more_before = events.more_before
    if len(past) > crm_timeline.PAGE:
        # The next page begins below this moment, so all of the moment stands on this one.
        more_before = past[crm_timeline.PAGE - 1][0]
        past = [one for one in past if one[0] >= more_before]
    context = {
        "record": record,
        "kind": str(record.kind),
        "tab": tab,
        "page_url": page_url,
        "entries": pinned + [(what, entry) for _at, what, entry in past],
        "more_before": more_before,
        "is_first": before is None,
    }
    return render(request, "inbox/_record_timeline.html", context)


def _mail(
    mail: RecordMail, *, tab: str, before: datetime | None
) -> list[tuple[datetime, str, Any]]:
    """What stands between the events of the CRM: conversations, or the files of mails."""
    limit = crm_timeline.PAGE + 1
    if tab == "files":
        return [
            (entry.email.received_at, "files", entry)
            for entry in files_of(mail, before=before, limit=limit)
        ]
    return [
        (entry.row.thread.last_email_at, "mail", entry)
        for entry in mail.before(before, limit=limit)
    ]
