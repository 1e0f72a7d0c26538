"""What a list needs beside its rows: how many match, what is new, acts that take their time."""

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from common.opaque import unseal
from common.partials import render_dialog
from inbox.domain.queries.lists import Cursor, accounts_of, box_threads, members_of, newer_than
from inbox.enums import Act, Box
from inbox.forms.acts import FolderChoiceForm, snooze_presets
from inbox.forms.filters import FilterForm
from inbox.models import BulkJob, Label
from inbox.views.acts import answer_of_job, choice_of
from mailsync.models import Thread


@require_safe
@login_required
def number(request: HttpRequest, box: Box) -> HttpResponse:
    """How many conversations "all that match" are: asked when a whole page is ticked."""
    threads, _form = _matching(request, box)
    return render(request, "inbox/_all_matching.html", {"number": threads.count(), "box": box})


@require_safe
@login_required
def fresh(request: HttpRequest, box: Box) -> HttpResponse:
    """The pill over a list that is being read: how many conversations came since its first row."""
    threads, form = _matching(request, box)
    since = Cursor.read(request.GET.get("since", ""))
    context = {
        "number": newer_than(threads, since) if since else 0,
        "box": box,
        "next_query": form.query(),
        "first_cursor": request.GET.get("since", ""),
    }
    return render(request, "inbox/_new_pill.html", context)


def _matching(request: HttpRequest, box: Box) -> tuple[QuerySet[Thread], FilterForm]:
    accounts = accounts_of(request.user)
    form = FilterForm(
        request.GET,
        accounts=accounts,
        labels=list(Label.objects.all()),
        members=members_of(accounts),
    )
    return box_threads(request.user, box=box, wanted=form.wanted, accounts=accounts), form


@require_safe
@login_required
def job(request: HttpRequest, pk: int) -> HttpResponse:
    """How far an act on many is; at its end what became of it, with the way back."""
    found = get_object_or_404(BulkJob.objects.select_related("undo"), pk=pk, user=request.user)
    return answer_of_job(request, found)


@require_safe
@login_required
def folder(request: HttpRequest) -> HttpResponse:
    """The folders to which the conversations that are ticked, or the open one, can be moved."""
    keys = [key for key in request.GET.getlist("thread") if unseal("thread", key) is not None]
    accounts = accounts_of(request.user)
    if request.GET.get("scope") != "all":
        threads = Thread.objects.of_accounts_of(request.user)
        named = threads.filter(pk__in=[unseal("thread", key) for key in keys[:1000]])
        own = set(named.values_list("account", flat=True))
        accounts = [account for account in accounts if account.pk in own]
    context = {
        "keys": keys,
        "kept": choice_of(request.GET),
        "form": FolderChoiceForm(accounts=accounts),
    }
    return render_dialog(request, "inbox/folder.html", context)


@require_safe
@login_required
def snooze(request: HttpRequest) -> HttpResponse:
    """A moment of one's own for the conversations that are ticked, or for the open one."""
    keys = [key for key in request.GET.getlist("thread") if unseal("thread", key) is not None]
    context = {
        "keys": keys,
        "kept": choice_of(request.GET),
        "presets": snooze_presets(timezone.now(), timezone.get_current_timezone()),
        "earliest": timezone.localtime(),
        "act": Act.SNOOZE,
    }
    return render_dialog(request, "inbox/snooze.html", context)
