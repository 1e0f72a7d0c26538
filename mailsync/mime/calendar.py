"""Invitations (RFC 5545, 5546): what a reader wants to know of the first event in a calendar file.

Six fields and no more are read. Nothing is accepted or declined from here, and nothing that the
file names is fetched.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

LARGEST = 512_000
MOST_LINES = 5_000
LONGEST_TEXT = 500

# What Outlook calls zones (Unicode CLDR, windowsZones), for the places most people live in.
_WINDOWS = {
    "utc": "UTC",
    "gmt standard time": "Europe/London",
    "w. europe standard time": "Europe/Berlin",
    "central europe standard time": "Europe/Budapest",
    "central european standard time": "Europe/Warsaw",
    "romance standard time": "Europe/Paris",
    "e. europe standard time": "Europe/Chisinau",
    "fle standard time": "Europe/Kyiv",
    "gtb standard time": "Europe/Bucharest",
    "russian standard time": "Europe/Moscow",
    "turkey standard time": "Europe/Istanbul",
    "israel standard time": "Asia/Jerusalem",
    "arabian standard time": "Asia/Dubai",
    "india standard time": "Asia/Kolkata",
    "china standard time": "Asia/Shanghai",
    "singapore standard time": "Asia/Singapore",
    "tokyo standard time": "Asia/Tokyo",
    "aus eastern standard time": "Australia/Sydney",
    "e. south america standard time": "America/Sao_Paulo",
    "eastern standard time": "America/New_York",
    "central standard time": "America/Chicago",
    "mountain standard time": "America/Denver",
    "pacific standard time": "America/Los_Angeles",
}
_LINE = re.compile(r"([A-Za-z0-9-]{1,40})((?:;[^:;=\"]{1,60}=(?:\"[^\"]*\"|[^:;\"]*))*):(.*)")
_PARAMETER = re.compile(r";([^=;:]{1,60})=(?:\"([^\"]*)\"|([^;:\"]*))")
_DURATION = re.compile(
    r"P(?:(\d{1,3})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:\d{1,6}S)?)?"
)


@dataclass(frozen=True, slots=True)
class Invitation:
    """`starts` and `ends` are days for events of whole days (`ends` is the last one), aware moments
    where the zone is known, and naive ones where the file says no zone that we know."""

    title: str
    starts: datetime | date | None
    ends: datetime | date | None
    place: str
    organizer: str
    is_cancelled: bool
    repeats: bool

    @property
    def is_all_day(self) -> bool:
        return self.starts is not None and not isinstance(self.starts, datetime)

    @property
    def zone_is_known(self) -> bool:
        return isinstance(self.starts, datetime) and self.starts.tzinfo is not None


@dataclass(frozen=True, slots=True)
class _Field:
    parameters: dict[str, str]
    value: str


def read(data: bytes) -> Invitation | None:
    """The first event; None when there is none to be read."""
    if len(data) > LARGEST:
        return None
    method, fields = _first_event(data.decode("utf-8", "replace"))
    if not fields:
        return None
    starts = _moment(fields.get("DTSTART"))
    return Invitation(
        title=_text(fields.get("SUMMARY")),
        starts=starts,
        ends=_end_or_none(fields, starts),
        place=_text(fields.get("LOCATION")),
        organizer=_organizer(fields.get("ORGANIZER")),
        is_cancelled="CANCEL" in method or _text(fields.get("STATUS")).upper() == "CANCELLED",
        repeats="RRULE" in fields,
    )


def _first_event(text: str) -> tuple[str, dict[str, _Field]]:
    """The method of the whole, and the fields of the first event: not those of its alarms."""
    # RFC 5545 3.1: a line that begins with white space goes on with the one before.
    lines = re.sub(r"\r?\n[ \t]", "", text).splitlines()[:MOST_LINES]
    method = ""
    fields: dict[str, _Field] = {}
    inside: list[str] = []
    for line in lines:
        match = _LINE.match(line)
        if not match:
            continue
        name, value = match.group(1).upper(), match.group(3)
        if name == "BEGIN":
            inside.append(value.strip().upper())
        elif name == "END":
            if inside[-1:] == ["VEVENT"] and fields:
                break
            del inside[-1:]
        elif inside == ["VCALENDAR"] and name == "METHOD":
            method = value.strip().upper()
        elif inside[-1:] == ["VEVENT"]:
            parameters = {
                key.upper(): quoted or plain
                for key, quoted, plain in _PARAMETER.findall(match.group(2))
            }
            fields.setdefault(name, _Field(parameters, value))
    return method, fields


def _text(field: _Field | None) -> str:
    if field is None:
        return ""
    plain = re.sub(
        r"\\([nN,;\\])", lambda found: _ESCAPED.get(found.group(1), found.group(1)), field.value
    )
    return " ".join(plain.split())[:LONGEST_TEXT]


_ESCAPED = {"n": " ", "N": " "}


def _organizer(field: _Field | None) -> str:
    if field is None:
        return ""
    address = field.value.strip()
    address = address[7:] if address[:7].lower() == "mailto:" else address
    name = field.parameters.get("CN", "").strip()
    return (f"{name} <{address}>" if name and name != address else address)[:LONGEST_TEXT]


def _moment(field: _Field | None) -> datetime | date | None:
    if field is None:
        return None
    value = field.value.strip()
    try:
        if len(value) == 8:
            return datetime.strptime(value, "%Y%m%d").date()  # noqa: DTZ007 -- a day
        naive = datetime.strptime(value[:15], "%Y%m%dT%H%M%S")  # noqa: DTZ007 -- the zone follows
    except ValueError:
        return None
    if value.endswith("Z"):
        return naive.replace(tzinfo=UTC)
    zone = _zone(field.parameters.get("TZID", ""))
    return naive.replace(tzinfo=zone) if zone else naive


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(_WINDOWS.get(name.lower(), name)) if name else None
    except (OSError, ValueError, KeyError):
        return None


def _end_or_none(
    fields: dict[str, _Field], starts: datetime | date | None
) -> datetime | date | None:
    try:
        return _end(fields, starts)
    except OverflowError:  # beyond the year 9999
        return None


def _end(fields: dict[str, _Field], starts: datetime | date | None) -> datetime | date | None:
    ends = _moment(fields.get("DTEND"))
    if ends is None and starts is not None and "DURATION" in fields:
        match = _DURATION.fullmatch(fields["DURATION"].value.strip())
        if match:
            weeks, days, hours, minutes = (int(part or 0) for part in match.groups())
            ends = starts + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    if ends is not None and not isinstance(ends, datetime):
        ends -= timedelta(days=1)  # RFC 5545 3.6.1: the end of whole days is the day after
    # A start and an end of two kinds, or turned about, tell nothing about the end.
    if starts is None or type(starts) is not type(ends) or _is_turned(starts, ends):
        return None
    return ends


def _is_turned(starts: datetime | date, ends: datetime | date | None) -> bool:
    try:
        return ends is None or ends < starts
    except TypeError:  # one with a zone, one without
        return True
