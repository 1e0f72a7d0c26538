"""Templates: their pages in the settings, and in the compose window."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.policies import ContentPolicy, with_policy
from common.toasts import toast_answer
from inbox.domain import draft_files, text_files, texts
from inbox.errors import ComposeError
from inbox.forms.compose import own_row
from inbox.forms.texts import TemplateForm
from inbox.models import Draft, MailTemplate, TemplateFile
from inbox.views.draft_files import too_big
from inbox.views.rich_text import named_pictures, rich_text_context, sent_file, take_changes
from inbox.views.window import pictures_as_data, shown_html
from mailsync.mime import html


def _visible(user: Any) -> Any:
    return MailTemplate.objects.visible_to(user).select_related("author")


def _own_template(user: Any, pk: int) -> MailTemplate:
    """A template that this user may change: his own, or as administrator a shared one; 404."""
    mine = Q(author=user) | (Q(is_shared=True) if user.is_administrator else Q(pk=None))
    return get_object_or_404(MailTemplate.objects.filter(mine), pk=pk)


@require_safe
@login_required
def templates(request: HttpRequest) -> HttpResponse:
    found = _visible(request.user).with_uses_of(request.user)
    rows = list(found.order_by("folder", "name", "pk"))
    return render(request, "inbox/templates.html", {"rows": rows, "starters": texts.starters()})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def template_new(request: HttpRequest) -> HttpResponse:
    """A template; from the compose window it is made of what is written there."""
    mail = _mail_of(request)
    if "from" in request.GET:
        # Still without a name: shown to be given one.
        given = {
            "subject": request.POST.get("subject", ""),
            "html": pictures_as_data(request.POST.get("html", ""), mail),
        }
        return _template_page(request, TemplateForm(initial=given), mail=mail)
    form = TemplateForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        form.instance.author = request.user
        return _save(request, form, mail=mail)
    return _template_page(request, form, mail=mail)


def _mail_of(request: HttpRequest) -> Draft | None:
    """The mail that a template is made of: one that this user may write in; 404 otherwise."""
    key = request.POST.get("mail", "")
    if not key:
        return None
    return own_row(Draft.objects.usable_by(request.user).distinct(), "draft", key)


def _save(request: HttpRequest, form: TemplateForm, *, mail: Draft | None = None) -> HttpResponse:
    try:
        with transaction.atomic():
            saved = form.save()
            text_files.keep_pictures(saved)
            if mail:
                text_files.take_from_mail(saved, mail)
            take_changes(request, saved)
    except ComposeError:
        form.add_error(None, too_big())
        return _template_page(request, form, mail=mail)
    return toast_answer(request, _("Template saved."), back_to=reverse("inbox:templates"))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def template(request: HttpRequest, pk: int) -> HttpResponse:
    if request.method != "POST":
        found = get_object_or_404(_visible(request.user), pk=pk)
        return _template_page(request, TemplateForm(instance=found))
    found = _own_template(request.user, pk)
    form = TemplateForm(named_pictures(request.POST, found), instance=found)
    if form.is_valid():
        return _save(request, form)
    return _template_page(request, form)


def _template_page(
    request: HttpRequest, form: TemplateForm, *, mail: Draft | None = None
) -> HttpResponse:
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
        "mail": mail,
        "mail_files": list(mail.files.filter(content_id="")) if mail else [],
        "files": list(found.files.filter(content_id="")) if found.pk else [],
        "megabytes": draft_files.MAX_FILES_BYTES // (1024 * 1024),
        **rich_text_context(source, found),
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
    text_files.delete(_own_template(request.user, pk))
    return toast_answer(request, _("Template deleted."), back_to=reverse("inbox:templates"))


@require_POST
@login_required
def template_starters(request: HttpRequest) -> HttpResponse:
    texts.add_starters(by=request.user)
    if request.htmx:  # in the list of the compose window
        return _picker(request)
    return toast_answer(
        request,
        _("Three templates added. They are yours to change."),
        back_to=reverse("inbox:templates"),
    )


@require_safe
@login_required
def template_picker(request: HttpRequest) -> HttpResponse:
    """The list that the compose window opens."""
    return _picker(request)


def _picker(request: HttpRequest) -> HttpResponse:
    """What this user uses most comes first."""
    has_files = Exists(TemplateFile.objects.filter(template=OuterRef("pk")))
    rows = _visible(request.user).with_uses_of(request.user).annotate(has_files=has_files)
    rows = rows.order_by("-used_count", "name", "pk")[:100]
    return render(request, "inbox/_template_picker.html", {"rows": rows})


@require_POST
@login_required
def template_use(request: HttpRequest, pk: int) -> HttpResponse:
    """A template's text for the editor; its smart fields stay, since the mail fills them. Its
    pictures and files become the mail's own."""
    found = get_object_or_404(_visible(request.user), pk=pk)
    mail = _mail_of(request)
    source, attached = found.html, []
    if mail and found.files.exists():
        try:
            source, attached = text_files.put_into_mail(found, mail)
        except ComposeError:
            return JsonResponse({"text": too_big()}, status=413)
    texts.note_use(found, by=request.user)
    files = [
        render_to_string("inbox/_draft_file.html", {"draft": mail, "file": one}, request=request)
        for one in attached
    ]
    shown = shown_html(source, mail) if mail else html.clean(source)
    return JsonResponse({"subject": found.subject, "html": shown, "files": files})


@require_safe
@login_required
@with_policy(ContentPolicy.FILE)
def template_file(request: HttpRequest, pk: int, file_pk: int) -> HttpResponse:
    found = get_object_or_404(_visible(request.user), pk=pk)
    return sent_file(found.files.all(), file_pk)
