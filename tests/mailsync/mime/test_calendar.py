"""Invitations as calendar programs write them, and as nobody should."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.mime import calendar

NINE = datetime(2026, 11, 24, 9)  # noqa: DTZ001 -- a moment whose zone nobody said


def event(*lines: str, method: str = "REQUEST") -> bytes:
    body = "\r\n".join(lines)
    return (
        f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:VTIMEZONE\r\nTZID:X\r\nEND:VTIMEZONE\r\n"
        f"BEGIN:VEVENT\r\n{body}\r\nBEGIN:VALARM\r\nSUMMARY:Alarm\r\nEND:VALARM\r\nEND:VEVENT\r\n"
        "BEGIN:VEVENT\r\nSUMMARY:Second\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    ).encode()


def test_the_six_fields():
    found = calendar.read(
        event(
            "SUMMARY;LANGUAGE=en:Demo\\, part two\\; with a very lo",
            " ng title",
            "DTSTART;TZID=Europe/Berlin:20261124T093000",
            "DTEND;TZID=Europe/Berlin:20261124T103000",
            "LOCATION:Room 4\\nFirst floor",
            'ORGANIZER;CN="Byron, Ada":MAILTO:ada@acme.example',
            "RRULE:FREQ=WEEKLY",
        )
    )
    berlin = ZoneInfo("Europe/Berlin")
    assert found == calendar.Invitation(
        title="Demo, part two; with a very long title",
        starts=datetime(2026, 11, 24, 9, 30, tzinfo=berlin),
        ends=datetime(2026, 11, 24, 10, 30, tzinfo=berlin),
        place="Room 4 First floor",
        organizer="Byron, Ada <ada@acme.example>",
        is_cancelled=False,
        repeats=True,
    )
    assert found.zone_is_known


@pytest.mark.parametrize(
    ("lines", "starts", "ends"),
    [
        (["DTSTART:20261124T083000Z", "DURATION:PT1H30M"],
         datetime(2026, 11, 24, 8, 30, tzinfo=UTC), datetime(2026, 11, 24, 10, tzinfo=UTC)),
        (["DTSTART;VALUE=DATE:20261124", "DTEND;VALUE=DATE:20261126"],
         date(2026, 11, 24), date(2026, 11, 25)),
        (["DTSTART;TZID=Pacific Standard Time:20261124T090000"],
         datetime(2026, 11, 24, 9, tzinfo=ZoneInfo("America/Los_Angeles")), None),
        (["DTSTART;TZID=Nowhere/Land:20261124T090000"], NINE, None),
        (["DTSTART;TZID=../../etc/passwd:20261124T090000"], NINE, None),
        (["DTSTART:20261124T090000", "DTEND:20261124T080000"], NINE, None),
        (["DTSTART:20261124T090000", "DTEND:20261124T100000Z"], NINE, None),
        (["DTSTART:99991231T090000", "DURATION:P9999D"],
         datetime(9999, 12, 31, 9), None),  # noqa: DTZ001
        (["DTSTART:99999999T999999"], None, None),
        (["SUMMARY:No time"], None, None),
    ],
)  # fmt: skip
def test_times(lines, starts, ends):
    found = calendar.read(event(*lines))
    assert (found.starts, found.ends) == (starts, ends)


def test_cancelled():
    assert calendar.read(event("SUMMARY:Off", method="CANCEL")).is_cancelled
    assert calendar.read(event("SUMMARY:Off", "STATUS:CANCELLED")).is_cancelled
    assert not calendar.read(event("SUMMARY:On")).is_cancelled


@pytest.mark.parametrize(
    "data",
    [b"", b"BEGIN:VCALENDAR\nEND:VCALENDAR", b"<html>", bytes(600_000), b"END:VEVENT\n" * 9000],
)
def test_no_event(data):
    assert calendar.read(data) is None


@given(st.binary(max_size=300))
def test_any_bytes(data):
    calendar.read(event("SUMMARY:x") + data)
    calendar.read(data)
    calendar.read(b"BEGIN:VEVENT\nDTSTART" + data + b"\nDTEND:" + data)
