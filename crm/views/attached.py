"""Notes, files and activities on records."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.domain import activities, files
from crm.enums import RecordKind
from crm.errors import CRMError
from crm.forms.attached import ActivityForm, FileForm, NoteForm
from crm.models import Note, RecordFile
from crm.views.access import back_to, for_good, posted, record_or_404, small_form
from crm.views.lists import target_of

DOWNLOAD_POLICY = "default-src 'none'; sandbox"


@login_required
@require_http_methods(["GET", "POST"])
def note_add(request: HttpRequest, kind: RecordKind, pk: int) -> HttpResponse:
    record = record_or_404(request, kind, pk)
    form = NoteForm(posted(request))
    if request.method == "POST" and form.is_valid():
        activities.add_note(record, by=request.user, text=form.cleaned_data["text"])
        return back_to(request, record)
    return _form_page(request, record, form, submit=_("Save note"))


@login_required
@require_http_methods(["GET", "POST"])
def activity_add(request: HttpRequest, kind: RecordKind, pk: int) -> HttpResponse:
    record = record_or_404(request, kind, pk)
    form = ActivityForm(posted(request), user=request.user)
    if request.method == "POST" and form.is_valid():
        activities.add_activity(by=request.user, **form.cleaned_data, **{str(kind): record})
        return back_to(request, record)
    return _form_page(request, record, form, submit=_("Plan it"))


@login_required
@require_http_methods(["GET", "POST"])
def file_add(request: HttpRequest, kind: RecordKind, pk: int) -> HttpResponse:
    record = record_or_404(request, kind, pk)
    data = posted(request)
    form = FileForm(data, request.FILES if data is not None else None)
    if request.method == "POST" and form.is_valid():
        try:
            files.add_file(record, by=request.user, upload=form.cleaned_data["file"])
        except CRMError as error:
            form.add_error("file", str(error))
        else:
            return back_to(request, record, tab="files")
    return _form_page(request, record, form, submit=_("Upload"))


def _form_page(request: HttpRequest, record: Any, form: Any, *, submit: str) -> HttpResponse:
    """The form as a page, or as the piece that the composer on the record's page holds."""
    context = {
        "form": form,
        "record": record,
        "submit": submit,
        "action": request.get_full_path(),
    }
    template = "crm/attached_form.html"
    if target_of(request) == "composer-form":
        template += "#composer_form"
    response = render(request, template, context, status=422 if form.errors else 200)
    response["Vary"] = "HX-Request, HX-Target"
    return response


def attached_or_404(request: HttpRequest, model: Any, pk: int) -> Any:
    found = model.objects.visible_to(request.user).filter(pk=pk).first()
    # Hanging on a record in the bin it is as gone as the record.
    if found is None or found.record.deleted_at is not None:
        raise Http404
    return found


@login_required
@require_http_methods(["GET", "POST"])
def note_edit(request: HttpRequest, pk: int) -> HttpResponse:
    note = attached_or_404(request, Note, pk)
    form = NoteForm(posted(request), initial={"text": note.text})
    if request.method == "POST" and form.is_valid():
        activities.change_note(note, text=form.cleaned_data["text"])
        return back_to(request, note.record)
    return small_form(request, note.record, form, title=_("Edit the note"), submit=_("Save"))


@login_required
@require_http_methods(["GET", "POST"])
def note_delete(request: HttpRequest, pk: int) -> HttpResponse:
    note = attached_or_404(request, Note, pk)
    record = note.record
    if request.method == "GET":
        return for_good(request, record, title=_("Delete the note?"))
    note.delete()
    return back_to(request, record)


@login_required
@require_POST
def note_pin(request: HttpRequest, pk: int) -> HttpResponse:
    note = attached_or_404(request, Note, pk)
    activities.pin_note(note)
    return back_to(request, note.record)


@login_required
@require_POST
def note_unpin(request: HttpRequest, pk: int) -> HttpResponse:
    note = attached_or_404(request, Note, pk)
    activities.unpin_note(note)
    return back_to(request, note.record)


@login_required
@require_GET
def file_download(request: HttpRequest, pk: int) -> FileResponse:
    """The file as a download, whatever it is: nothing uploaded is ever a page of ours."""
    record_file = attached_or_404(request, RecordFile, pk)
    try:
        content = record_file.content.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    response = FileResponse(
        content,
        as_attachment=True,
        filename=record_file.name,
        content_type=record_file.content_type or "application/octet-stream",
    )
    response["Content-Security-Policy"] = DOWNLOAD_POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@login_required
@require_http_methods(["GET", "POST"])
def file_delete(request: HttpRequest, pk: int) -> HttpResponse:
    record_file = attached_or_404(request, RecordFile, pk)
    record = record_file.record
    if request.method == "GET":
        title = _("Delete “%(name)s”?") % {"name": record_file.name}
        return for_good(request, record, title=title)
    record_file.delete()
    return back_to(request, record, tab="files")
