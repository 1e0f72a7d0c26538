"""Content that strangers wrote, each piece on its own address under its own closed policy."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from common.policies import ContentPolicy, with_policy
from inbox.domain import pictures, reading
from inbox.views.pictures import picture_response
from inbox.views.threads import visible_email
from mailsync.domain import whole
from mailsync.mime import html, parse
from mailsync.mime.headers import file_name
from mailsync.mime.pictures import Picture, picture_type
from mailsync.models import Attachment, Email, Thread
from users.http import see_other


def visible_attachment(user: Any, pk: int) -> Attachment:
    """The file, if this user may know of its conversation; 404 otherwise."""
    files = Attachment.objects.filter(email__in=Email.objects.visible_to(user))
    return get_object_or_404(files.select_related("email__blob"), pk=pk)


@require_safe
@with_policy(ContentPolicy.MAIL_BODY)
@login_required
def body(request: HttpRequest, pk: int) -> HttpResponse:
    """The HTML of a message, cleaned, as a document for the sandboxed frame."""
    email = visible_email(request.user, pk)
    try:
        source = parse.html_of(reading.raw_of(email))
    except reading.NotHereError as error:
        raise Http404 from error
    policy = html.ImagePolicy(inline=_inline_address(email), remote=_remote_address(request, email))
    cleaned = html.clean_folded(
        source, label=_("Quoted text"), subject=email.subject, images=policy
    )
    response = render(request, "inbox/body.html", {"email": email, "cleaned": SafeString(cleaned)})
    # Links in a mail tell nobody where they were read.
    response["Referrer-Policy"] = "no-referrer"
    return response


def _inline_address(email: Email) -> Callable[[str], str | None]:
    """Where a picture named by cid (RFC 2392) is: among the parts of this very message."""
    sections = dict(email.attachments.exclude(content_id="").values_list("content_id", "section"))

    def address(content_id: str) -> str | None:
        section = sections.get(content_id)
        return reverse("inbox:inline_picture", args=[email.key, section]) if section else None

    return address


def _remote_address(request: HttpRequest, email: Email) -> Callable[[str], str | None] | None:
    """Our address for a picture from the web; none unless the reader asked for the pictures."""
    if not pictures.is_wanted(email, by=request.user, given=request.GET.get("pictures", "")):
        return None

    def address(source: str) -> str | None:
        token = pictures.sealed(source, email=email, by=request.user)
        return reverse("inbox:remote_picture", args=[email.key, token]) if token else None

    return address


@require_safe
@with_policy(ContentPolicy.FILE)
@login_required
def attachment(request: HttpRequest, pk: int) -> HttpResponse:
    """A file, to be saved. Never shown by the browser under our address."""
    found = visible_attachment(request.user, pk)
    try:
        data = reading.file_of(found)
    except reading.NotHereError:
        if whole.can_be_had(found.email):
            return redirect("inbox:attachment_fetch", found.key)
        return render(request, "inbox/file_missing.html", {"file": found}, status=404)
    return _download(data, name=file_name(found.name) or "file")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def attachment_fetch(request: HttpRequest, pk: int) -> HttpResponse:
    """Offers to fetch the whole message from the mailbox, for its files, and waits for it."""
    found = visible_attachment(request.user, pk)
    if not whole.can_be_had(found.email):
        return redirect("inbox:attachment", found.key)
    if request.method == "POST":
        whole.ask_for(found.email)
        return see_other(request, reverse("inbox:attachment_fetch", args=[found.key]) + "?wait")
    context = {"file": found, "can_be_had": True, "is_waiting": "wait" in request.GET}
    response = render(request, "inbox/file_missing.html", context)
    if context["is_waiting"]:
        # Once it is here, this leads to the download.
        response["Refresh"] = "3"
    return response


@require_safe
@with_policy(ContentPolicy.FILE)
@login_required
def raw(request: HttpRequest, pk: int) -> HttpResponse:
    """The message as it came, for the people whose mail it is."""
    own = Thread.objects.of_accounts_of(request.user)
    email = get_object_or_404(Email.objects.filter(thread__in=own).select_related("blob"), pk=pk)
    try:
        data = reading.raw_of(email)
    except reading.NotHereError as error:
        raise Http404 from error
    return _download(data, name=file_name(f"{email.subject or 'message'}.eml"))


def _download(data: bytes, *, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type="application/octet-stream")
    disposition = content_disposition_header(as_attachment=True, filename=name)
    response["Content-Disposition"] = disposition or "attachment"
    return response


@require_safe
@with_policy(ContentPolicy.FILE)
@login_required
def inline_picture(request: HttpRequest, pk: int, section: str) -> HttpResponse:
    """A picture that the message's HTML names by cid (RFC 2392), out of this message only."""
    email = visible_email(request.user, pk)
    found = get_object_or_404(
        Attachment.objects.select_related("email__blob"), email=email, section=section
    )
    try:
        data = reading.file_of(found)
    except reading.NotHereError as error:
        raise Http404 from error
    kind = picture_type(data)
    if not kind:
        return HttpResponse(status=415)
    return picture_response(Picture(kind, data))
