"""The mail of a record: the pane that record pages ask for by its URL."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from common.opaque import unseal
from crm.domain.records import MODELS
from crm.enums import RecordKind
from inbox.domain.queries.lists import Cursor
from inbox.domain.queries.record_mail import Narrowed, RecordMail
from inbox.domain.queries.record_plans import plans_of


def visible_record(request: HttpRequest, kind: str, pk: int) -> Any:
    """The record, if this user may know of it; 404 otherwise."""
    if kind not in RecordKind.values:
        raise Http404
    return get_object_or_404(MODELS[RecordKind(kind)].objects.visible_to(request.user), pk=pk)


@require_safe
@login_required
def record_pane(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """The conversations of a record, or with `after` the next ones. Without htmx it leads to the
    record's page, where the pane stands."""
    record = visible_record(request, kind, pk)
    if not request.htmx:
        return redirect(f"{record.get_absolute_url()}?tab=email")
    mail = RecordMail(record, user=request.user)
    deals = mail.deals() if record.kind != RecordKind.DEAL else []
    narrowed = _narrowed(request, mail, deals)
    context = {
        "record": record,
        "kind": kind,
        "accounts": mail.accounts,
        "deals": deals,
        "narrowed": narrowed,
        "query": _query(request, narrowed),
        "page": mail.page(narrowed, after=Cursor.read(request.GET.get("after", ""))),
    }
    name = "inbox/_record_more.html" if "after" in request.GET else "inbox/_record_pane.html"
    return render(request, name, context)


def _narrowed(request: HttpRequest, mail: RecordMail, deals: list[Any]) -> Narrowed:
    """The filter; what is not among the choices is left out."""
    account_id = unseal("account", request.GET.get("account", ""))
    deal = request.GET.get("deal", "")
    return Narrowed(
        account_id=account_id if account_id in {one.pk for one in mail.accounts} else None,
        deal_id=next((one.pk for one in deals if str(one.pk) == deal), None),
    )


def _query(request: HttpRequest, narrowed: Narrowed) -> str:
    given = {"account": narrowed.account_id, "deal": narrowed.deal_id}
    return urlencode({name: request.GET[name] for name, value in given.items() if value})


@require_safe
@login_required
def record_thread(request: HttpRequest, kind: str, pk: int, thread_pk: int) -> HttpResponse:
    """One conversation of the pane, opened in its place, or with `fold` closed again."""
    record = visible_record(request, kind, pk)
    mail = RecordMail(record, user=request.user)
    entry = mail.entry(thread_pk)
    if entry is None:
        raise Http404
    if not request.htmx:
        return redirect("inbox:thread", pk=entry.key)
    context: dict[str, Any] = {"record": record, "kind": kind, "entry": entry}
    if "fold" not in request.GET:
        messages, left_out = mail.messages(thread_pk)
        context |= {"messages": messages, "left_out": left_out}
    return render(request, "inbox/_record_entry.html", context)


@require_safe
@login_required
def record_plans(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """What is planned for a record: with `tab=email` mail alone, else activities with it."""
    record = visible_record(request, kind, pk)
    tab = "email" if request.GET.get("tab") == "email" else "all"
    if not request.htmx:
        return redirect(f"{record.get_absolute_url()}?tab={tab}")
    context = {
        "record": record,
        "plans": plans_of(record, user=request.user, with_activities=tab == "all"),
        "today": timezone.localdate(),
    }
    return render(request, "inbox/_record_plans.html", context)
