"""Files and pictures of a draft, and the suggestions of its address fields."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from common.policies import ContentPolicy, with_policy
from inbox.domain import draft_files, recipients
from inbox.errors import ComposeError
from inbox.forms.compose import record_of
from inbox.models import DraftFile
from inbox.views.compose import usable_draft
from inbox.views.rich_text import PICTURES, sent_file
from mailsync.domain.sizes import MEGABYTE


@require_POST
@login_required
def files(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a file or, with `inline`, a picture for the text. Answers with what to show."""
    draft = usable_draft(request.user, pk)
    upload = request.FILES.get("file")
    if upload is None:
        raise Http404
    is_inline = "inline" in request.POST and upload.content_type in PICTURES
    try:
        file = draft_files.add_file(
            draft,
            name=upload.name or "",
            content_type=upload.content_type or "",
            content=upload.read(),
            is_inline=is_inline,
        )
    except ComposeError:
        limit = draft_files.limit_of(draft) // MEGABYTE
        return JsonResponse({"text": too_big(limit)}, status=413)
    return JsonResponse(
        {
            "url": reverse("inbox:draft_file", args=[draft.key, file.key]),
            "markup": render_to_string(
                "inbox/_draft_file.html", {"draft": draft, "file": file}, request=request
            ),
        }
    )


def too_big(megabytes: int = draft_files.MAX_FILES_BYTES // MEGABYTE) -> str:
    return _("Together the files of a mail may have %(limit)d MB. Send a link to larger ones.") % {
        "limit": megabytes
    }


def _file(request: HttpRequest, pk: int, file_pk: int) -> DraftFile:
    draft = usable_draft(request.user, pk)
    return get_object_or_404(draft.files, pk=file_pk)


@require_safe
@login_required
@with_policy(ContentPolicy.FILE)
def file(request: HttpRequest, pk: int, file_pk: int) -> HttpResponse:
    """A file of a draft: pictures for the editor, everything else to download."""
    draft = usable_draft(request.user, pk)
    return sent_file(draft.files.all(), file_pk)


@require_POST
@login_required
def file_remove(request: HttpRequest, pk: int, file_pk: int) -> HttpResponse:
    draft_files.remove_file(_file(request, pk, file_pk))
    return HttpResponse()


@require_safe
@login_required
def suggestions(request: HttpRequest) -> HttpResponse:
    """Whom one may mean by what was typed into an address field."""
    record = request.GET.get("record", "")
    text = request.GET.get("q", "").strip()
    groups = recipients.suggest(
        request.user,
        text,
        record=record_of(record, request.user) if record else None,
        without=request.GET.get("without", "").split(","),
    )
    kind = record.partition(":")[0]
    titles = {
        "record": {
            "deal": _("In this deal"),
            "lead": _("In this lead"),
            "project": _("In this project"),
        }.get(kind, _("This person")),
        "contacts": _("Contacts"),
        "recent": _("Recent"),
    }
    context = {
        "groups": [(titles[name], rows) for name, rows in groups.items() if rows],
        "text": text,
        "is_address": recipients.is_address(text),
        "list": request.GET.get("list", "")[:40],
    }
    return render(request, "inbox/_suggestions.html", context)
