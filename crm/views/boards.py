"""The boards of deals and projects: ways (pipelines, boards) with steps (stages, phases)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from common.numbers import number_in
from crm.domain.queries.boards import (
    CARDS,
    deal_cards,
    deal_columns,
    further_cards,
    project_cards,
    project_columns,
)
from crm.domain.queries.details import seen
from crm.forms.filters import DealCardFilter, ProjectCardFilter
from crm.models import Board, Deal, Phase, Pipeline, Project, Stage
from crm.views.access import last_mail_url
from crm.views.lists import chips, query_without, target_of

PARTIALS = {"board": "crm/board.html#board"}


@dataclass(frozen=True)
class BoardSpec:
    """What a board is made of. `noun` is in the names of its URLs and in its template."""

    noun: str
    section: str
    way: Any
    step: Any
    model: Any
    filter: Any
    columns: Callable[..., list[Any]]
    cards: Callable[..., list[Any]]

    def rows(self, request: HttpRequest) -> tuple[Any, Any]:
        """The open cards that the user sees and has filtered, with the form of the filter."""
        form = self.filter(request.GET, user=request.user)
        return form.apply(self.model.objects.visible_to(request.user).open()), form


SPECS = {
    spec.noun: spec
    for spec in (
        BoardSpec(
            noun="deal",
            section="deals",
            way=Pipeline,
            step=Stage,
            model=Deal,
            filter=DealCardFilter,
            columns=deal_columns,
            cards=deal_cards,
        ),
        BoardSpec(
            noun="project",
            section="projects",
            way=Board,
            step=Phase,
            model=Project,
            filter=ProjectCardFilter,
            columns=project_columns,
            cards=project_cards,
        ),
    )
}


@login_required
@require_GET
def home(_request: HttpRequest, noun: str) -> HttpResponse:
    """The first board; the list when there is none yet."""
    spec = SPECS[noun]
    way = spec.way.objects.filter(archived_at__isnull=True).first()
    if way is None:
        return redirect(f"crm:{spec.section}")
    return redirect(f"crm:{noun}_board", pk=way.pk)


@login_required
@require_GET
def board(request: HttpRequest, noun: str, pk: int) -> HttpResponse:
    spec = SPECS[noun]
    ways = list(spec.way.objects.filter(archived_at__isnull=True))
    way = next((row for row in ways if row.pk == pk), None)
    if way is None:
        raise Http404
    rows, form = spec.rows(request)
    columns = spec.columns(rows, way, user=request.user)
    context = {
        "board": way,
        "boards": ways,
        "columns": columns,
        "board_mail_url": last_mail_url(noun, [card for one in columns for card in one.cards]),
        "noun": noun,
        "section": spec.section,
        "form": form,
        "chips": chips(request, form),
        "today": timezone.localdate(),
        "query": query_without(request),
        "here": quote(request.get_full_path()),
    }
    template = PARTIALS.get(target_of(request), "crm/board.html")
    response = render(request, template, context)
    response["Vary"] = "HX-Request, HX-Target"
    return response


@login_required
@require_GET
def column(request: HttpRequest, noun: str, pk: int) -> HttpResponse:
    """The next cards of a stage or phase, behind the card named by `after`."""
    spec = SPECS[noun]
    step = get_object_or_404(spec.step, pk=pk)
    after = seen(spec.model, number_in(request.GET.get("after", "")), user=request.user)
    if after is None:
        raise Http404
    rows, _form = spec.rows(request)
    cards = spec.cards(further_cards(rows, stage=step, after=after), user=request.user)
    way_id = step.pipeline_id if isinstance(step, Stage) else step.board_id
    board_url = reverse(f"crm:{noun}_board", args=[way_id])
    query = query_without(request, "after")
    context = {
        "cards": cards,
        "last_mail_url": last_mail_url(noun, cards),
        "stage": step,
        "noun": noun,
        "more_after": cards[-1].pk if len(cards) == CARDS else None,
        "today": timezone.localdate(),
        "query": query,
        "here": quote(f"{board_url}?{query}" if query else board_url),
    }
    return render(request, "crm/_cards.html", context)
