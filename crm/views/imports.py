"""CSV in and out."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from crm.domain import import_columns, importing
from crm.domain.exporting import csv_pieces, csv_writer, guarded
from crm.domain.queries.lists import SPECS
from crm.enums import ImportState, ListKind, RecordKind
from crm.errors import CRMError
from crm.forms.imports import MappingForm, UploadForm
from crm.models import RecordImport
from crm.views.access import go_to, list_url, posted
from crm.views.bulk import is_wider
from crm.views.lists import FILTERS, section_of


@login_required
@require_http_methods(["GET", "POST"])
def import_new(request: HttpRequest, kind: RecordKind) -> HttpResponse:
    data = posted(request)
    form = UploadForm(data, request.FILES if data is not None else None)
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            if upload.size > importing.MAX_BYTES:
                importing.read_file(b" " * (importing.MAX_BYTES + 1), kind=kind, by=request.user)
            record_import = importing.read_file(upload.read(), kind=kind, by=request.user)
        except CRMError as error:
            form.add_error("file", str(error))
        else:
            return go_to(request, reverse("crm:import", args=[record_import.pk]))
    context = {
        "form": form,
        "kind": kind,
        "spec": SPECS[ListKind(kind)],
        "fields": import_columns.FIELDS[kind].values(),
        "section": section_of(ListKind(kind)),
        "list_url": list_url(kind),
    }
    return render(request, "crm/import_new.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def import_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Choosing columns, then progress, then the outcome."""
    record_import = get_object_or_404(RecordImport, pk=pk, created_by=request.user)
    kind = RecordKind(record_import.kind)
    context: dict[str, Any] = {
        "record_import": record_import,
        "kind": kind,
        "section": section_of(ListKind(kind)),
        "list_url": list_url(kind),
        "running": record_import.state == ImportState.RUNNING,
    }
    if record_import.state != ImportState.MAPPING:
        return render(request, "crm/import.html", context)
    shown = importing.preview(record_import)
    data = request.POST if request.method == "POST" else None
    form = MappingForm(data, record_import=record_import, headings=shown["headings"])
    if data is not None and form.is_valid():
        record_import.mapping = form.cleaned_data["mapping"]
        record_import.duplicates = form.cleaned_data["duplicates"]
        importing.start_import(record_import)
        return go_to(request, reverse("crm:import", args=[record_import.pk]))
    columns = [form[f"column_{number}"] for number in range(form.columns)]
    context |= {"form": form, "columns": columns, "preview": shown}
    return render(request, "crm/import.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def import_refused(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows that were not taken, each with its reason, ready to be mended."""
    record_import = get_object_or_404(RecordImport, pk=pk, created_by=request.user)
    if not record_import.refused_rows:
        raise Http404
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="not-imported.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    response.write("\ufeff")
    writer = csv_writer(response)
    for line, reason, cells in record_import.refused_rows:
        writer.writerow([line, guarded(reason), *(guarded(cell) for cell in cells)])
    return response


@login_required
@require_GET
def list_export(request: HttpRequest, kind: ListKind) -> HttpResponseBase:
    """The filtered list as CSV: what this user sees and nothing else."""
    spec = SPECS[kind]
    if is_wider(request, kind):
        return redirect(spec.url_name)
    rows = FILTERS[kind](request.GET, user=request.user).apply(
        spec.model.objects.visible_to(request.user)
    )
    pieces = csv_pieces(spec, rows, user=request.user)
    response = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    day = timezone.localdate().isoformat()
    response["Content-Disposition"] = f'attachment; filename="{kind}-{day}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
