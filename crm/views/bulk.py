"""Acts on many rows: the ticked ones, or all that the filter in the URL matches."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from common.toasts import Kind
from crm.domain import bulk
from crm.domain.queries.lists import SPECS
from crm.enums import BulkAct, ListKind
from crm.forms.bulk import BulkForm, SelectionForm
from crm.models import RecordJob
from crm.views.access import go_to
from crm.views.lists import FILTERS


@login_required
@require_POST
def bulk_act(request: HttpRequest, kind: ListKind, act: BulkAct) -> HttpResponse:
    if request.POST.get("scope") == "filter" and is_wider(request, kind):
        return go_to(request, reverse(SPECS[kind].url_name))
    form = BulkForm(request.POST, kind=kind, act=act)
    ids = _chosen(request, kind) if form.is_valid() else []
    if not ids:
        messages.error(request, _("Choose what to change first."))
        return _back(request, kind)
    value = form.value()
    if len(ids) > bulk.AT_ONCE:
        job = bulk.begin(kind, act, ids, value=value, by=request.user)
        return _begun(request, job)
    changed = bulk.apply(kind, act, ids, value=value, by=request.user)
    messages.success(request, sentence(kind, act, changed, of=len(ids)))
    return _back(request, kind)


def is_wider(request: HttpRequest, kind: ListKind) -> bool:
    """Whether the URL's filter would match more than it says; then the user is told, and nothing
    is done with what it matches."""
    found: bool = FILTERS[kind](request.GET, user=request.user).is_wider()
    if found:
        text = _("Something that the list was filtered by is gone. Nothing was done.")
        messages.error(request, text)
    return found


def _chosen(request: HttpRequest, kind: ListKind) -> list[int]:
    """The keys of the chosen rows, all of them visible to the user."""
    visible = SPECS[kind].model.objects.visible_to(request.user)
    filtered = FILTERS[kind](request.GET, user=request.user).apply(visible)
    return SelectionForm(request.POST, filtered=filtered, visible=visible).ids()


def _back(request: HttpRequest, kind: ListKind) -> HttpResponse:
    query = request.GET.urlencode()
    return go_to(request, reverse(SPECS[kind].url_name) + (f"?{query}" if query else ""))


def sentence(kind: ListKind, act: BulkAct, changed: int, *, of: int) -> str:
    """What has become of an act on `of` rows."""
    texts = {
        BulkAct.OWNER: ngettext(
            "%(n)s record has a new owner.", "%(n)s records have a new owner.", changed
        ),
        BulkAct.LABEL: ngettext("%(n)s record labelled.", "%(n)s records labelled.", changed),
        BulkAct.VISIBILITY: ngettext(
            "Visibility of %(n)s record changed.", "Visibility of %(n)s records changed.", changed
        ),
        BulkAct.ASSIGN: ngettext("%(n)s activity assigned.", "%(n)s activities assigned.", changed),
        BulkAct.DUE: ngettext("%(n)s activity moved.", "%(n)s activities moved.", changed),
        BulkAct.DONE: ngettext("%(n)s activity done.", "%(n)s activities done.", changed),
        BulkAct.DELETE: ngettext("%(n)s activity deleted.", "%(n)s activities deleted.", changed)
        if kind == ListKind.ACTIVITY
        else ngettext(
            "%(n)s record is in the bin for 30 days.",
            "%(n)s records are in the bin for 30 days.",
            changed,
        ),
    }
    text = texts[act] % {"n": changed}
    if act == BulkAct.VISIBILITY and changed < of:
        text += " " + _("Only owners, their managers and administrators change who sees a record.")
    return text


def _begun(request: HttpRequest, job: RecordJob) -> HttpResponse:
    """With htmx a toast that follows the job, and the list stays; without, the job's page."""
    if not request.htmx:  # type: ignore[attr-defined]
        return go_to(request, reverse("crm:record_job", args=[job.pk]))
    return render(request, "crm/job.html#begun", _context(job))


@login_required
@require_safe
def record_job(request: HttpRequest, pk: int) -> HttpResponse:
    """How far an act on many is; at its end what became of it."""
    job = get_object_or_404(RecordJob, pk=pk, user=request.user)
    context = _context(job)
    if not request.htmx:  # type: ignore[attr-defined]
        return render(request, "crm/job.html", context)
    if not job.finished_at:
        return render(request, "crm/job.html#toast", context)
    response = render(request, "ui/_toast.html", {"text": context["text"], "kind": Kind.PLAIN})
    response["HX-Trigger"] = "records-changed"
    return response


def _context(job: RecordJob) -> dict[str, Any]:
    return {
        "job": job,
        "act": BulkAct(job.act),
        "list_url": reverse(SPECS[ListKind(job.kind)].url_name),
        "text": sentence(ListKind(job.kind), BulkAct(job.act), job.changed_number, of=job.number)
        if job.finished_at
        else "",
    }
