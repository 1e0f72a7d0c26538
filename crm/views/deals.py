"""Acts on deals: won, lost, opened again, moved, participants, back to the leads."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from common.toasts import add_toast
from crm.domain import deals
from crm.domain.leads import turn_deal_into_lead
from crm.enums import RecordKind
from crm.errors import CRMError
from crm.forms.attached import LostForm, MoveDealForm, NamedRecordForm
from crm.models import Deal, Person
from crm.views.access import back_to, go_to, record_or_404, small_form
from crm.views.moving import move_card


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
def deal_move(request: HttpRequest, pk: int) -> HttpResponse:
    return move_card(
        request,
        deal_or_404(request, pk),
        form_class=MoveDealForm,
        step="stage",
        move=deals.move_deal,
    )


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
    text = _("“%(name)s” is a lead now.") % {"name": lead}
    return add_toast(request, go_to(request, lead.get_absolute_url()), text)
