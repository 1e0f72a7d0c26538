"""Marks, names of mailboxes and dates, from the wire and to it."""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from imapclient.imap_utf7 import decode as decode_utf7
from imapclient.imap_utf7 import encode as encode_utf7

from mailsync.providers.base import Keyword

_DATE = re.compile(
    r" ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})$"
)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

_KEYWORDS = {
    b"\\seen": Keyword.SEEN,
    b"\\flagged": Keyword.FLAGGED,
    b"\\answered": Keyword.ANSWERED,
    b"\\draft": Keyword.DRAFT,
    b"$forwarded": Keyword.FORWARDED,
}
FLAG_OF = {
    Keyword.SEEN: b"\\Seen",
    Keyword.FLAGGED: b"\\Flagged",
    Keyword.ANSWERED: b"\\Answered",
    Keyword.DRAFT: b"\\Draft",
    Keyword.FORWARDED: b"$Forwarded",
}


@lru_cache(maxsize=2048)
def keywords_of(flags: bytes) -> Keyword:
    """The marks in the text between the brackets of FLAGS (...)."""
    found = Keyword.NONE
    for flag in flags.lower().split():
        found |= _KEYWORDS.get(flag, Keyword.NONE)
    return found


def flags_of(keywords: Keyword) -> bytes:
    return b"(" + b" ".join(flag for bit, flag in FLAG_OF.items() if keywords & bit) + b")"


def path_from_wire(name: bytes) -> str:
    """The decoded mailbox name. Servers with raw UTF-8 names (against RFC 3501) are read too;
    a name that does not come back the same when encoded is kept as it stands."""
    try:
        path: str = decode_utf7(name)
        if encode_utf7(path) != name:
            path = name.decode("ascii")
    except (UnicodeError, ValueError):
        return name.decode("utf-8", "surrogateescape")
    return path


def path_to_wire(path: str) -> str:
    """The name as the server spelled it, for an argument."""
    if path.isascii() and "&" in path and path_from_wire(path.encode()) == path:
        return path
    encoded: bytes = encode_utf7(path)
    return encoded.decode("ascii")


@lru_cache(maxsize=4096)
def date_of(text: bytes) -> datetime | None:
    """An INTERNALDATE; None when it is none. Kept, because the list and the message itself each
    bring it."""
    found = _DATE.match(text.decode("ascii", "replace"))
    if not found:
        return None
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = found.groups()
    offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
    try:
        zone = timezone(-offset if sign == "-" else offset)
        moment = datetime(
            int(year),
            _MONTHS.index(month.lower()) + 1,
            int(day),
            int(hour),
            int(minute),
            int(second),
            tzinfo=zone,
        )
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def wire_date(moment: datetime) -> bytes:
    """A date for SEARCH: no time of day, RFC 9051 6.4.4."""
    return b"%d-%s-%04d" % (
        moment.day,
        _MONTHS[moment.month - 1].capitalize().encode(),
        moment.year,
    )


def wire_date_time(moment: datetime) -> bytes:
    """A date and time for APPEND."""
    moment = moment.astimezone(UTC)
    return b'"%02d-%s-%04d %02d:%02d:%02d +0000"' % (
        moment.day,
        _MONTHS[moment.month - 1].capitalize().encode(),
        moment.year,
        moment.hour,
        moment.minute,
        moment.second,
    )
