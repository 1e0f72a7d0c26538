"""The compose window in its three frames, and the text in its editor."""

import json
import re
import secrets
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.domain import fields as smart_fields
from inbox.domain import recipients
from inbox.domain.draft_sight import as_seen_by
from inbox.domain.queries.lists import accounts_of
from inbox.enums import DraftKind
from inbox.forms.sending import remind_presets, send_presets
from inbox.models import Draft, Signature
from mailsync.mime import html
from sharing.enums import ThreadVisibility

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
    draft = as_seen_by(draft, request.user)
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
