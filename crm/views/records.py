"""Pages of one record of any kind: its details, adding, editing, the bin."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common.partials import render_dialog
from common.toasts import add_toast
from crm.domain.queries.details import DETAILS, shown_record
from crm.domain.queries.search import found_records
from crm.domain.queries.timeline import planned, timeline
from crm.domain.records import MODELS, bin_record, gone_on, restore_record
from crm.enums import ListKind, RecordKind
from crm.errors import ConflictError
from crm.forms.links import suggestion
from crm.views.access import (
    go_to,
    list_url,
    moved_to,
    page_above,
    posted,
    record_or_404,
    safe_next,
)
from crm.views.lists import section_of, target_of
from crm.views.saving import FORMS, initial_of, save_new, save_old
from sharing.rules import visible_records

# How long a new record offers to link earlier mail.
OFFERED_FOR = timedelta(days=7)
TABS: dict[str, tuple[str, ...]] = {
    "all": ("note", "activity", "file"),
    "activities": ("activity",),
    "notes": ("note",),
    "files": ("file",),
}
# Where the app above has these entries with those of mail between them.
MERGED = {"all": "inbox:record_timeline", "files": "inbox:record_files"}
# Tabs above which mail that waits for its time stands among what is planned.
PLANNING = ("all", "email")


@login_required
@require_GET
def record_page(request: HttpRequest, kind: RecordKind, pk: int) -> HttpResponse:
    record = shown_record(kind, pk, user=request.user)
    if record is None:
        moved = moved_to(request, kind, pk)
        return go_to(request, moved) if moved else _binned_page(request, kind, pk)
    mail_url = page_above("inbox:record_pane", kind, pk)
    tab = request.GET.get("tab", "all")
    if tab not in TABS and not (tab == "email" and mail_url):
        tab = "all"
    context: dict[str, Any] = {
        "record": record,
        "kind": kind,
        "tab": tab,
        "mail_url": mail_url,
        "earlier_url": earlier_url(record),
        "section": section_of(ListKind(kind)),
        "today": timezone.localdate(),
        "list_url": list_url(kind),
    }
    if tab != "email":
        before = moment(request.GET.get("before", ""))
        context["timeline"] = timeline(record, user=request.user, kinds=TABS[tab], before=before)
    if target_of(request) == "timeline-more":
        return render(request, "crm/record.html#entries", context)
    if tab in MERGED:
        context["mail_timeline_url"] = page_above(MERGED[tab], kind, pk)
    if tab in PLANNING:
        plans_url = page_above("inbox:record_plans", kind, pk)
        context["plans_url"] = f"{plans_url}?tab={tab}" if plans_url else ""
    context |= DETAILS[kind](record, user=request.user)
    to_do = planned(record, user=request.user)
    context |= {
        "planned": to_do,
        "tabs": tabs_of(record, has_mail=bool(mail_url), planned_count=len(to_do)),
        "labels": list(record.labels.all()),
        "compose_url": compose_url(record),
        "edited": request.GET.get("edited", ""),
        "in_pane": target_of(request) == "detail",
    }
    response = render(request, f"crm/{kind}.html", context)
    response["Vary"] = "HX-Request, HX-Target"
    return response


def _binned_page(request: HttpRequest, kind: RecordKind, pk: int) -> HttpResponse:
    """A record in the bin still says so to those who could see it, and offers it back."""
    record = binned_or_404(request, kind, pk)
    context = {
        "record": record,
        "kind": kind,
        "list_url": list_url(kind),
        "gone_on": gone_on(record.deleted_at),
    }
    return render(request, "crm/binned.html", context, status=410)


def binned_or_404(request: HttpRequest, kind: RecordKind, pk: int) -> Any:
    rows = MODELS[kind].objects.in_bin().filter(visible_records(request.user), pk=pk)
    record = rows.select_related("deleted_by").first()
    if record is None:
        raise Http404
    return record


def moment(text: str) -> Any:
    """The moment in a URL; None for anything else."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found and found.tzinfo else None


TAB_KEYS = ("tab-1", "tab-2", "tab-3", "tab-4", "tab-5")


def tabs_of(record: Any, *, has_mail: bool, planned_count: int) -> list[dict[str, Any]]:
    """The tabs with their addresses and how much is behind each: of activities what is to be
    done; how much mail there is, the apps above know."""
    tabs: list[tuple[str, Any, int | None]] = [("all", _("All"), None)]
    if has_mail:
        tabs.append(("email", _("Email"), None))
    tabs += [
        ("activities", _("Activities"), planned_count),
        ("notes", _("Notes"), record.note_count),
        ("files", _("Files"), None if has_mail else record.file_count),
    ]
    base = record.get_absolute_url()
    return [
        {
            "name": name,
            "text": text,
            "count": count or None,
            "url": f"{base}?tab={name}",
            "key": key,
        }
        for key, (name, text, count) in zip(TAB_KEYS, tabs, strict=False)
    ]


def compose_url(record: Any) -> str:
    url = page_above("inbox:compose")
    return f"{url}?{record.kind}={record.pk}" if url else ""


def earlier_url(record: Any) -> str:
    """Where a young deal, lead or project is offered earlier conversations with its people. Who
    has had it for a week has chosen."""
    is_young = timezone.now() - record.created_at < OFFERED_FOR
    return page_above("inbox:earlier_offer", record.kind, record.pk) if is_young else ""


@login_required
@require_http_methods(["GET", "POST"])
def record_new(request: HttpRequest, kind: RecordKind) -> HttpResponse:
    form_class = FORMS[kind]
    if request.method == "POST":
        form = form_class(request.POST, user=request.user)
        if form.is_valid() and not form.known():
            record = save_new(kind, form, by=request.user)
            messages.success(request, _("“%(name)s” was added.") % {"name": record})
            return go_to(request, safe_next(request) or record.get_absolute_url())
        return _form_page(request, kind, form, status=422)
    form = form_class(user=request.user, initial=initial_of(kind, request))
    return _form_page(request, kind, form)


@login_required
@require_http_methods(["GET", "POST"])
def record_edit(request: HttpRequest, kind: RecordKind, pk: int) -> HttpResponse:
    """The whole form, or with `only` the few fields of one fact, in place on the record's page."""
    record = record_or_404(request, kind, pk)
    form_class = FORMS[kind]
    only = request.GET.get("only", "")
    form = form_class(posted(request), user=request.user, record=record, only=only)
    if request.method == "GET":
        return _form_page(request, kind, form, record=record)
    if not form.is_valid():
        return _form_page(request, kind, form, record=record, status=422)
    try:
        save_old(kind, form, record)
    except ConflictError:
        return _conflict(request, kind, pk, only=only)
    if only:
        # The form asks for the page itself and takes the part of it that it stands in.
        url = f"{record.get_absolute_url()}?edited={quote(only)}"
        return HttpResponseRedirect(url, status=303)
    return go_to(request, safe_next(request) or record.get_absolute_url())


def _conflict(request: HttpRequest, kind: RecordKind, pk: int, *, only: str) -> HttpResponse:
    """A colleague was quicker: the same form beside what the record has now. Sent again it
    stands over that, unless yet another change has come between."""
    record = record_or_404(request, kind, pk)
    data = request.POST.copy()
    data["version"] = str(record.version)
    form = FORMS[kind](data, user=request.user, record=record, only=only)
    form.full_clean()
    return _form_page(request, kind, form, record=record, status=409)


def _form_page(
    request: HttpRequest, kind: RecordKind, form: Any, *, record: Any = None, status: int = 200
) -> HttpResponse:
    context = {
        "is_conflict": status == 409,
        "form": form,
        "record": record,
        "kind": kind,
        "next": safe_next(request),
        "cancel_url": safe_next(request)
        or (record.get_absolute_url() if record else list_url(kind)),
        "action": request.get_full_path(),
        "section": section_of(ListKind(kind)),
    }
    # A lead stands beside its list, so a change of it leaves the list as it is.
    whole = "detail" if kind == RecordKind.LEAD else "main"
    if form.only and target_of(request) in (f"fact-{form.only}", whole):
        context |= {
            "whole": whole,
            "only": form.only,
            "back_url": f"{context['cancel_url']}?edited={form.only}",
        }
        return render(request, "crm/inline_form.html", context, status=status)
    return render_dialog(request, "crm/record_form.html", context, status=status)


@login_required
@require_POST
def record_delete(request: HttpRequest, kind: RecordKind, pk: int) -> HttpResponse:
    record = record_or_404(request, kind, pk)
    bin_record(record, by=request.user)
    text = _("“%(name)s” is in the bin and can be restored for 30 days.") % {"name": record}
    undo = reverse(f"crm:{kind}_restore", args=[pk])
    return add_toast(request, go_to(request, list_url(kind)), text, undo_url=undo)


@login_required
@require_POST
def record_restore(request: HttpRequest, kind: RecordKind, pk: int) -> HttpResponse:
    record = binned_or_404(request, kind, pk)
    restore_record(record)
    text = _("“%(name)s” is back.") % {"name": record}
    return add_toast(request, go_to(request, record.get_absolute_url()), text)


@login_required
@require_GET
def record_suggest(request: HttpRequest, kind: RecordKind) -> HttpResponse:
    """Options of a datalist: records of this kind whose words begin as typed."""
    typed_into = request.GET.get("field", "q")
    text = request.GET.get(typed_into, "")[:200]
    found = found_records(request.user, text, kind=kind, limit=8)
    options = [suggestion(record) for record in found]
    return render(request, "crm/_suggestions.html", {"options": options})


@login_required
@require_GET
def bin_page(request: HttpRequest) -> HttpResponse:
    """What is in the bin, newest first, of every kind."""
    groups = [
        (
            model._meta.verbose_name_plural,
            kind,
            list(
                model.objects.in_bin()
                .filter(visible_records(request.user))
                .select_related("deleted_by")
                .order_by("-deleted_at")[:50]
            ),
        )
        for kind, model in MODELS.items()
    ]
    groups = [group for group in groups if group[2]]
    return render(request, "crm/bin.html", {"groups": groups})
