"""Sending a draft, and taking it back."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from common.toasts import Kind, add_toast, toast_answer
from inbox.domain import compose, drafts
from inbox.models import Draft
from mailsync.domain import outbox
from mailsync.models import MailAccount, Submission


def send(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Queues the draft, or says in the window what is in the way."""
    try:
        submission = compose.send(
            draft, by=request.user, version=draft.version, force="force" in request.POST
        )
    except compose.ComposeError as error:
        return _stopped(request, draft, error)
    except drafts.DraftConflictError:
        return toast_answer(
            request, _("This mail is on its way already."), back_to=reverse("inbox:outbox")
        )
    if request.htmx and request.POST.get("frame") == "page":
        # The window was the page; the toast waits for the next one.
        leave = HttpResponse()
        leave["HX-Redirect"] = _back_to(draft)
        return add_toast(request, leave, _("Sending…"), undo_url=_undo_url(submission))
    return toast_answer(
        request,
        _("Sending…"),
        back_to=_back_to(draft),
        undo_url=_undo_url(submission),
        events=["counts-changed", "outbox-changed"],
    )


def _undo_url(submission: Submission) -> str:
    """Empty when the user wants no time to undo."""
    until = submission.undo_until
    if until is None or until <= submission.created_at:
        return ""
    return reverse("inbox:submission_undo", args=[submission.key])


def _back_to(draft: Draft) -> str:
    if draft.parent:
        return reverse("inbox:thread", args=[draft.parent.thread.key])
    return reverse("inbox:home")


def _stopped(request: HttpRequest, draft: Draft, error: compose.ComposeError) -> HttpResponse:
    context = {"draft": draft, "text": sentence(error)}
    response = render(request, "inbox/_compose_checks.html", context, status=422)
    response["X-Draft"] = f"{draft.key} {draft.version}"
    return response


def sentence(error: compose.ComposeError) -> str:
    """Why a mail cannot be sent as it is, and what helps."""
    sentences = {
        "no_account": _("Choose the account to send from."),
        "no_recipients": _("Say who shall get this mail."),
        "bad_address": _("“%(detail)s” is no e-mail address. Correct or remove it."),
        "too_many_recipients": _("A mail goes to 50 people at most. Remove some of them."),
        "missing_fields": _("There is no value for: %(detail)s."),
        "parent_not_here": _("The mail you answer is still being fetched. Try again in a moment."),
        "files_too_big": _("The files are too large together. Remove some of them."),
    }
    return sentences[error.code] % {"detail": error.detail}


def usable_submission(user: Any, pk: int) -> Submission:
    """A mail on its way out of an account of this user's own or his teams; 404 otherwise."""
    rows = Submission.objects.filter(account__in=MailAccount.objects.usable_by(user))
    return get_object_or_404(rows.select_related("account"), pk=pk)


@require_POST
@login_required
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a waiting mail back and opens its draft again."""
    submission = usable_submission(request.user, pk)
    try:
        draft = compose.take_back(submission)
    except outbox.OutboxError:
        return toast_answer(
            request,
            _("Too late: the mail is on its way."),
            back_to=reverse("inbox:outbox"),
            kind=Kind.ERROR,
            events=["outbox-changed"],
        )
    if draft is None:
        return toast_answer(
            request,
            _("Not sent."),
            back_to=reverse("inbox:outbox"),
            events=["outbox-changed", "counts-changed"],
        )
    return opened_again(request, draft, _("Not sent. Your draft is back."))


def opened_again(request: HttpRequest, draft: Draft, text: str) -> HttpResponse:
    """The draft's window: in the dock of the page that is open, else on a page of its own."""
    from inbox.views.compose import window_context  # leaf: the window knows how to send

    if not request.htmx:
        response = redirect("inbox:draft", pk=draft.key)
        response.status_code = 303
        return response
    context = window_context(request, draft, frame="dock")
    markup = render_to_string("inbox/_compose.html", context, request=request)
    response = HttpResponse(
        f'<hx-partial hx-target="#compose-dock" hx-swap="beforeend">{markup}</hx-partial>'
    )
    response["HX-Trigger"] = "counts-changed, outbox-changed"
    return add_toast(request, response, text)
