"""Conversations put together and taken apart by hand, each with a way back."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from common.opaque import unseal
from common.partials import render_dialog
from common.toasts import Kind, toast_answer
from inbox.domain.search import of_account
from inbox.views.acts import back_path
from mailsync.domain import linking
from mailsync.domain.thread_joins import (
    Moved,
    ThreadError,
    merge_threads,
    move_back,
    move_emails,
    split_thread,
)
from mailsync.models import Email, Thread

# Conversations to choose from that are shown.
SHOWN = 20
# An undo carries the keys of the moved mails in its address; longer ones are not made.
UNDO_EMAILS = 150
EVENTS = ["threads-changed", "thread-changed", "messages-changed", "counts-changed"]


def own_thread(request: HttpRequest, pk: int) -> Thread:
    """A conversation whose mail is this user's own; 404 otherwise."""
    rows = Thread.objects.of_accounts_of(request.user).select_related("account").distinct()
    return get_object_or_404(rows, pk=pk)


def _named(request: HttpRequest, name: str, kind: str) -> list[int]:
    """The rows that the form names, or the address of an undo."""
    keys = request.POST.getlist(name) or request.GET.getlist(name)
    return [number for key in keys[:1000] if (number := unseal(kind, key)) is not None]


@require_POST
@login_required
def split(request: HttpRequest, pk: int) -> HttpResponse:
    """Moves messages of a conversation to one of their own."""
    found = own_thread(request, pk)
    emails = Email.objects.filter(thread=found, pk__in=_named(request, "email", "email"))
    try:
        new = split_thread(found, emails, by=request.user)
    except ThreadError:
        return _nothing_moved(request, found)
    linking.link_again([found.pk, new.pk])
    undo = f"{reverse('inbox:threads_merge')}?{urlencode({'thread': [found.key, new.key]}, True)}"
    return toast_answer(
        request,
        _("Moved to a conversation of its own."),
        back_to=back_path(request, fallback=found),
        undo_url=undo,
        events=EVENTS,
    )


def _nothing_moved(request: HttpRequest, found: Thread) -> HttpResponse:
    return toast_answer(
        request,
        _("A conversation needs one message at least, so nothing was moved."),
        back_to=back_path(request, fallback=found),
        kind=Kind.ERROR,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def merge_with(request: HttpRequest, pk: int) -> HttpResponse:
    """Which conversation this one is put together with: those with the same people, newest
    first, or those whose subject has the words."""
    found = own_thread(request, pk)
    if request.method == "POST":
        return _merge(request, [found.pk, *_named(request, "thread", "thread")])
    return _choice(
        request,
        found,
        title=_("Put together with…"),
        note=_("All messages show in one conversation then. It is shared only if all of them are."),
        submit=_("Put together"),
        icon_name="git-merge",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Messages of a conversation go to another one of the same account, which is searched for."""
    found = own_thread(request, pk)
    emails = list(Email.objects.filter(thread=found, pk__in=_named(request, "email", "email")))
    if request.method == "POST":
        return _move(request, found, emails)
    return _choice(
        request,
        found,
        emails=emails,
        title=_("Move the message to…"),
        note=_("Answers to it follow. The conversation is shared then only if both are."),
        submit=_("Move"),
        icon_name="arrow-right",
    )


def _choice(request: HttpRequest, found: Thread, **context: Any) -> HttpResponse:
    """Another conversation of the account: one with the same people, newest first, or one that
    has the words."""
    query = request.GET.get("q", "").strip()[:100]
    rows = Thread.objects.of_accounts_of(request.user).filter(
        account=found.account_id, trashed_at=None, merged_into=None
    )
    if query:
        # One more than is shown: the conversation itself may be among them.
        ids = of_account(request.user, query, account_id=found.account_id, limit=SHOWN + 1)
        rows = rows.filter(pk__in=ids)
    else:
        rows = rows.filter(addresses__address__in=found.addresses.values("address"))
    rows = rows.exclude(pk=found.pk).order_by("-last_email_at", "-pk").distinct()[:SHOWN]
    context |= {
        "thread": found,
        "threads": rows,
        "query": query,
        "action": request.path,
        # Put together with another one it may be gone.
        "next": reverse("inbox:thread", args=[found.key])
        if "emails" in context
        else reverse("inbox:home"),
    }
    return render_dialog(request, "inbox/choose_thread.html", context)


def _move(request: HttpRequest, found: Thread, emails: list[Email]) -> HttpResponse:
    if not emails:
        return _nothing_moved(request, found)
    rows = Thread.objects.of_accounts_of(request.user).filter(account=found.account_id)
    chosen = _named(request, "thread", "thread")
    to = get_object_or_404(rows.filter(merged_into=None).distinct(), pk__in=chosen[:1])
    is_undo = bool(request.GET.get("back"))
    try:
        if is_undo:
            was = Moved(has_parted="parted" in request.GET, has_hidden="hidden" in request.GET)
            move_back(found, emails, to=to, moved=was)
        else:
            was = move_emails(found, emails, to=to, by=request.user)
    except ThreadError:
        # All of it goes: then the two are one conversation.
        return _merge(request, [found.pk, to.pk])
    linking.link_again([found.pk, to.pk])
    undo = ""
    if not is_undo and len(emails) <= UNDO_EMAILS:
        names = {"back": 1, "email": [email.key for email in emails], "thread": found.key}
        names |= {"parted": 1} if was.has_parted else {}
        names |= {"hidden": 1} if was.has_hidden else {}
        undo = f"{reverse('inbox:thread_move', args=[to.key])}?{urlencode(names, doseq=True)}"
    text = _("Moved back.") if is_undo else _("Moved to “%(subject)s”.")
    return toast_answer(
        request,
        text % {"subject": to.subject or _("No subject")},
        back_to=back_path(request, fallback=found),
        undo_url=undo,
        events=EVENTS,
    )


@require_POST
@login_required
def merge(request: HttpRequest) -> HttpResponse:
    """Puts the ticked conversations together."""
    return _merge(request, _named(request, "thread", "thread"))


def _merge(request: HttpRequest, ids: list[int]) -> HttpResponse:
    rows = Thread.objects.of_accounts_of(request.user).filter(pk__in=ids).distinct()
    threads = list(rows.order_by("pk"))
    # One out of reach is as if it did not exist: then nothing is done.
    if not threads or len(threads) != len(set(ids)):
        raise Http404
    problem = ""
    if len(threads) < 2:
        problem = _("Choose two conversations at least.")
    elif len({thread.account_id for thread in threads}) > 1:
        problem = _("Conversations of different accounts cannot be put together.")
    if problem:
        return toast_answer(request, problem, back_to=back_path(request), kind=Kind.ERROR)
    moving = list(
        Email.objects.filter(thread__in=[thread.pk for thread in threads[1:]])[: UNDO_EMAILS + 1]
    )
    kept = merge_threads(threads[0], threads[1:], by=request.user)
    undo = ""
    # Taken apart again they are two; of three that became one, two stay together.
    if len(threads) == 2 and len(moving) <= UNDO_EMAILS:
        keys = urlencode({"email": [email.key for email in moving]}, doseq=True)
        undo = f"{reverse('inbox:thread_split', args=[kept.key])}?{keys}"
    number = len(threads)
    text = ngettext("%(n)s conversation put together.", "%(n)s conversations put together.", number)
    return toast_answer(
        request,
        text % {"n": number},
        back_to=back_path(request, fallback=kept),
        undo_url=undo,
        events=EVENTS,
    )
