"""The lists of the sales inbox, and the figures beside them."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crm.enums import RecordKind
from inbox.domain.queries import outgoing
from inbox.domain.queries.lists import (
    Cursor,
    accounts_of,
    box_page,
    members_of,
    unread_by_account,
)
from inbox.enums import Box, Tab, WaitingFor
from inbox.forms.acts import snooze_presets
from inbox.forms.filters import FilterForm
from inbox.models import Label
from mailsync.domain.queries.progress import progress_of
from mailsync.enums import AccountState
from mailsync.models import MailAccount
from sharing.enums import ThreadVisibility

NEEDS_USER = (AccountState.AUTH_FAILED, AccountState.UNREACHABLE, AccountState.DISK_FULL)


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    return redirect("inbox:box", box=Box.INBOX)


@require_safe
@login_required
def box(request: HttpRequest, box: Box) -> HttpResponse:
    """A box: the page, its rows alone (a refresh or a filter), or the next rows (paging)."""
    context = list_context(request, box=box)
    if request.htmx and "after" in request.GET:
        return render(request, "inbox/_more.html", context)
    if request.htmx:
        return render(request, "inbox/_list.html", context)
    return render(request, "inbox/inbox.html", context)


def list_context(request: HttpRequest, *, box: Box) -> dict[str, Any]:
    """Everything that a list shows."""
    accounts = accounts_of(request.user)
    labels = list(Label.objects.all())
    members = members_of(accounts)
    form = FilterForm(request.GET, accounts=accounts, labels=labels, members=members)
    page = box_page(
        request.user,
        box=box,
        wanted=form.wanted,
        accounts=accounts,
        after=Cursor.read(request.GET.get("after", "")),
    )
    return {
        "box": box,
        "accounts": accounts,
        "labels": labels,
        "members": members,
        "filter": form,
        "tabs": _tabs(form),
        "page": page,
        "next_query": form.query(),
        "locked": list(MailAccount.objects.locked_for(request.user)),
        "in_trouble": [account for account in accounts if account.state in NEEDS_USER],
        "syncing": progress_of(accounts),
        "record_kinds": RecordKind.choices,
        "visibilities": ThreadVisibility.choices,
        "waiting_for": WaitingFor.choices,
        "snooze_presets": snooze_presets(timezone.now(), timezone.get_current_timezone()),
        "nothing_yet": _nothing_yet(box),
    }


def _tabs(form: FilterForm) -> list[dict[str, Any]]:
    return [
        {
            "text": tab.label,
            "query": form.query(tab="" if tab == Tab.ALL else tab.value),
            "is_current": form.wanted.tab == tab,
        }
        for tab in Tab
    ]


def _nothing_yet(box: Box) -> dict[str, str]:
    """What an empty box says."""
    return {
        Box.INBOX: {
            "title": _("Nothing waiting"),
            "text": _("New mail shows here by itself."),
            "icon": "inbox",
        },
        Box.SNOOZED: {
            "title": _("Nothing snoozed"),
            "text": _("Snooze a conversation to see it again when it matters."),
            "icon": "clock",
        },
        Box.SENT: {
            "title": _("Nothing sent yet"),
            "text": _("Mail you send shows here, also when you send it elsewhere."),
            "icon": "send",
        },
        Box.ARCHIVE: {
            "title": _("Nothing archived"),
            "text": _("Archived conversations stay on the records they are linked to."),
            "icon": "archive",
        },
        Box.TRASH: {
            "title": _("Trash is empty"),
            "text": _("Deleted conversations stay here for 30 days."),
            "icon": "trash",
        },
        Box.JUNK: {
            "title": _("No spam"),
            "text": _("What your provider takes for spam shows here."),
            "icon": "ban",
        },
        Box.ALL: {
            "title": _("No mail yet"),
            "text": _("Every conversation of your accounts shows here."),
            "icon": "mail",
        },
    }[box]


@require_safe
@login_required
def counts(request: HttpRequest) -> HttpResponse:
    """The unread figures of the sidebar, and what is still being fetched."""
    accounts = accounts_of(request.user)
    unread = unread_by_account(accounts)
    return render(
        request,
        "inbox/_counts.html",
        {
            "total": sum(unread.values()),
            "accounts": [(account, unread.get(account.pk, 0)) for account in accounts],
            "syncing": progress_of(accounts),
            "outgoing": outgoing.counts(request.user),
        },
    )
