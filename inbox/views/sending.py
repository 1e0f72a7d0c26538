"""Sending a draft: what is asked before, when it leaves, and taking it back."""

import html
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from common.toasts import Kind, add_toast, toast_answer
from inbox.domain import checks, compose, drafts, fields, triage
from inbox.enums import Act
from inbox.errors import ComposeError
from inbox.forms.sending import MomentForm
from inbox.models import Draft
from inbox.views.window import window_context
from mailsync.domain import outbox
from mailsync.models import MailAccount, Submission
from users.models import Preferences


def typed_values(post: Mapping[str, str]) -> dict[str, str]:
    """What was typed for smart fields that the records say nothing about."""
    return {
        name.removeprefix("fill:"): value[:500]
        for name, value in post.items()
        if name.startswith("fill:") and value.strip()
    }


def fill(changes: dict[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """The changes of a draft with those values in their places."""
    return {
        **changes,
        "subject": fields.fill(changes["subject"], values),
        "html": fields.fill(changes["html"], values, html.escape),
    }


def send(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Queues the draft, or says in the window what is in the way."""
    given = request.POST.copy()
    is_anyway = given.get("act") in ("send-anyway", "send-filled")
    if is_anyway and not given.get("later"):
        given["later"] = given.get("asked_later", "")
    moments = MomentForm(given)
    if not moments.is_valid():
        return _stopped(request, draft, " ".join(moments.non_field_errors()))
    confirmed = set(given.getlist("confirmed")) if is_anyway else set()
    if given.get("act") == "send-filled":
        # What was left empty is asked for once more.
        confirmed.discard(checks.Check.MISSING_FIELDS)
    try:
        # First what makes sending impossible: no question then leads nowhere.
        compose.check_sendable(draft, by=request.user)
        asked = checks.questions(draft, by=request.user, confirmed=confirmed)
        if asked:
            return _asked(request, draft, asked, confirmed)
        # So long after it leaves, and not after it was written.
        remind_at = moments.cleaned_data["remind_at"]
        if remind_at and remind_at != draft.remind_at:
            draft = drafts.save(draft, version=draft.version, remind_at=remind_at)
        submission = compose.send(
            draft,
            by=request.user,
            version=draft.version,
            send_at=moments.cleaned_data["moment"],
            force=True,
        )
    except ComposeError as error:
        return _stopped(request, draft, sentence(error))
    except drafts.DraftConflictError:
        return toast_answer(
            request, _("This mail is on its way already."), back_to=reverse("inbox:outbox")
        )
    archives = "archive" in request.POST and draft.parent is not None
    if archives:
        triage.perform(Act.ARCHIVE, [draft.parent.thread_id], by=request.user)
    return _sent(request, draft, submission, moments.cleaned_data["moment"], archives=archives)


def send_test(request: HttpRequest, draft: Draft) -> HttpResponse:
    """To its writer alone; the window stays open."""
    try:
        compose.send_test(draft, by=request.user)
    except ComposeError as error:
        return _stopped(request, draft, sentence(error))
    text = _("A test is on its way to %(address)s.") % {"address": request.user.email}
    if not request.htmx:
        return toast_answer(request, text, back_to=reverse("inbox:draft", args=[draft.key]))
    response = HttpResponse()
    # The window has to know what was stored on the way here, and that it is not done.
    response["X-Draft"] = f"{draft.key} {draft.version}"
    response["HX-Reswap"] = "none"
    return add_toast(request, response, text)


def _sent(
    request: HttpRequest,
    draft: Draft,
    submission: Submission,
    moment: datetime | None,
    *,
    archives: bool,
) -> HttpResponse:
    text = _("Sending…")
    if moment:
        text = _("Will be sent %(moment)s.") % {
            "moment": date_format(timezone.localtime(submission.send_at), "DATETIME_FORMAT")
        }
    return closed(
        request,
        text,
        back_to=reverse("inbox:home") if archives else back_to(draft),
        undo_url=_undo_url(submission),
        undo_seconds=max(10, Preferences.of(request.user).undo_seconds),
        events=["counts-changed", "outbox-changed", *(["thread-left"] if archives else [])],
    )


def closed(
    request: HttpRequest, text: str, *, back_to: str, undo_url: str = "", **options: Any
) -> HttpResponse:
    """The window has done its work and goes. Where it was the page, that goes back, and the toast
    waits for the next one."""
    if request.htmx and request.POST.get("frame") == "page":
        leave = HttpResponse()
        leave["HX-Redirect"] = back_to
        return add_toast(request, leave, text, undo_url=undo_url)
    return toast_answer(request, text, back_to=back_to, undo_url=undo_url, **options)


def _undo_url(submission: Submission) -> str:
    """Empty when the user wants no time to undo."""
    if submission.send_at <= submission.created_at:
        return ""
    return reverse("inbox:submission_undo", args=[submission.key])


def back_to(draft: Draft) -> str:
    if draft.parent:
        return reverse("inbox:thread", args=[draft.parent.thread.key])
    return reverse("inbox:home")


def _stopped(request: HttpRequest, draft: Draft, text: str) -> HttpResponse:
    return _in_the_window(request, draft, {"text": text})


def _asked(
    request: HttpRequest, draft: Draft, asked: list[checks.Question], confirmed: set[str]
) -> HttpResponse:
    codes = [*sorted(confirmed), *dict.fromkeys(str(one.check) for one in asked)]
    return _in_the_window(
        request,
        draft,
        {
            "asked": asked,
            "confirmed": codes,
            "later": request.POST.get("later", ""),
            # The editor still has these fields; with the next try they are put in again.
            "filled": typed_values(request.POST).items(),
        },
    )


def _in_the_window(request: HttpRequest, draft: Draft, context: dict[str, Any]) -> HttpResponse:
    if not request.htmx:
        page = {**window_context(request, draft, frame="page"), **context}
        return render(request, "inbox/compose.html", page, status=422)
    response = render(
        request, "inbox/_compose_checks.html", {"draft": draft, **context}, status=422
    )
    # The window has to know what was stored on the way here.
    response["X-Draft"] = f"{draft.key} {draft.version}"
    return response


def sentence(error: ComposeError) -> str:
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


# --- Afterwards ------------------------------------------------------------------------------


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
        draft = compose.take_back(submission, by=request.user)
    except outbox.OutboxError:
        return too_late(request)
    if draft is None:
        return _settled(request, _("Not sent."))
    return opened_again(request, draft, _("Not sent. Your draft is back."))


@require_POST
@login_required
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a waiting mail back and keeps it among the drafts."""
    try:
        compose.take_back(usable_submission(request.user, pk), by=request.user)
    except outbox.OutboxError:
        return too_late(request)
    return _settled(request, _("Not sent. It is kept among your drafts."))


@require_POST
@login_required
def send_now(request: HttpRequest, pk: int) -> HttpResponse:
    """Does not wait any longer."""
    try:
        outbox.send_now(usable_submission(request.user, pk))
    except outbox.OutboxError:
        return too_late(request)
    return _settled(request, _("Sending…"))


@require_POST
@login_required
def send_again(request: HttpRequest, pk: int) -> HttpResponse:
    """The user's word that a failed or perhaps-sent mail goes out (once more)."""
    try:
        outbox.send_again(usable_submission(request.user, pk))
    except outbox.OutboxError:
        return too_late(request)
    return _settled(request, _("Sending…"))


@require_POST
@login_required
def mark_sent(request: HttpRequest, pk: int) -> HttpResponse:
    """The user's word that a perhaps-sent mail has arrived."""
    try:
        outbox.mark_sent(usable_submission(request.user, pk))
    except outbox.OutboxError:
        return too_late(request)
    return _settled(request, _("Marked as sent."))


@require_POST
@login_required
def reschedule(request: HttpRequest, pk: int) -> HttpResponse:
    """Another moment for a waiting mail."""
    submission = usable_submission(request.user, pk)
    moments = MomentForm(request.POST)
    if not moments.is_valid() or moments.cleaned_data["moment"] is None:
        text = " ".join(moments.non_field_errors()) or _("Choose the day and time.")
        return toast_answer(request, text, back_to=reverse("inbox:outbox"), kind=Kind.ERROR)
    try:
        outbox.reschedule(submission, send_at=moments.cleaned_data["moment"])
    except outbox.OutboxError:
        return too_late(request)
    return _settled(request, _("The mail has another time."))


def too_late(request: HttpRequest) -> HttpResponse:
    return toast_answer(
        request,
        _("Too late: the mail is on its way."),
        back_to=reverse("inbox:outbox"),
        kind=Kind.ERROR,
        events=["outbox-changed", "counts-changed"],
    )


def _settled(request: HttpRequest, text: str) -> HttpResponse:
    return toast_answer(
        request,
        text,
        back_to=reverse("inbox:outbox"),
        events=["outbox-changed", "counts-changed"],
    )


def opened_again(request: HttpRequest, draft: Draft, text: str) -> HttpResponse:
    """The draft's window: in the dock of the page that is open, else on a page of its own."""
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
