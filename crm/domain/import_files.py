"""An imported file as text and rows, whichever spreadsheet wrote it."""

import codecs
import csv
import io
import re
from collections.abc import Iterator

from django.utils.translation import gettext as _

from crm.errors import CRMError

DIVIDER = re.compile(r"\A\"?sep=.\"?\n", re.IGNORECASE)
QUOTED = re.compile(r'"[^"]*"')


def decoded(content: bytes) -> str:
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


def delimiter_of(text: str) -> str:
    first = QUOTED.sub("", text.partition("\n")[0])
    return max((",", ";", "\t"), key=first.count)


def rows_of(text: str, delimiter: str, *, limit: int | None = None) -> Iterator[list[str]]:
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
