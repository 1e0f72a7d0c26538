"""The compose window in its three frames, and the text in its editor."""

import json
import re
import secrets
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.domain import compose, drafts, recipients, text_files
from inbox.domain import fields as smart_fields
from inbox.domain.draft_sight import as_seen_by
from inbox.domain.queries.lists import accounts_of
from inbox.enums import DraftKind
from inbox.forms.sending import remind_presets, send_presets
from inbox.models import Draft, Signature
from mailsync.domain.sizes import MEGABYTE, files_megabytes
from mailsync.mime import html
from mailsync.models import MailAccount
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
    senders = _senders(request.user, draft)
    record = draft.deal or draft.lead or draft.project or draft.person
    return {
        "draft": draft,
        "uid": draft.key if draft.pk else secrets.token_hex(6),
        "frame": frame,
        "senders": senders,
        "sender": next((one for one in senders if one.account.pk == draft.account_id), None),
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
        "signatures": [
            (one, html.html_to_text(one.html))
            for one in Signature.objects.usable_by(request.user).distinct()
        ],
        "visibilities": ThreadVisibility.choices,
        "goes_on": _goes_on(draft),
        "weight": sum(draft.files.values_list("size", flat=True)) if draft.pk else 0,
        "heading": _heading(draft),
        "files": list(draft.files.filter(content_id="")) if draft.pk else [],
    }


@dataclass(frozen=True)
class Sender:
    """An account to send from, and what choosing it means for the mail."""

    account: MailAccount
    files_bytes: int
    signature_id: int | None
    visibilities: tuple[str, ...]


def _senders(user: Any, draft: Draft) -> list[Sender]:
    accounts = accounts_of(user)
    limits = files_megabytes(account.pk for account in accounts)
    signatures = drafts.default_signatures(user, accounts=accounts, kind=DraftKind(draft.kind))
    return [
        Sender(
            account,
            files_bytes=limits[account.pk] * MEGABYTE,
            signature_id=signatures[account.pk],
            visibilities=compose.visibilities(account),
        )
        for account in accounts
    ]


def _goes_on(draft: Draft) -> bool:
    """Whether the mail joins a conversation that is visible to somebody already. A forward does
    too: it stands in the conversation that it was made from."""
    return bool(draft.parent and draft.parent.account_id == draft.account_id)


def _heading(draft: Draft) -> str:
    if draft.subject:
        return smart_fields.readable(draft.subject)
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


def pictures_as_data(text: str, draft: Draft | None) -> str:
    """The editor's text with this draft's pictures in it, for a place of its own."""
    if draft is None:
        return text
    known = {file.key: file for file in draft.files.exclude(content_id="")}

    def carry(match: re.Match[str]) -> str:
        return text_files.as_data(known[match[1]]) if match[1] in known else match[0]

    return _PICTURE.sub(carry, text)


def editor_html(draft: Draft) -> str:
    """What the window begins with."""
    return shown_html(draft.html, draft)


def shown_html(source: str, draft: Draft) -> str:
    """A text for the editor: cleaned like any foreign HTML, since a colleague may have written
    it, with this draft's pictures under addresses of ours."""
    files = (
        {file.content_id: file for file in draft.files.exclude(content_id="")} if draft.pk else {}
    )

    def address(content_id: str) -> str | None:
        file = files.get(content_id)
        return reverse("inbox:draft_file", args=[draft.key, file.key]) if file else None

    return html.clean(source, images=html.ImagePolicy(inline=address))
