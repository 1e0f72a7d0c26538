"""The Date field (RFC 5322 3.3), and what is written in its stead."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from mailsync.mime.headers import COMMENT

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_DATE = re.compile(
    r"(?:[A-Za-z]{3},?\s*)?(\d{1,2})\s+([A-Za-z]{3})\s+(\d{4})\s+"
    r"(\d{1,2}):(\d\d)(?::(\d\d))?\s*([+-])(\d\d)(\d\d)"
)
_ISO_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?"
)
EARLIEST, LATEST = 1970, 2200


def date(text: str) -> datetime | None:
    """The moment in UTC. None for what is no date, or one that cannot have been."""
    text = text[:200].strip()
    match = _DATE.match(text)
    if match is None and "(" in text:
        text = COMMENT.sub("", COMMENT.sub("", text)).strip()
        match = _DATE.match(text)
    try:
        if match:
            day, month, year, hour, minute, second, sign, off_hours, off_minutes = match.groups()
            offset = timedelta(hours=int(off_hours), minutes=int(off_minutes))
            moment = datetime(
                int(year), _MONTHS[month.lower()], int(day),
                int(hour), int(minute), min(int(second or 0), 59), tzinfo=UTC,
            )  # fmt: skip
            moment = moment - offset if sign == "+" else moment + offset
        else:
            found = _odd_date(text)
            if found is None:
                return None
            moment = found
    except (ValueError, KeyError, OverflowError, TypeError, IndexError):
        return None
    return moment if EARLIEST <= moment.year <= LATEST else None


def _odd_date(text: str) -> datetime | None:
    match = _ISO_DATE.match(text)
    if match:
        stamp = f"{'-'.join(match.group(1, 2, 3))}T{match.group(4)}:{match.group(5)}"
        zone = (match.group(7) or "+00:00").replace("Z", "+00:00")
        moment = datetime.fromisoformat(f"{stamp}:{match.group(6) or '00'}{zone}")
        return moment.astimezone(UTC)
    parts = parsedate_tz(text)
    if parts is None:
        return None
    zone = timezone(timedelta(seconds=parts[9] or 0))
    return datetime(*parts[:5], min(parts[5], 59), tzinfo=zone).astimezone(UTC)
