"""Acts on deals: won, lost, opened again, moved, participants, back to the leads."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from common.partials import render_dialog
from crm.domain import deals
from crm.domain.leads import turn_deal_into_lead
from crm.domain.queries.details import seen
from crm.enums import RecordKind
from crm.errors import ConflictError, CRMError
from crm.forms.attached import LostForm, MoveDealForm, NamedRecordForm
from crm.models import Deal, Person
from crm.views.access import back_to, go_to, record_or_404


def deal_or_404(request: HttpRequest, pk: int) -> Deal:
    return record_or_404(request, RecordKind.DEAL, pk)


@login_required
@require_POST
def deal_win(request: HttpRequest, pk: int) -> HttpResponse:
    deal = deal_or_404(request, pk)
    return _act(request, deal, deals.win_deal, text=_("“%(name)s” is won."))


@login_required
@require_http_methods(["GET", "POST"])
def deal_lose(request: HttpRequest, pk: int) -> HttpResponse:
    deal = deal_or_404(request, pk)
    form = LostForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        return _act(
            request,
            deal,
            lambda row: deals.lose_deal(row, reason=reason),
            text=_("“%(name)s” is lost."),
        )
    return small_form(request, deal, form, title=_("Mark as lost"), submit=_("Mark as lost"))


@login_required
@require_POST
def deal_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    deal = deal_or_404(request, pk)
    return _act(request, deal, deals.reopen_deal, text=_("“%(name)s” is open again."))


def _act(request: HttpRequest, deal: Deal, act: Any, *, text: str) -> HttpResponse:
    try:
        act(deal)
    except CRMError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, text % {"name": deal})
    return back_to(request, deal)


@login_required
@require_http_methods(["GET", "POST"])
def deal_move(  # noqa: PLR0911 -- a drag and a form are answered apart
    request: HttpRequest, pk: int
) -> HttpResponse:
    """To a stage. A drag answers 200 or 409 and nothing else; a form goes back to its page."""
    deal = deal_or_404(request, pk)
    if request.method == "GET":
        form = MoveDealForm(initial={"stage": deal.stage_id, "version": deal.version})
        return small_form(request, deal, form, title=_("Move to…"), submit=_("Move"))
    form = MoveDealForm(request.POST)
    dragged = request.headers.get("X-Board") == "drag"
    if not form.is_valid():
        if dragged:
            return HttpResponse(status=422)
        return small_form(request, deal, form, title=_("Move to…"), submit=_("Move"))
    values = form.cleaned_data
    # A neighbour that the user does not see is no neighbour to put a card before.
    before = seen(Deal, values["before"], user=request.user) if values["before"] else None
    try:
        deals.move_deal(
            deal,
            stage=values["stage"],
            before=before.pk if before else None,
            version=values["version"],
        )
    except ConflictError as error:
        if dragged:
            return HttpResponse(status=409, headers={"X-Error-Text": _("Changed meanwhile")})
        messages.error(request, str(error))
        return small_form(request, deal, form, title=_("Move to…"), submit=_("Move"), status=409)
    if dragged:
        return HttpResponse(status=204, headers={"X-Version": str(deal.version)})
    return back_to(request, deal)


def small_form(
    request: HttpRequest, record: Any, form: Any, *, title: str, submit: str, status: int = 0
) -> HttpResponse:
    """A page, or a dialog, with a few fields about one record."""
    context = {
        "form": form,
        "record": record,
        "title": title,
        "submit": submit,
        "action": request.get_full_path(),
        "next": request.POST.get("next") or request.GET.get("next") or "",
    }
    status = status or (422 if form.errors else 200)
    return render_dialog(request, "crm/small_form.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def participant_add(request: HttpRequest, pk: int) -> HttpResponse:
    deal = deal_or_404(request, pk)
    data = request.POST if request.method == "POST" else None
    form = NamedRecordForm(data, kind=RecordKind.PERSON, user=request.user)
    if data is not None and form.is_valid():
        deals.add_participant(deal, person=form.cleaned_data["record"])
        return back_to(request, deal)
    return small_form(request, deal, form, title=_("Add a participant"), submit=_("Add"))


@login_required
@require_POST
def participant_remove(request: HttpRequest, pk: int, person_pk: int) -> HttpResponse:
    deal = deal_or_404(request, pk)
    person: Person = record_or_404(request, RecordKind.PERSON, person_pk)
    deals.remove_participant(deal, person_id=person.pk)
    return back_to(request, deal)


@login_required
@require_POST
def deal_to_lead(request: HttpRequest, pk: int) -> HttpResponse:
    deal = deal_or_404(request, pk)
    try:
        lead = turn_deal_into_lead(deal, by=request.user)
    except CRMError as error:
        messages.error(request, str(error))
        return back_to(request, deal)
    return go_to(request, lead.get_absolute_url())
