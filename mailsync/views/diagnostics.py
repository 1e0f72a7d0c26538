"""Why mail is or is not here: for the people whose mail it is."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from common.paging import keyset_page
from common.toasts import toast_answer
from mailsync.domain import made_changes, quarantine
from mailsync.domain.queries.diagnostics import mailbox_figures, unreadable, where_is
from mailsync.errors import sentence
from mailsync.forms.accounts import WhereForm
from mailsync.models import MailAccount, MailboxEntry, RemoteChange

EVENTS_SHOWN = 30


def own_account(user: Any, pk: int) -> MailAccount:
    """An account whose mail is this user's own; 404 otherwise."""
    return get_object_or_404(MailAccount.objects.usable_by(user).distinct(), pk=pk)


@require_safe
@login_required
def diagnostics(request: HttpRequest, pk: int) -> HttpResponse:
    """Folders with figures that add up, what happened last, what the server can do."""
    account = own_account(request.user, pk)
    figures = mailbox_figures(account)
    context = {
        "account": account,
        "figures": figures,
        "totals": {
            name: sum(getattr(one, name) for one in figures)
            for name in ("on_server", "here", "left_out_number", "failed", "to_come")
        },
        "events": account.events.order_by("-pk")[:EVENTS_SHOWN],
        "problem": sentence(account.error_code) if account.error_code else "",
        "waiting": account.changes.filter(state__in=["pending", "running"]).count(),
        "now": timezone.now(),
    }
    return render(request, "mailsync/diagnostics.html", context)


@require_safe
@login_required
def where(request: HttpRequest) -> HttpResponse:
    """Where is my mail? The journal's answer for every message that fits."""
    form = WhereForm(request.GET or None)
    found = None
    if form.is_bound and form.is_valid():
        accounts = list(MailAccount.objects.usable_by(request.user).distinct())
        found = where_is(accounts, text=form.cleaned_data["q"], day=form.cleaned_data["day"])
    context = {"form": form, "found": found, "tab": "where"}
    return render(request, "mailsync/where.html", context)


@require_safe
@login_required
def unread(request: HttpRequest) -> HttpResponse:
    """Messages that could not be read: each can be downloaded and tried again."""
    accounts = list(MailAccount.objects.usable_by(request.user).distinct())
    page = keyset_page(unreadable(accounts), order=["-pk"], after=request.GET.get("after", ""))
    rows = [(entry, sentence(entry.reason or "message_unreadable")) for entry in page.rows]
    context = {"page": page, "rows": rows, "tab": "unreadable"}
    return render(request, "mailsync/unreadable.html", context)


def own_entry(user: Any, pk: int) -> MailboxEntry:
    accounts = MailAccount.objects.usable_by(user)
    entries = MailboxEntry.objects.select_related("mailbox__account", "email__blob")
    return get_object_or_404(entries, pk=pk, mailbox__account__in=accounts)


@require_POST
@login_required
def try_again(request: HttpRequest, pk: int) -> HttpResponse:
    entry = own_entry(request.user, pk)
    queued = quarantine.try_again(entry)
    text = _("It is being fetched again.") if queued else _("It is here already.")
    return toast_answer(request, text, back_to=reverse("mailsync:unreadable"))


@require_safe
@login_required
def changes(request: HttpRequest, pk: int) -> HttpResponse:
    """What we changed in the mailbox within thirty days."""
    account = own_account(request.user, pk)
    page = keyset_page(
        made_changes.recent_changes(account), order=["-pk"], after=request.GET.get("after", "")
    )
    rows = [(change, change.error_code and sentence(change.error_code)) for change in page.rows]
    context = {"account": account, "page": page, "rows": rows}
    return render(request, "mailsync/changes.html", context)


@require_POST
@login_required
def undo_change(request: HttpRequest, pk: int) -> HttpResponse:
    accounts = MailAccount.objects.usable_by(request.user)
    change = get_object_or_404(
        RemoteChange.objects.select_related("account", "entry"), pk=pk, account__in=accounts
    )
    made_changes.undo_change(change, by=request.user)
    back_to = reverse("mailsync:changes", args=[change.account.key])
    return toast_answer(request, _("Taken back. The mailbox follows in a moment."), back_to=back_to)
