"""Writing: the compose window in its three frames, and its one way back to the server."""

import json
import re
import secrets
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.toasts import toast_answer
from inbox.domain import compose as composing
from inbox.domain import drafts, recipients
from inbox.domain import fields as smart_fields
from inbox.domain.queries.lists import accounts_of
from inbox.enums import DraftKind
from inbox.forms.compose import RECORDS, DraftForm, own_row, parent_of, record_of
from inbox.forms.sending import remind_presets, send_presets
from inbox.models import Draft, Signature
from inbox.views import sending
from inbox.views.threads import visible_email
from mailsync.mime import html
from sharing.enums import ThreadVisibility

# Buttons that send have one of these names instead of an act.
SENDING = frozenset({"later", "archive"})
# Text colours that can be read on white and on a reader's dark page alike.
COLOURS = (
    ("#000000", gettext_lazy("Black")),
    ("#5f6368", gettext_lazy("Grey")),
    ("#b3261e", gettext_lazy("Red")),
    ("#a15c00", gettext_lazy("Amber")),
    ("#1b6e3c", gettext_lazy("Green")),
    ("#1a56b0", gettext_lazy("Blue")),
    ("#6a3fb5", gettext_lazy("Violet")),
)
# What could end a script element, or be read as one (django.utils.html.json_script).
JSON_ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


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
    try:
        draft = drafts.save(draft, version=version, **changes)
    except drafts.DraftConflictError as conflict:
        return _conflict(request, conflict.draft)
    if act in ("send", "send-anyway"):
        return sending.send(request, draft)
    return _saved(request, draft)


@require_safe
@login_required
def answer(request: HttpRequest, pk: int, kind: DraftKind) -> HttpResponse:
    """The window for an answer or a forward; nothing is stored before something is written."""
    email = visible_email(request.user, pk)
    try:
        draft = composing.answer_to(email, kind=kind, by=request.user)
    except composing.ComposeError:
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
    if kind in composing.ANSWERS:
        email = parent_of(request.POST.get("parent", ""), request.user)
        return composing.start_answer(email, kind=DraftKind(kind), by=request.user)
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
    return drafts.Start(
        **{
            role: tuple((n, a) for n, a in recipients.read_list(text))
            for role, text in given.items()
        },
        subject=" ".join(subject.split())[:1000],
        html=html.text_to_html(body[:20_000]) if body else "",
        **named,
    )


# --- The window ------------------------------------------------------------------------------


def window(
    request: HttpRequest, draft: Draft, *, frame: str = "", status: int = 200
) -> HttpResponse:
    """The window in the frame that was asked for: dock, inline under a conversation, or page."""
    target = request.headers.get("HX-Target", "").rpartition("#")[2] if request.htmx else ""
    wanted = request.GET.get("frame", "") if request.htmx else ""
    if wanted in ("dock", "inline"):
        # Asked for by a script, whose requests do not name their target.
        frame = wanted
    frame = frame or {"compose-dock": "dock", "reply-slot": "inline"}.get(target, "page")
    context = window_context(request, draft, frame=frame)
    name = "inbox/compose.html" if frame == "page" else "inbox/_compose.html"
    return render(request, name, context, status=status)


def window_context(request: HttpRequest, draft: Draft, *, frame: str) -> dict[str, Any]:
    accounts = accounts_of(request.user)
    record = draft.deal or draft.lead or draft.project or draft.person
    return {
        "draft": draft,
        "uid": draft.key if draft.pk else secrets.token_hex(6),
        "frame": frame,
        "accounts": accounts,
        "fields": [
            {
                "role": role,
                "label": label,
                "value": recipients.write_list(getattr(draft, role)),
            }
            for role, label in (("to", _("To")), ("cc", _("Cc")), ("bcc", _("Bcc")))
        ],
        "given": script_json(editor_html(draft)),
        "plain": html.html_to_text(draft.html),
        "record": record,
        "record_name": f"{record._meta.model_name}:{record.pk}" if record else "",
        "colours": COLOURS,
        "field_choices": list(smart_fields.FIELDS.values()),
        "send_presets": send_presets(timezone.now(), timezone.get_current_timezone()),
        "remind_presets": remind_presets(timezone.now(), timezone.get_current_timezone()),
        "signatures": Signature.objects.usable_by(request.user).distinct(),
        "visibilities": ThreadVisibility.choices,
        "heading": _heading(draft),
        "files": list(draft.files.filter(content_id="")) if draft.pk else [],
    }


def _heading(draft: Draft) -> str:
    if draft.subject:
        return draft.subject
    return str(DraftKind(draft.kind).label)


def script_json(source: str) -> SafeString:
    """A text for the editor, and what chips say, as JSON that cannot end its element."""
    labels = {name: f"{field.group}: {field.label}" for name, field in smart_fields.FIELDS.items()}
    text = json.dumps({"html": source, "labels": labels})
    return mark_safe(text.translate(JSON_ESCAPES))  # noqa: S308 -- escaped right here


# The addresses that `editor_html` and an upload give to pictures.
_PICTURE = re.compile(r"/mail/drafts/[\w-]{22}/files/([\w-]{22})/")


def pictures_by_id(text: str, draft: Draft) -> str:
    """The editor's text with this draft's pictures by Content-ID, as a mail names its parts."""
    if "/files/" not in text:
        return text
    known = {file.key: file.content_id for file in draft.files.exclude(content_id="")}

    def name(match: re.Match[str]) -> str:
        content_id = known.get(match[1])
        return f"cid:{content_id}" if content_id else match[0]

    return _PICTURE.sub(name, text)


def editor_html(draft: Draft) -> str:
    """The text for the editor: cleaned like any foreign HTML, since a colleague may have written
    it, with this draft's pictures under addresses of ours."""
    files = (
        {file.content_id: file for file in draft.files.exclude(content_id="")} if draft.pk else {}
    )

    def address(content_id: str) -> str | None:
        file = files.get(content_id)
        return reverse("inbox:draft_file", args=[draft.key, file.key]) if file else None

    return html.clean(draft.html, images=html.ImagePolicy(inline=address))


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
        return toast_answer(request, _("Nothing was kept."), back_to=reverse("inbox:home"))
    drafts.discard(draft)
    return toast_answer(
        request,
        _("Draft thrown away."),
        back_to=reverse("inbox:home"),
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
    context = composing.context_of(draft, by=request.user)
    values = {name: field.value(context) for name, field in smart_fields.FIELDS.items()}
    return JsonResponse({"values": values})


@require_safe
@login_required
def quote(request: HttpRequest, pk: int, kind: DraftKind) -> HttpResponse:
    """The quoted text of an answer for the editor, for a writer who wants to change it."""
    parent = visible_email(request.user, pk)
    draft = Draft(author=request.user, kind=kind, parent=parent)
    return JsonResponse({"html": composing.quoted_html(draft)})
