"""The editor of templates and signatures, and the files of such a text."""

import re
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import content_disposition_header

from inbox.domain import fields as smart_fields
from inbox.domain import text_files
from inbox.models import MailTemplate, Signature
from inbox.views.window import COLOURS, script_json
from mailsync.mime import html

# What a browser may show as a picture; anything else is a file.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_NEW_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]{4,}={0,2}")
_PICTURE = re.compile(r"/settings/email/(?:templates|signatures)/\d+/files/([\w-]{22})/")


def rich_text_context(source: str, text: MailTemplate | Signature) -> dict[str, Any]:
    """What the editor begins with: cleaned, as everywhere, with the text's own pictures and
    those that were just put in."""
    known = {file.content_id: _address(text, file) for file in _pictures(text)}
    fresh: dict[str, str] = {}

    def put_aside(match: re.Match[str]) -> str:
        name = f"new{len(fresh)}"
        fresh[name] = match[0]
        return f"cid:{name}"

    policy = html.ImagePolicy(inline=lambda name: fresh.get(name) or known.get(name))
    return {
        "uid": "text",
        "given": script_json(html.clean(_NEW_PICTURE.sub(put_aside, source), images=policy)),
        "plain": html.html_to_text(source),
        "colours": COLOURS,
        "field_choices": list(smart_fields.FIELDS.values()),
    }


def _pictures(text: MailTemplate | Signature) -> list[Any]:
    return list(text.files.exclude(content_id="")) if text.pk else []


def _address(text: MailTemplate | Signature, file: Any) -> str:
    kind = "template_file" if isinstance(text, MailTemplate) else "signature_file"
    return reverse(f"inbox:{kind}", args=[text.pk, file.key])


def named_pictures(data: QueryDict, text: MailTemplate | Signature) -> QueryDict:
    """What the form sent, its text with the pictures as a mail names its parts."""
    named = data.copy()
    named["html"] = _by_content_id(named.get("html", ""), text)
    return named


def _by_content_id(source: str, text: MailTemplate | Signature) -> str:
    known = {file.key: file.content_id for file in _pictures(text)}

    def name(match: re.Match[str]) -> str:
        return f"cid:{known[match[1]]}" if match[1] in known else match[0]

    return _PICTURE.sub(name, source)


def file_response(name: str, content_type: str, content: bytes, *, shown: bool) -> HttpResponse:
    """A picture for the page, everything else to download."""
    is_picture = content_type in PICTURES
    response = HttpResponse(
        content, content_type=content_type if is_picture else "application/octet-stream"
    )
    response["Content-Disposition"] = content_disposition_header(not (shown and is_picture), name)
    response["X-Content-Type-Options"] = "nosniff"
    return response


def sent_file(files: QuerySet[Any], pk: int) -> HttpResponse:
    found = get_object_or_404(files, pk=pk)
    return file_response(
        found.name, found.content_type, text_files.bytes_of(found), shown=bool(found.content_id)
    )


def take_changes(request: HttpRequest, text: MailTemplate) -> None:
    """The files that were ticked to go, and those that were chosen."""
    for file in text.files.filter(content_id=""):
        if str(file.pk) in request.POST.getlist("drop"):
            text_files.drop(file)
    for upload in request.FILES.getlist("files"):
        text_files.add(
            text,
            name=upload.name or "",
            content_type=upload.content_type or "",
            content=upload.read(),
        )
