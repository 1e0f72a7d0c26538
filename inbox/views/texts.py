"""Templates and signatures: their pages in the settings, and templates in the compose window."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.toasts import toast_answer
from inbox.domain import fields as smart_fields
from inbox.domain import texts
from inbox.forms.texts import SignatureForm, TemplateForm
from inbox.models import MailTemplate, Signature
from inbox.views.window import COLOURS, script_json
from mailsync.mime import html


def rich_text_context(source: str) -> dict[str, Any]:
    """What the editor of a template or signature begins with: cleaned, as everywhere."""
    return {
        "uid": "text",
        "given": script_json(html.clean(source)),
        "plain": html.html_to_text(source),
        "colours": COLOURS,
        "field_choices": list(smart_fields.FIELDS.values()),
    }


def _visible(user: Any) -> Any:
    return MailTemplate.objects.visible_to(user).select_related("author")


def _own_template(user: Any, pk: int) -> MailTemplate:
    """A template that this user may change: his own, or as administrator a shared one; 404."""
    mine = Q(author=user) | (Q(is_shared=True) if user.is_administrator else Q(pk=None))
    return get_object_or_404(MailTemplate.objects.filter(mine), pk=pk)


# --- Templates -------------------------------------------------------------------------------


@require_safe
@login_required
def templates(request: HttpRequest) -> HttpResponse:
    rows = list(_visible(request.user).order_by("folder", "name", "pk"))
    return render(request, "inbox/templates.html", {"rows": rows, "starters": texts.starters()})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def template_new(request: HttpRequest) -> HttpResponse:
    """A template; from the compose window it is made of what is written there."""
    if "from" in request.GET:
        # Still without a name: shown to be given one.
        given = {name: request.POST.get(name, "") for name in ("subject", "html")}
        return _template_page(request, TemplateForm(initial=given))
    form = TemplateForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        form.instance.author = request.user
        form.save()
        return toast_answer(request, _("Template saved."), back_to=reverse("inbox:templates"))
    return _template_page(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def template(request: HttpRequest, pk: int) -> HttpResponse:
    if request.method != "POST":
        found = get_object_or_404(_visible(request.user), pk=pk)
        return _template_page(request, TemplateForm(instance=found))
    form = TemplateForm(request.POST, instance=_own_template(request.user, pk))
    if form.is_valid():
        form.save()
        return toast_answer(request, _("Template saved."), back_to=reverse("inbox:templates"))
    return _template_page(request, form)


def _template_page(request: HttpRequest, form: TemplateForm) -> HttpResponse:
    found = form.instance
    may_change = (
        found.pk is None
        or found.author_id == request.user.pk
        or (found.is_shared and request.user.is_administrator)
    )
    source = str(form["html"].value() or "")
    context = {
        "form": form,
        "template": found,
        "may_change": may_change,
        "folders": sorted({t.folder for t in _visible(request.user) if t.folder}),
        **rich_text_context(source),
    }
    return render(request, "inbox/template.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def template_copy(request: HttpRequest, pk: int) -> HttpResponse:
    made = texts.copy(get_object_or_404(_visible(request.user), pk=pk), by=request.user)
    response = redirect("inbox:template", pk=made.pk)
    response.status_code = 303
    return response


@require_POST
@login_required
def template_remove(request: HttpRequest, pk: int) -> HttpResponse:
    _own_template(request.user, pk).delete()
    return toast_answer(request, _("Template deleted."), back_to=reverse("inbox:templates"))


@require_POST
@login_required
def template_starters(request: HttpRequest) -> HttpResponse:
    texts.add_starters(by=request.user)
    return toast_answer(
        request,
        _("Three templates added. They are yours to change."),
        back_to=reverse("inbox:templates"),
    )


@require_safe
@login_required
def template_picker(request: HttpRequest) -> HttpResponse:
    """The list that the compose window opens: the most used first."""
    rows = _visible(request.user).order_by("-used_count", "name", "pk")[:100]
    return render(request, "inbox/_template_picker.html", {"rows": rows})


@require_POST
@login_required
def template_use(request: HttpRequest, pk: int) -> HttpResponse:
    """A template's text for the editor; its smart fields stay, since the mail fills them."""
    found = get_object_or_404(_visible(request.user), pk=pk)
    texts.note_use(found)
    return JsonResponse({"subject": found.subject, "html": html.clean(found.html)})


# --- Signatures ------------------------------------------------------------------------------


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
        request.POST if request.method == "POST" else None,
        instance=found,
        initial=initial,
        user=request.user,
    )
    if request.method == "POST" and form.is_valid():
        texts.keep_one_default(form.save())
        return toast_answer(request, _("Signature saved."), back_to=reverse("inbox:signatures"))
    context = {
        "form": form,
        "signature": found,
        **rich_text_context(str(form["html"].value() or "")),
    }
    return render(request, "inbox/signature.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def signature_remove(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(_own_signatures(request.user), pk=pk).delete()
    return toast_answer(request, _("Signature deleted."), back_to=reverse("inbox:signatures"))
