"""The boards of deals and projects."""

from typing import Any
from urllib.parse import quote

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from crm.domain.queries.boards import (
    CARDS,
    deal_cards,
    deal_columns,
    further_cards,
    project_cards,
    project_columns,
)
from crm.domain.queries.details import seen
from crm.forms.filters import DealFilter, ProjectFilter
from crm.models import Board, Deal, Phase, Pipeline, Project, Stage
from crm.views.lists import chips, query_without, target_of

PARTIALS = {"board": "crm/board.html#board"}


@login_required
@require_GET
def deals_home(_request: HttpRequest) -> HttpResponse:
    """The first pipeline's board; the list when there is no pipeline yet."""
    pipeline = Pipeline.objects.filter(archived_at__isnull=True).first()
    if pipeline is None:
        return redirect("crm:deals")
    return redirect("crm:deal_board", pk=pipeline.pk)


@login_required
@require_GET
def deal_board(request: HttpRequest, pk: int) -> HttpResponse:
    pipelines = list(Pipeline.objects.filter(archived_at__isnull=True))
    pipeline = next((row for row in pipelines if row.pk == pk), None)
    if pipeline is None:
        raise Http404
    form = DealFilter(request.GET, user=request.user)
    rows = form.apply(Deal.objects.visible_to(request.user).open())
    context = {
        "board": pipeline,
        "boards": pipelines,
        "columns": deal_columns(rows, pipeline=pipeline, user=request.user),
        "noun": "deal",
        "section": "deals",
    }
    return _render(request, form, context)


@login_required
@require_GET
def projects_home(_request: HttpRequest) -> HttpResponse:
    board = Board.objects.filter(archived_at__isnull=True).first()
    if board is None:
        return redirect("crm:projects")
    return redirect("crm:project_board", pk=board.pk)


@login_required
@require_GET
def project_board(request: HttpRequest, pk: int) -> HttpResponse:
    boards = list(Board.objects.filter(archived_at__isnull=True))
    board = next((row for row in boards if row.pk == pk), None)
    if board is None:
        raise Http404
    form = ProjectFilter(request.GET, user=request.user)
    rows = form.apply(Project.objects.visible_to(request.user).open())
    context = {
        "board": board,
        "boards": boards,
        "columns": project_columns(rows, board=board, user=request.user),
        "noun": "project",
        "section": "projects",
    }
    return _render(request, form, context)


def _render(request: HttpRequest, form: Any, context: dict[str, Any]) -> HttpResponse:
    context |= {
        "form": form,
        "chips": chips(request, form),
        "today": timezone.localdate(),
        "query": query_without(request),
        "here": quote(request.path),
    }
    template = PARTIALS.get(target_of(request), "crm/board.html")
    response = render(request, template, context)
    response["Vary"] = "HX-Request, HX-Target"
    return response


@login_required
@require_GET
def deal_column(request: HttpRequest, pk: int) -> HttpResponse:
    """The next cards of a stage, behind the card named by `after`."""
    stage = get_object_or_404(Stage, pk=pk)
    after = _after_or_404(request, Deal)
    rows = DealFilter(request.GET, user=request.user).apply(
        Deal.objects.visible_to(request.user).open()
    )
    cards = deal_cards(further_cards(rows, stage=stage, after=after), user=request.user)
    here = reverse("crm:deal_board", args=[stage.pipeline_id])
    return _more(request, cards, stage=stage, noun="deal", here=here)


@login_required
@require_GET
def project_column(request: HttpRequest, pk: int) -> HttpResponse:
    phase = get_object_or_404(Phase, pk=pk)
    after = _after_or_404(request, Project)
    rows = ProjectFilter(request.GET, user=request.user).apply(
        Project.objects.visible_to(request.user).open()
    )
    cards = project_cards(further_cards(rows, stage=phase, after=after), user=request.user)
    here = reverse("crm:project_board", args=[phase.board_id])
    return _more(request, cards, stage=phase, noun="project", here=here)


def _after_or_404(request: HttpRequest, model: Any) -> Any:
    key = request.GET.get("after", "")
    after = seen(model, int(key), user=request.user) if key.isdecimal() else None
    if after is None:
        raise Http404
    return after


def _more(
    request: HttpRequest, cards: list[Any], *, stage: Any, noun: str, here: str
) -> HttpResponse:
    context = {
        "cards": cards,
        "stage": stage,
        "noun": noun,
        "more_after": cards[-1].pk if len(cards) == CARDS else None,
        "today": timezone.localdate(),
        "query": query_without(request, "after"),
        "here": quote(here),
    }
    return render(request, "crm/_cards.html", context)
