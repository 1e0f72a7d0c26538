"""The card of a person for other pages, and making one of two."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from crm.domain.merging import merge_organizations, merge_persons
from crm.domain.queries.cards import person_card
from crm.enums import RecordKind
from crm.errors import NotPossibleError
from crm.forms.attached import NamedRecordForm
from crm.rules import can_merge
from crm.views.access import go_to, record_or_404, small_form


@login_required
@require_GET
def person_card_page(request: HttpRequest, pk: int) -> HttpResponse:
    person = record_or_404(request, RecordKind.PERSON, pk)
    return render(
        request, "crm/_person_card.html", {"card": person_card(person, user=request.user)}
    )


@login_required
@require_http_methods(["GET", "POST"])
def person_merge(request: HttpRequest, pk: int) -> HttpResponse:
    return _merge(request, RecordKind.PERSON, pk, merge_persons)


@login_required
@require_http_methods(["GET", "POST"])
def organization_merge(request: HttpRequest, pk: int) -> HttpResponse:
    return _merge(request, RecordKind.ORGANIZATION, pk, merge_organizations)


def _merge(request: HttpRequest, kind: RecordKind, pk: int, merge: Any) -> HttpResponse:
    kept = record_or_404(request, kind, pk)
    data = request.POST if request.method == "POST" else None
    form = NamedRecordForm(data, kind=kind, user=request.user)
    if data is not None and form.is_valid():
        gone = form.cleaned_data["record"]
        name = str(gone)
        try:
            _refuse_what_is_others(request.user, kept, gone)
            merge(kept, gone=gone)
        except NotPossibleError as error:
            form.add_error("record", str(error))
        else:
            messages.success(
                request,
                _("“%(gone)s” is part of “%(kept)s” now.") % {"gone": name, "kept": kept},
            )
            return go_to(request, kept.get_absolute_url())
    return small_form(
        request,
        kept,
        form,
        title=_("Merge another one into “%(name)s”") % {"name": kept},
        submit=_("Merge"),
        outcome=_(
            "Everything of the other one moves here: conversations, deals, activities, notes,"
            " files and labels. Fields that are empty here are filled from there. This cannot be"
            " undone."
        ),
    )


def _refuse_what_is_others(user: Any, kept: Any, gone: Any) -> None:
    if not can_merge(user, kept, gone):
        raise NotPossibleError(
            _(
                "Other people see “%(gone)s”. Only its owner, their managers and administrators"
                " change who sees it."
            )
            % {"gone": gone}
        )
