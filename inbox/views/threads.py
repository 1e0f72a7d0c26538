"""A conversation: in the pane beside the list, and on a page of its own."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from common.opaque import unseal
from common.partials import wanted_partial
from inbox.domain import triage
from inbox.domain.queries import outgoing
from inbox.domain.queries.conversation import conversation, message
from inbox.domain.queries.lists import accounts_of, members_of, rows_of
from inbox.enums import Act, Box
from inbox.forms.acts import snooze_presets
from inbox.models import Label
from mailsync.enums import AccountScope
from mailsync.models import Email, MailAccount, Thread


def visible_thread(user: Any, pk: int) -> Thread:
    """The thread, if this user may know of it; 404 otherwise."""
    threads = Thread.objects.visible_to(user).select_related(
        "account", "account__owner", "assigned_to"
    )
    return get_object_or_404(threads, pk=pk)


def visible_email(user: Any, pk: int) -> Email:
    """The email, if this user may know of its conversation; 404 otherwise."""
    emails = Email.objects.visible_to(user).select_related("thread", "account", "body")
    return get_object_or_404(emails, pk=pk)


def thread_url(email: Email) -> str:
    return reverse("inbox:thread", args=[email.thread.key])


@require_safe
@login_required
def thread(request: HttpRequest, pk: int) -> HttpResponse:
    found = visible_thread(request.user, pk)
    if found.merged_into_id:
        return redirect("inbox:thread", pk=found.merged_into.key)
    context = thread_context(request, found)
    if wanted_partial(request, ["thread-header"]):
        # After an act: what is read in the messages, and where the focus is, stays.
        context |= {"alone": "alone" in request.GET, "refreshed": True}
        return render(request, "inbox/_thread_header.html", context)
    name = "inbox/_thread.html" if request.htmx else "inbox/thread.html"
    return render(request, name, context)


def thread_context(request: HttpRequest, found: Thread) -> dict[str, Any]:
    """What both shapes of the page show."""
    shown = conversation(found, user=request.user, show_all="all" in request.GET)
    box = request.GET.get("box", "")
    return {
        "thread": found,
        "conversation": shown,
        "account": found.account,
        "thread_labels": Label.objects.filter(thread_rows__thread=found),
        "members": members_of([found.account]) if shown.may_act else [],
        "box": box if box in Box.values else home_of(found, is_own=shown.may_act),
        "snooze_presets": snooze_presets(timezone.now(), timezone.get_current_timezone()),
        "pictures_asked": request.GET.get("pictures", ""),
        "is_snoozed": bool(found.snoozed_until and found.snoozed_until > timezone.now()),
        **_at_the_end(request, found, shown.messages[-1].email if shown.messages else None),
    }


def _at_the_end(request: HttpRequest, found: Thread, last: Email | None) -> dict[str, Any]:
    """What stands under the messages: mail on its way, begun answers, the ways to answer."""
    return {
        "last": last,
        "waiting": outgoing.waiting_in(found, request.user),
        "begun": outgoing.drafts_in(found, request.user),
        "is_ours": found.account.scope == AccountScope.TEAM
        and MailAccount.objects.usable_by(request.user).filter(pk=found.account_id).exists(),
    }


@require_safe
@login_required
def news(request: HttpRequest, pk: int) -> HttpResponse:
    """What has come to an open conversation after the message `after`, and what is on its way."""
    found = visible_thread(request.user, pk)
    after = unseal("email", request.GET.get("after", ""))
    known = found.emails.filter(pk=after).first() if after is not None else None
    shown = conversation(found, user=request.user, show_all=False)
    emails = [one.email for one in shown.messages]
    fresh = (
        [
            one
            for one in shown.messages
            if (one.email.received_at, one.email.pk) > (known.received_at, known.pk)
        ]
        if known
        else []
    )
    for one in fresh:
        one.is_open = True
    context = {
        "thread": found,
        "conversation": shown,
        "fresh": fresh,
        **_at_the_end(request, found, emails[-1] if emails else None),
    }
    return render(request, "inbox/_news.html", context)


def home_of(found: Thread, *, is_own: bool) -> str:
    """The box to go back to when the reader came by a link. Where a colleague keeps his mail is
    nobody else's business."""
    if not is_own:
        return Box.ALL
    if found.in_inbox:
        return Box.INBOX
    if found.in_trash:
        return Box.TRASH
    return Box.ARCHIVE if found.in_archive else Box.ALL


@require_safe
@login_required
def single_message(request: HttpRequest, pk: int) -> HttpResponse:
    """One message, opened or folded again in its place."""
    email = visible_email(request.user, pk)
    shown = message(email, user=request.user)
    shown.is_open = "fold" not in request.GET
    if not request.htmx:
        return redirect(f"{thread_url(email)}#message-{email.key}")
    return render(request, "inbox/_message.html", {"message": shown, "thread": email.thread})


@require_POST
@login_required
def mark_shown(request: HttpRequest, pk: int) -> HttpResponse:
    """The reader has had it before him for a moment: it is read. For mail of his own only."""
    found = visible_thread(request.user, pk)
    done = triage.perform(Act.READ, [found.pk], by=request.user)
    response = HttpResponse(status=200 if done.number else 204)
    if done.number:
        rows = rows_of(request.user, done.thread_ids, accounts=accounts_of(request.user))
        response = render(
            request, "inbox/_acted.html", {"rows": rows, "box": request.POST.get("box", "")}
        )
        response["HX-Trigger"] = "counts-changed"
    return response
