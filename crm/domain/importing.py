"""Takes persons, organizations and deals out of a CSV file.

A file is read once into a RecordImport; the user says which column is which and sees the first
rows as they would become; then a task takes the rows in batches. A row that cannot be taken is
kept with its reason and can be downloaded, mended, and imported again.
"""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common.lost_work import taken_up
from crm.domain.exporting import unguarded
from crm.domain.gathering import together
from crm.domain.import_cells import RowError
from crm.domain.import_columns import guess_mapping
from crm.domain.import_files import decoded, delimiter_of, rows_of
from crm.domain.import_rows import TAKE
from crm.enums import ImportState, RecordKind
from crm.errors import CRMError
from crm.models import RecordImport

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 100_000
# A choice is shown for each.
MAX_COLUMNS = 200
PREVIEW_ROWS = 5
# Rows in a transaction: others write between two of them.
BATCH = 50
COUNTED = (
    "done_count",
    "made_count",
    "updated_count",
    "skipped_count",
    "refused_rows",
)
LOST_AFTER = timedelta(minutes=2)


def read_file(content: bytes, *, kind: RecordKind, by: Any) -> RecordImport:
    """Stores an uploaded file as an import that waits for the choice of columns."""
    if len(content) > MAX_BYTES:
        raise CRMError(_("The file is larger than %(mb)s MB.") % {"mb": MAX_BYTES >> 20})
    text = decoded(content)
    delimiter = delimiter_of(text)
    # One more than is taken: a file of line breaks alone would be ten million rows.
    rows = list(rows_of(text, delimiter, limit=MAX_ROWS + 2))
    if len(rows) < 2:
        raise CRMError(_("The file needs a line of headings and at least one line below it."))
    if len(rows) > MAX_ROWS + 1:
        raise CRMError(_("No more than %(n)s rows at once, please.") % {"n": MAX_ROWS})
    if len(rows[0]) > MAX_COLUMNS:
        raise CRMError(_("No more than %(n)s columns, please.") % {"n": MAX_COLUMNS})
    return RecordImport.objects.create(
        kind=kind,
        created_by=by,
        text=text,
        delimiter=delimiter,
        mapping=guess_mapping(rows[0], kind=kind),
        total_count=len(rows) - 1,
    )


def preview(record_import: RecordImport) -> dict[str, Any]:
    rows = list(rows_of(record_import.text, record_import.delimiter, limit=PREVIEW_ROWS + 1))
    return {"headings": rows[0], "rows": rows[1:]}


def start_import(record_import: RecordImport) -> None:
    """From waiting to running, and calls for a worker; once, however often it is asked."""
    with transaction.atomic():
        started = RecordImport.objects.filter(
            pk=record_import.pk, state=ImportState.MAPPING
        ).update(
            state=ImportState.RUNNING,
            mapping=record_import.mapping,
            duplicates=record_import.duplicates,
            touched_at=timezone.now(),
        )
        if started:
            _ring(record_import.pk)


def _ring(import_id: int) -> None:
    from crm.tasks import run_import as task  # leaf: tasks import the domain

    task.delay_on_commit(import_id)


def sweep() -> None:
    """Calls for a worker again where none has been seen for a while."""
    running = RecordImport.objects.filter(state=ImportState.RUNNING)
    for import_id in taken_up(running, lost_after=LOST_AFTER):
        _ring(import_id)


def run_import(import_id: int) -> None:
    """Takes the rows that are not done yet. Run again after a crash it goes on where it was; of
    two workers at the same rows one gives up."""
    record_import = RecordImport.objects.select_related("created_by").get(pk=import_id)
    if record_import.state != ImportState.RUNNING:
        return
    rows = list(rows_of(record_import.text, record_import.delimiter))[1:]
    for start in range(record_import.done_count, len(rows), BATCH):
        with together():
            # Claimed before a row is taken: the other worker waits here, and then has lost.
            if not _claim(record_import):
                return
            # What he sees, and may still do, is his as of now.
            record_import.created_by.refresh_from_db(fields=["is_active", "role"])
            if not record_import.created_by.is_active:
                break
            for number, cells in enumerate(rows[start : start + BATCH], start=start):
                _take(record_import, number + 2, cells)
                record_import.done_count += 1
            # Not the file: it would be written once more with each batch.
            record_import.save(update_fields=COUNTED)
    record_import.state = ImportState.DONE
    record_import.finished_at = timezone.now()
    record_import.text = ""
    record_import.save()


def _claim(record_import: RecordImport) -> bool:
    record_import.touched_at = timezone.now()
    mine = RecordImport.objects.filter(
        pk=record_import.pk, state=ImportState.RUNNING, done_count=record_import.done_count
    )
    return bool(mine.update(touched_at=record_import.touched_at))


def _take(record_import: RecordImport, line: int, cells: list[str]) -> None:
    values = {
        name: unguarded(cells[int(number)].strip())
        for number, name in record_import.mapping.items()
        if int(number) < len(cells)
    }
    try:
        with transaction.atomic():
            outcome = TAKE[record_import.kind](record_import, values)
    except RowError as error:
        record_import.refused_rows.append([line, str(error), cells])
        return
    counter = f"{outcome}_count"
    setattr(record_import, counter, getattr(record_import, counter) + 1)
