"""How views of records find them, and how they answer."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from common.partials import render_dialog
from crm.domain.merging import merged_into
from crm.domain.records import MODELS
from crm.enums import RecordKind


def record_or_404(request: HttpRequest, kind: RecordKind, pk: int) -> Any:
    """The record, when the user sees it. A record of others is as if it did not exist."""
    record = MODELS[kind].objects.visible_to(request.user).filter(pk=pk).first()
    if record is None:
        raise Http404
    return record


def moved_to(request: HttpRequest, kind: RecordKind, pk: int) -> str | None:
    """The page of the record that this one was merged into."""
    kept = merged_into(kind, pk)
    if kept is None:
        return None
    return str(record_or_404(request, kind, kept).get_absolute_url())


def safe_next(request: HttpRequest) -> str:
    """The address to go on to that came with the request; empty unless it is our own page."""
    url = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if allowed else ""


def go_to(request: HttpRequest, url: str) -> HttpResponse:
    """On to a page: by htmx's own header when it asks, else by 303."""
    if getattr(request, "htmx", False):
        return HttpResponse(headers={"HX-Redirect": url})
    return HttpResponseRedirect(url, status=303)


def back_to(request: HttpRequest, record: Any, *, tab: str = "") -> HttpResponse:
    """Back to where the act came from: the `next` of the form, else the record's page."""
    url = safe_next(request) or record.get_absolute_url() + (f"?tab={tab}" if tab else "")
    return go_to(request, url)


def list_url(kind: RecordKind) -> str:
    return reverse(f"crm:{'people' if kind == RecordKind.PERSON else f'{kind}s'}")


def page_above(name: str, *args: Any) -> str:
    """A page of the app above about records; empty when that app has none."""
    try:
        return reverse(name, args=[str(arg) for arg in args])
    except NoReverseMatch:
        return ""


def last_mail_url(kind: str, rows: Iterable[Any]) -> str:
    """Where the last mail of these rows is asked for; empty for rows that have none."""
    url = page_above("inbox:last_mail", kind) if kind in RecordKind.values else ""
    ids = [row.pk for row in rows]
    return f"{url}?{urlencode({'id': ids}, doseq=True)}" if url and ids else ""


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to. An empty POST is still one, and its form has errors."""
    return request.POST if request.method == "POST" else None


def small_form(
    request: HttpRequest,
    record: Any,
    form: Any,
    *,
    title: str,
    submit: str,
    note: str = "",
    outcome: str = "",
    status: int = 0,
) -> HttpResponse:
    """A page, or a dialog, with a few fields about one record. `note` warns above them;
    `outcome` says what will come of it, where that is more than the button's word tells."""
    context = {
        "note": note,
        "outcome": outcome,
        "form": form,
        "record": record,
        "title": title,
        "submit": submit,
        "action": request.get_full_path(),
        "next": request.POST.get("next") or request.GET.get("next") or "",
    }
    status = status or (422 if form.errors else 200)
    return render_dialog(request, "crm/small_form.html", context, status=status)


def for_good(request: HttpRequest, record: Any, *, title: str) -> HttpResponse:
    """Asks before something of the record goes that nothing brings back."""
    outcome = _("There is no way back.")
    return small_form(request, record, Form(), title=title, submit=_("Delete"), outcome=outcome)
