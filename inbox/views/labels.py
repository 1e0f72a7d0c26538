"""The company's labels for conversations."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inbox.enums import Act
from inbox.forms.acts import LabelForm
from inbox.models import Label
from mailsync.models import Thread


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def labels(request: HttpRequest) -> HttpResponse:
    """All labels, each with its form, and one for a new one.

    How many conversations carry a label is not shown: it would count other people's mail.
    """
    form = LabelForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Label added."))
        return _to_list()
    rows = [
        (label, LabelForm(instance=label, prefix=f"label-{label.pk}"))
        for label in Label.objects.all()
    ]
    context = {"form": form, "rows": rows}
    return render(request, "inbox/labels.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def label(request: HttpRequest, pk: int) -> HttpResponse:
    """Renames or recolours a label, for everybody."""
    found = get_object_or_404(Label, pk=pk)
    form = LabelForm(request.POST, instance=found, prefix=f"label-{pk}")
    if form.is_valid():
        form.save()
        messages.success(request, _("Label saved."))
        return _to_list()
    rows = [
        (other, form if other.pk == pk else LabelForm(instance=other, prefix=f"label-{other.pk}"))
        for other in Label.objects.all()
    ]
    context = {"form": LabelForm(), "rows": rows}
    return render(request, "inbox/labels.html", context, status=422)


@require_POST
@login_required
def label_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a label off everywhere. Only administrators: it is everybody's."""
    if not request.user.is_administrator:
        messages.error(
            request, _("Only administrators remove labels, because they are everybody's.")
        )
        return _to_list()
    get_object_or_404(Label, pk=pk).delete()
    messages.success(request, _("The label is removed, also from every conversation that bore it."))
    return _to_list()


@require_safe
@login_required
def choices(request: HttpRequest) -> HttpResponse:
    """The labels that can be put on what is ticked in a list."""
    if not request.htmx:
        return redirect("inbox:labels")
    add_url = reverse("inbox:threads_act", args=[Act.LABEL])
    context = {"labels": Label.objects.all(), "add_url": add_url}
    return render(request, "inbox/_label_choices.html", context)


@require_safe
@login_required
def choices_of(request: HttpRequest, pk: int) -> HttpResponse:
    """The labels of a conversation, and those that can be put on it."""
    own = Thread.objects.of_accounts_of(request.user).distinct()
    found = get_object_or_404(own, pk=pk)
    context = {
        "thread": found,
        "labels": Label.objects.all(),
        "on": Label.objects.filter(thread_rows__thread=found),
        "add_url": reverse("inbox:thread_act", args=[found.key, Act.LABEL]),
        "remove_url": reverse("inbox:thread_act", args=[found.key, Act.UNLABEL]),
    }
    name = "inbox/_label_choices.html" if request.htmx else "inbox/label_choices.html"
    return render(request, name, context)


def _to_list() -> HttpResponse:
    response = redirect("inbox:labels")
    response.status_code = 303
    return response
