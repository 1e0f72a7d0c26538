"""Every part of a page in every state: the contract of how the product looks."""

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from common.paging import Page
from common.partials import render_dialog
from common.templatetags.ui import HUES
from common.toasts import Kind, toast_answer


class ExampleForm(forms.Form):
    """A field of every kind."""

    name = forms.CharField(label=_("Name"), help_text=_("As it stands on a business card."))
    address = forms.EmailField(label=_("E-mail address"), required=False)
    value = forms.DecimalField(label=_("Value"), required=False)
    close = forms.DateField(
        label=_("Expected close"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    pipeline = forms.ChoiceField(
        label=_("Pipeline"), choices=[("new", _("New business")), ("renewal", _("Renewals"))]
    )
    visibility = forms.ChoiceField(
        label=_("Who sees it"),
        choices=[("private", _("Only me")), ("shared", _("Everybody in the company"))],
        widget=forms.RadioSelect,
        initial="shared",
    )
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea)
    remind = forms.BooleanField(label=_("Remind me a day before"), required=False)
    opens = forms.BooleanField(
        label=_("Count opens"),
        required=False,
        help_text=_("Recipients may block this."),
        widget=forms.CheckboxInput(attrs={"role": "switch", "class": "switch"}),
    )


def _for_operators(request: HttpRequest) -> None:
    if not (settings.DEBUG or request.user.is_staff):
        raise Http404


@login_not_required
@require_GET
def styleguide(request: HttpRequest) -> HttpResponse:
    _for_operators(request)
    context = {
        "form": ExampleForm(),
        "faulty_form": ExampleForm({"name": "", "address": "ada@", "pipeline": "new"}),
        "hues": HUES,
        "now": timezone.now(),
        "page": Page(rows=[], next_cursor="example"),
        "names": ["Ada Byron", "Grace Hopper", "Linus Sebastian", "Katherine Johnson", "Zoë Ünal"],
        "toasts": [
            ("plain", _("Saved")),
            ("undo", _("With Undo")),
            ("error", _("Error")),
            ("failing", _("Server fails")),
        ],
        "kinds": ["neutral", "info", "success", "warning", "danger", "accent"],
    }
    return render(request, "common/styleguide.html", context)


@login_not_required
@require_GET
def styleguide_dialog(request: HttpRequest) -> HttpResponse:
    _for_operators(request)
    return render_dialog(
        request, "common/styleguide_dialog.html", {"form": ExampleForm(auto_id="dialog_%s")}
    )


@login_not_required
@require_POST
def styleguide_toast(request: HttpRequest, kind: str) -> HttpResponse:
    _for_operators(request)
    if kind not in (*Kind, "undo", "undone", "failing"):
        raise Http404
    if kind == "failing":
        return HttpResponse(status=503)
    texts = {
        "error": _("Could not archive: the mailbox is read-only."),
        "undo": _("Conversation archived."),
        "undone": _("Back in the inbox."),
    }
    return toast_answer(
        request,
        texts.get(kind, _("Saved.")),
        back_to="/styleguide/",
        kind=Kind(kind) if kind in list(Kind) else Kind.PLAIN,
        undo_url="/styleguide/toast/undone/" if kind == "undo" else "",
    )
