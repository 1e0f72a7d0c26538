"""Takes persons, organizations and deals out of a CSV file.

A file is read once into a RecordImport; the user says which column is which and sees the first
rows as they would become; then a task takes the rows in batches. A row that cannot be taken is
kept with its reason and can be downloaded, mended, and imported again.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.addresses import normalise_address
from common.lost_work import taken_up
from crm.domain.deals import add_deal, lose_deal, win_deal
from crm.domain.exporting import unguarded
from crm.domain.gathering import together
from crm.domain.organizations import add_organization, set_domains
from crm.domain.persons import add_person, set_addresses, set_phones
from crm.enums import DealStatus, DuplicatePolicy, ImportState, RecordKind
from crm.errors import CRMError
from crm.models import (
    Deal,
    Organization,
    Person,
    Pipeline,
    RecordImport,
    RecordLabel,
)
from crm.models.record import fold
from users.models import User

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 100_000
# A choice is shown for each.
MAX_COLUMNS = 200
PREVIEW_ROWS = 5
# Rows in a transaction: others write between two of them.
BATCH = 50
PHONE_LENGTH = 50
DOMAIN_LENGTH = 253
COUNTED = (
    "done_count",
    "made_count",
    "updated_count",
    "skipped_count",
    "refused_rows",
)
LOST_AFTER = timedelta(minutes=2)

FIELDS: dict[str, dict[str, Any]] = {
    RecordKind.PERSON: {
        "name": gettext_lazy("Name"),
        "first_name": gettext_lazy("First name"),
        "last_name": gettext_lazy("Last name"),
        "emails": gettext_lazy("E-mail"),
        "phones": gettext_lazy("Phone"),
        "organization": gettext_lazy("Organization"),
        "job_title": gettext_lazy("Job title"),
        "owner": gettext_lazy("Owner"),
        "labels": gettext_lazy("Labels"),
    },
    RecordKind.ORGANIZATION: {
        "name": gettext_lazy("Name"),
        "domains": gettext_lazy("Mail domain"),
        "address": gettext_lazy("Address"),
        "owner": gettext_lazy("Owner"),
        "labels": gettext_lazy("Labels"),
    },
    RecordKind.DEAL: {
        "title": gettext_lazy("Title"),
        "value": gettext_lazy("Value"),
        "currency": gettext_lazy("Currency"),
        "stage": gettext_lazy("Stage"),
        "person": gettext_lazy("Person"),
        "organization": gettext_lazy("Organization"),
        "expected_close_date": gettext_lazy("Expected close"),
        "status": gettext_lazy("Status"),
        "owner": gettext_lazy("Owner"),
        "labels": gettext_lazy("Labels"),
    },
}
# One of these fields at least says what the record is called.
NEEDED: dict[str, tuple[str, ...]] = {
    RecordKind.PERSON: ("name", "first_name", "last_name", "emails"),
    RecordKind.ORGANIZATION: ("name",),
    RecordKind.DEAL: ("title",),
}
# Headings that other products write into their exports.
HEADINGS: dict[str, tuple[str, ...]] = {
    "name": ("name", "full name", "person", "contact", "person - name", "organization - name"),
    "title": ("title", "deal", "deal - title", "deal title", "subject"),
    "first_name": ("first name", "given name", "forename", "person - first name"),
    "last_name": ("last name", "family name", "surname", "person - last name"),
    "owner": ("owner", "person - owner", "organization - owner", "deal - owner"),
    "labels": ("labels", "label", "person - label", "organization - label", "deal - label"),
    "status": ("status", "deal - status"),
    "emails": ("email", "e-mail", "email address", "e-mail address", "mail", "person - email"),
    "phones": ("phone", "telephone", "mobile", "phone number", "person - phone"),
    "organization": ("organization", "organisation", "company", "person - organization"),
    "job_title": ("job title", "position", "role"),
    "domains": ("domain", "mail domain", "website", "web"),
    "address": ("address", "organization - address"),
    "value": ("value", "amount", "deal - value"),
    "currency": ("currency", "deal - currency of value"),
    "stage": ("stage", "deal - stage"),
    "person": ("person", "contact person", "deal - contact person"),
    "expected_close_date": ("expected close", "expected close date", "close date"),
}


DOTTED = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})")
DIVIDER = re.compile(r"\A\"?sep=.\"?\n", re.IGNORECASE)
QUOTED = re.compile(r'"[^"]*"')


class RowError(Exception):
    """This row cannot be taken; the text says why."""


def read_file(content: bytes, *, kind: RecordKind, by: Any) -> RecordImport:
    """Stores an uploaded file as an import that waits for the choice of columns."""
    if len(content) > MAX_BYTES:
        raise CRMError(_("The file is larger than %(mb)s MB.") % {"mb": MAX_BYTES >> 20})
    text = _decoded(content)
    delimiter = _delimiter_of(text)
    # One more than is taken: a file of line breaks alone would be ten million rows.
    rows = list(_rows_of(text, delimiter, limit=MAX_ROWS + 2))
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


def guess_mapping(headings: list[str], *, kind: RecordKind) -> dict[str, str]:
    """Column number to field, by the heading; a field is given once."""
    mapping: dict[str, str] = {}
    for number, heading in enumerate(headings):
        for name in FIELDS[kind]:
            if name not in mapping.values() and fold(heading) in HEADINGS[name]:
                mapping[str(number)] = name
                break
    return mapping


def preview(record_import: RecordImport) -> dict[str, Any]:
    rows = list(_rows_of(record_import.text, record_import.delimiter, limit=PREVIEW_ROWS + 1))
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
    rows = list(_rows_of(record_import.text, record_import.delimiter))[1:]
    for start in range(record_import.done_count, len(rows), BATCH):
        with together():
            # Claimed before a row is taken: the other worker waits here, and then has lost.
            if not _claim(record_import):
                return
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


def _take_person(record_import: RecordImport, values: dict[str, str]) -> str:
    user = record_import.created_by
    addresses = _addresses(values.get("emails", ""))
    both = f"{values.get('first_name', '')} {values.get('last_name', '')}".strip()
    name = values.get("name", "") or both or (addresses[0].partition("@")[0] if addresses else "")
    if not name:
        raise RowError(_("There is no name."))
    phones = _several(values.get("phones", ""), longest=PHONE_LENGTH)
    owner, labels = _owner(values), _labels(record_import, values)
    visible = Person.objects.visible_to(user)
    known = None
    if addresses:
        known = visible.filter(emails__address__in=addresses).first()
    elif record_import.duplicates != DuplicatePolicy.ADD:
        known = visible.filter(sort_key=fold(name)).first()
    if known is not None and record_import.duplicates != DuplicatePolicy.ADD:
        if record_import.duplicates == DuplicatePolicy.SKIP:
            return "skipped"
        _update(
            known,
            {"name": name[:200], "job_title": values.get("job_title", "")[:150], "owner": owner},
        )
        known.labels.add(*labels)
        old = list(known.emails.values_list("address", flat=True))
        set_addresses(known, addresses=[*old, *addresses])
        old = list(known.phones.values_list("number", flat=True))
        set_phones(known, phones=[*old, *phones])
        return "updated"
    person = add_person(
        by=user,
        name=name[:200],
        addresses=addresses,
        phones=phones,
        job_title=values.get("job_title", "")[:150],
        organization=_organization(user, values.get("organization", "")),
        owner=owner,
    )
    person.labels.add(*labels)
    return "made"


def _take_organization(record_import: RecordImport, values: dict[str, str]) -> str:
    user = record_import.created_by
    name = values.get("name", "")
    if not name:
        raise RowError(_("There is no name."))
    domains = _several(values.get("domains", ""), longest=DOMAIN_LENGTH)
    owner, labels = _owner(values), _labels(record_import, values)
    known = Organization.objects.visible_to(user).filter(sort_key=fold(name)).first()
    if known is not None and record_import.duplicates != DuplicatePolicy.ADD:
        if record_import.duplicates == DuplicatePolicy.SKIP:
            return "skipped"
        _update(known, {"address": values.get("address", "")[:1000], "owner": owner})
        known.labels.add(*labels)
        old = list(known.domains.values_list("domain", flat=True))
        set_domains(known, domains=[*old, *domains])
        return "updated"
    organization = add_organization(
        by=user,
        name=name[:200],
        domains=domains,
        address=values.get("address", "")[:1000],
        owner=owner,
    )
    organization.labels.add(*labels)
    return "made"


def _take_deal(record_import: RecordImport, values: dict[str, str]) -> str:
    user = record_import.created_by
    title = values.get("title", "")
    if not title:
        raise RowError(_("There is no title."))
    known = Deal.objects.visible_to(user).filter(sort_key=fold(title)).first()
    fields = {
        "value": _amount(values.get("value", "")),
        "expected_close_date": _day(values.get("expected_close_date", "")),
        "owner": _owner(values),
    }
    labels, status = _labels(record_import, values), _status(values.get("status", ""))
    if known is not None and record_import.duplicates != DuplicatePolicy.ADD:
        if record_import.duplicates == DuplicatePolicy.SKIP:
            return "skipped"
        _update(known, {name: value for name, value in fields.items() if value is not None})
        known.labels.add(*labels)
        _close(known, status)
        return "updated"
    currency = values.get("currency", "").upper()[:3]
    deal = add_deal(
        by=user,
        title=title[:200],
        stage=_stage(values.get("stage", "")),
        organization=_organization(user, values.get("organization", "")),
        person=_person(user, values.get("person", "")),
        **({"currency": currency} if len(currency) == 3 and currency.isalpha() else {}),
        **fields,
    )
    deal.labels.add(*labels)
    _close(deal, status)
    return "made"


TAKE: dict[str, Callable[[RecordImport, dict[str, str]], str]] = {
    RecordKind.PERSON: _take_person,
    RecordKind.ORGANIZATION: _take_organization,
    RecordKind.DEAL: _take_deal,
}


def _update(record: Any, fields: dict[str, Any]) -> None:
    """Writes what the file has; an empty cell wipes nothing out."""
    given = {name: value for name, value in fields.items() if value not in ("", None)}
    for name, value in given.items():
        setattr(record, name, value)
    if given:
        record.save(update_fields=[*given, "updated_at"])


def _organization(user: Any, name: str) -> Organization | None:
    if not name:
        return None
    found = Organization.objects.visible_to(user).filter(sort_key=fold(name)).first()
    return found or add_organization(by=user, name=name[:200])


def _person(user: Any, name: str) -> Person | None:
    if not name:
        return None
    visible = Person.objects.visible_to(user)
    if "@" in name:
        found = visible.filter(emails__address=normalise_address(name)).first()
        return found or add_person(by=user, name=name.partition("@")[0], addresses=[name])
    return visible.filter(sort_key=fold(name)).first() or add_person(by=user, name=name[:200])


def _stage(name: str) -> Any:
    pipeline = Pipeline.objects.filter(archived_at__isnull=True).first()
    stages = list(pipeline.stages.all()) if pipeline else []
    if not stages:
        raise RowError(_("There is no pipeline to put it into."))
    if not name:
        return stages[0]
    for stage in stages:
        if fold(stage.name) == fold(name):
            return stage
    raise RowError(_("There is no stage “%(name)s”.") % {"name": name[:100]})


def _owner(values: dict[str, str]) -> User | None:
    """The colleague that is named, by name or login address; None where the cell is empty."""
    text = values.get("owner", "")
    if not text:
        return None
    named = Q(name__iexact=text) | Q(email=normalise_address(text))
    found = list(User.objects.active().filter(named)[:2])
    if len(found) != 1:
        raise RowError(_("“%(name)s” is not one colleague of ours.") % {"name": text[:100]})
    return found[0]


def _labels(record_import: RecordImport, values: dict[str, str]) -> list[RecordLabel]:
    """The labels that are named; there have to be such."""
    names = _several(values.get("labels", ""))
    if not names:
        return []
    known = {
        fold(label.name): label for label in RecordLabel.objects.filter(kind=record_import.kind)
    }
    for name in names:
        if fold(name) not in known:
            raise RowError(_("There is no label “%(name)s”.") % {"name": name[:100]})
    return [known[fold(name)] for name in names]


def _status(text: str) -> DealStatus:
    """By its value or its name on the page; open where the cell is empty."""
    for status in DealStatus:
        if fold(text) in (status.value, fold(str(status.label))):
            return status
    if text:
        raise RowError(_("“%(text)s” is none of open, won and lost.") % {"text": text[:50]})
    return DealStatus.OPEN


def _close(deal: Deal, status: DealStatus) -> None:
    if deal.status == DealStatus.OPEN and status == DealStatus.WON:
        win_deal(deal)
    elif deal.status == DealStatus.OPEN and status == DealStatus.LOST:
        lose_deal(deal)


def _addresses(text: str) -> list[str]:
    addresses = [normalise_address(part) for part in _several(text)]
    for address in addresses:
        try:
            validate_email(address)
        except ValidationError:
            raise RowError(
                _("“%(address)s” is not an e-mail address.") % {"address": address[:100]}
            ) from None
    return addresses


def _several(text: str, *, longest: int = 400) -> list[str]:
    parts = text.replace(";", ",").replace("\n", ",").split(",")
    found = [part.strip() for part in parts if part.strip()]
    for part in found:
        if len(part) > longest:
            raise RowError(_("“%(text)s…” is too long.") % {"text": part[:50]})
    return found


def _amount(text: str) -> Decimal | None:
    """`1,234.50`, `1.234,50` and `1234.5` are amounts: the last mark is the decimal one."""
    bare = "".join(letter for letter in text if letter.isdigit() or letter in ".,-")
    if not bare:
        return None
    mark = max(bare.rfind("."), bare.rfind(","))
    if mark >= 0 and len(bare) - mark - 1 != 3:
        whole = bare[:mark].replace(".", "").replace(",", "")
        bare = f"{whole}.{bare[mark + 1 :]}"
    else:
        bare = bare.replace(".", "").replace(",", "")
    try:
        amount = Decimal(bare).quantize(Decimal("0.01"))
    except InvalidOperation:
        raise RowError(_("“%(text)s” is not an amount.") % {"text": text[:50]}) from None
    if amount < 0 or amount >= Decimal(10) ** 13:
        raise RowError(_("“%(text)s” is not an amount.") % {"text": text[:50]})
    return amount


def _day(text: str) -> Any:
    if not text:
        return None
    dotted = DOTTED.fullmatch(text)
    try:
        found = (
            date(*(int(dotted[part]) for part in ("year", "month", "day")))
            if dotted
            else parse_date(text)
        )
    except ValueError:
        found = None
    if found is None:
        raise RowError(
            _("“%(text)s” is not a day such as 2026-12-31 or 31.12.2026.") % {"text": text[:50]}
        )
    return found


def _decoded(content: bytes) -> str:
    """As its first bytes say, else UTF-8, else what spreadsheets write on Windows."""
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    # Lines may end in the way of old Macs. Some spreadsheets say first what divides the cells,
    # which the line of headings says as well.
    lines = text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    return DIVIDER.sub("", lines)


def _delimiter_of(text: str) -> str:
    first = QUOTED.sub("", text.partition("\n")[0])
    return max((",", ";", "\t"), key=first.count)


def _rows_of(text: str, delimiter: str, *, limit: int | None = None) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    given = 0
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield row
                given += 1
                if given == limit:
                    return
    except csv.Error as error:
        raise CRMError(_("The file is not a table: %(why)s.") % {"why": error}) from None
