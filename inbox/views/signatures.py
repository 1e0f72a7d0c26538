"""Signatures: their pages in the settings."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.policies import ContentPolicy, with_policy
from common.toasts import toast_answer
from inbox.domain import text_files, texts
from inbox.errors import ComposeError
from inbox.forms.texts import SignatureForm
from inbox.models import Signature
from inbox.views.draft_files import too_big
from inbox.views.rich_text import named_pictures, rich_text_context, sent_file
from mailsync.mime import html


def _own_signatures(user: Any) -> Any:
    return Signature.objects.usable_by(user).select_related("account").distinct()


@require_safe
@login_required
def signatures(request: HttpRequest) -> HttpResponse:
    rows = [
        (one, html.html_to_text(one.html)) for one in _own_signatures(request.user).order_by("name")
    ]
    return render(request, "inbox/signatures.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def signature_new(request: HttpRequest) -> HttpResponse:
    is_first = not _own_signatures(request.user).exists()
    initial = {"is_for_new": is_first, "is_for_replies": is_first}
    return _signature_page(request, Signature(), initial=initial)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def signature(request: HttpRequest, pk: int) -> HttpResponse:
    return _signature_page(request, get_object_or_404(_own_signatures(request.user), pk=pk))


def _signature_page(
    request: HttpRequest, found: Signature, *, initial: dict[str, Any] | None = None
) -> HttpResponse:
    form = SignatureForm(
        named_pictures(request.POST, found) if request.method == "POST" else None,
        instance=found,
        initial=initial,
        user=request.user,
    )
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                saved = form.save()
                text_files.keep_pictures(saved)
                texts.keep_one_default(saved)
        except ComposeError:
            form.add_error(None, too_big())
            return _shown(request, form, found)
        return toast_answer(request, _("Signature saved."), back_to=reverse("inbox:signatures"))
    return _shown(request, form, found)


def _shown(request: HttpRequest, form: SignatureForm, found: Signature) -> HttpResponse:
    context = {
        "form": form,
        "signature": found,
        **rich_text_context(str(form["html"].value() or ""), found),
    }
    return render(request, "inbox/signature.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def signature_remove(request: HttpRequest, pk: int) -> HttpResponse:
    text_files.delete(get_object_or_404(_own_signatures(request.user), pk=pk))
    return toast_answer(request, _("Signature deleted."), back_to=reverse("inbox:signatures"))


@require_safe
@login_required
@with_policy(ContentPolicy.FILE)
def signature_file(request: HttpRequest, pk: int, file_pk: int) -> HttpResponse:
    found = get_object_or_404(_own_signatures(request.user), pk=pk)
    return sent_file(found.files.all(), file_pk)
