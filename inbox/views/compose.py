"""Writing: the compose window in its three frames, and its one way back to the server."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.toasts import toast_answer
from inbox.domain import answering, draft_files, drafts, quoting, recipients, writing
from inbox.domain import fields as smart_fields
from inbox.domain.draft_sight import as_seen_by
from inbox.enums import DraftKind
from inbox.errors import ComposeError
from inbox.forms.compose import (
    RECORDS,
    DraftForm,
    organization_of,
    own_row,
    parent_of,
    record_of,
)
from inbox.forms.sending import reminder_of
from inbox.models import Draft
from inbox.views import sending
from inbox.views.threads import visible_email
from inbox.views.window import pictures_by_id, window
from mailsync.mime import html

# Buttons that send have one of these names instead of an act.
SENDING = frozenset({"later", "archive"})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def compose(request: HttpRequest) -> HttpResponse:
    """A new mail; with POST, what the window holds: to keep, to send or to throw away."""
    if request.method != "POST":
        return window(request, drafts.new_mail(by=request.user, start=_start(request)))
    form = DraftForm(request.POST, user=request.user)
    changes = sending.fill(form.changes(), sending.typed_values(request.POST))
    draft = _draft_of(request)
    act = request.POST.get("act") or ("send" if request.POST.keys() & SENDING else "save")
    if act == "discard":
        return _discard(request, draft)
    if draft is None:
        draft, version = _begin(request), 1
    else:
        number = request.POST.get("version", "")
        version = int(number) if number.isascii() and number.isdigit() and len(number) < 9 else 0
    changes["html"] = pictures_by_id(changes["html"], draft)
    if "remind" in request.POST:
        changes["remind_at"] = reminder_of(request.POST["remind"], draft.remind_at)
    try:
        draft = drafts.save(draft, version=version, by=request.user, **changes)
    except drafts.DraftConflictError as conflict:
        return _conflict(request, conflict.draft)
    if act in ("send", "send-anyway", "send-filled"):
        return sending.send(request, draft)
    if act == "test":
        return sending.send_test(request, draft)
    return _saved(request, draft)


@require_safe
@login_required
def answer(request: HttpRequest, pk: int, kind: DraftKind) -> HttpResponse:
    """The window for an answer or a forward; nothing is stored before something is written."""
    email = visible_email(request.user, pk)
    try:
        draft = answering.answer_to(email, kind=kind, by=request.user)
    except ComposeError:
        text = _("This mail is still being fetched, so it cannot be answered yet.")
        return toast_answer(request, text, back_to=reverse("inbox:message", args=[email.key]))
    return window(request, draft)


@require_safe
@login_required
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft, opened again."""
    return window(request, usable_draft(request.user, pk))


def usable_draft(user: Any, pk: int) -> Draft:
    """The draft, if it is this user's to write in and not sent or thrown away; 404 otherwise."""
    rows = Draft.objects.usable_by(user).standing().select_related("account", "parent__thread")
    return get_object_or_404(rows.distinct(), pk=pk)


def _draft_of(request: HttpRequest) -> Draft | None:
    key = request.POST.get("draft", "")
    if not key:
        return None
    rows = Draft.objects.usable_by(request.user).distinct()
    return own_row(rows, "draft", key)


def _begin(request: HttpRequest) -> Draft:
    """The row for a window whose first words have come."""
    kind = request.POST.get("kind", "")
    if kind in answering.ANSWERS:
        email = parent_of(request.POST.get("parent", ""), request.user)
        return answering.start_answer(email, kind=DraftKind(kind), by=request.user)
    return drafts.start_new(by=request.user, start=drafts.Start())


def _start(request: HttpRequest) -> drafts.Start:
    """What the address of the window asks for: recipients, subject, text, a record. All of it
    may come from a link that somebody else wrote, so none of it is more than a beginning."""
    query = request.GET
    given = {role: query.get(role, "") for role in ("to", "cc", "bcc")}
    subject, body = query.get("subject", ""), query.get("body", "")
    if url := query.get("mailto", ""):
        parts = urlsplit(url[:4000])
        if parts.scheme != "mailto":
            raise Http404
        fields = {name.lower(): ", ".join(v) for name, v in parse_qs(parts.query).items()}
        given = {role: fields.get(role, "") for role in given}
        given["to"] = ", ".join(filter(None, (unquote(parts.path), given["to"])))
        subject, body = fields.get("subject", ""), fields.get("body", "")
    named = {
        kind: record_of(f"{kind}:{query[kind]}", request.user) for kind in RECORDS if kind in query
    }
    parties = {
        role: tuple((n, a) for n, a in recipients.read_list(text)) for role, text in given.items()
    }
    about = [*named.values()]
    if "organization" in query:
        about.append(organization_of(query["organization"], request.user))
    if about and not parties["to"]:
        parties["to"] = recipients.first_of(about[0], request.user)
    return drafts.Start(
        **parties,
        subject=" ".join(subject.split())[:1000],
        html=html.text_to_html(body[:20_000]) if body else "",
        **named,
    )


# --- Answers ---------------------------------------------------------------------------------


def wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "") == "application/json"


def saved_text(draft: Draft) -> str:
    return _("Saved %(time)s") % {"time": time_format(timezone.localtime(draft.updated_at), "H:i")}


def _saved(request: HttpRequest, draft: Draft) -> HttpResponse:
    if wants_json(request):
        return JsonResponse(
            {
                "draft": draft.key,
                "version": draft.version,
                "text": saved_text(draft),
                "files": reverse("inbox:draft_files", args=[draft.key]),
            }
        )
    response = redirect("inbox:draft", pk=draft.key)
    response.status_code = 303
    return response


def _conflict(request: HttpRequest, current: Draft) -> HttpResponse:
    """Somebody saved the draft elsewhere: nothing is overwritten before the writer has chosen."""
    gone = current.submission_id is not None or current.discarded_at is not None
    if wants_json(request):
        return JsonResponse(
            {
                "version": current.version,
                "gone": gone,
                "see": "" if gone else reverse("inbox:draft", args=[current.key]),
                "text": _("This mail was sent or thrown away elsewhere.")
                if gone
                else _("This draft was changed elsewhere at %(time)s.")
                % {"time": time_format(timezone.localtime(current.updated_at), "H:i")},
            },
            status=409,
        )
    context = {"current": current, "gone": gone}
    return render(request, "inbox/_compose_conflict.html", context, status=422)


def _discard(request: HttpRequest, draft: Draft | None) -> HttpResponse:
    if draft is None:
        return sending.closed(request, _("Nothing was kept."), back_to=reverse("inbox:home"))
    drafts.discard(draft)
    return sending.closed(
        request,
        _("Draft thrown away."),
        back_to=sending.back_to(as_seen_by(draft, request.user)),
        undo_url=reverse("inbox:draft_restore", args=[draft.key]),
        events=["counts-changed", "outbox-changed"],
    )


@require_POST
@login_required
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Brings a draft back that was thrown away, and opens it."""
    rows = Draft.objects.usable_by(request.user).filter(submission=None).distinct()
    found = get_object_or_404(rows, pk=pk)
    drafts.bring_back(found)
    found.refresh_from_db()
    return sending.opened_again(request, found, _("The draft is back."))


@require_POST
@login_required
def field_values(request: HttpRequest) -> HttpResponse:
    """What the smart fields of the window say now: of records that its writer may see."""
    changes = DraftForm(request.POST, user=request.user).changes()
    kept = ("account", "to", *RECORDS)
    draft = Draft(author=request.user, **{name: changes[name] for name in kept})
    context = writing.context_of(draft, by=request.user)
    values = {name: field.value(context) for name, field in smart_fields.FIELDS.items()}
    return JsonResponse({"values": values})


@require_POST
@login_required
def quote(request: HttpRequest, pk: int) -> HttpResponse:
    """The quote of a draft for its editor, for a writer who wants to change it; pictures that the
    quoted mail brought become the draft's own. Those of the web are not loaded by the editor."""
    found = as_seen_by(usable_draft(request.user, pk), request.user)
    kept = draft_files.keep_quoted_pictures(found)

    def address(content_id: str) -> str | None:
        file = kept.get(content_id)
        return reverse("inbox:draft_file", args=[found.key, file.key]) if file else None

    quoted = quoting.quote_of(found, html.ImagePolicy(inline=address))
    return JsonResponse({"html": quoted.html if quoted else ""})
