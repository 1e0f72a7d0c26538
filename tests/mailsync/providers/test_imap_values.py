from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.providers.base import Keyword
from mailsync.providers.imap_values import (
    date_of,
    flags_of,
    keywords_of,
    path_from_wire,
    path_to_wire,
    wire_date,
    wire_date_time,
)


def test_marks_come_back_and_unknown_ones_are_left_out() -> None:
    for bits in range(int(max(Keyword)) * 2):
        keywords = Keyword(bits)
        assert keywords_of(flags_of(keywords).strip(b"()")) == keywords
    assert keywords_of(b"\\SEEN $Junk \\Recent") == Keyword.SEEN


@pytest.mark.parametrize(
    ("wire", "path"),
    [
        (b"INBOX", "INBOX"),
        (b"Entw&APw-rfe", "Entwürfe"),
        (b"&U,BTFw-", "台北"),
        (b"a&-b", "a&b"),
        ("Grüße".encode(), "Grüße"),
    ],
)
def test_names_are_decoded(wire: bytes, path: str) -> None:
    assert path_from_wire(wire) == path


@given(st.text(max_size=30))
def test_names_come_back(path: str) -> None:
    try:
        wire = path_to_wire(path).encode()
    except UnicodeError:
        return
    assert path_to_wire(path_from_wire(wire)).encode() == wire


@pytest.mark.parametrize(
    "text", [b"", b"17-Foo-1996 02:44:25 +0000", b"32-Jan-2026 00:00:00 +0000", b"\xff"]
)
def test_dates_that_are_none(text: bytes) -> None:
    assert date_of(text) is None


def test_dates_are_written_as_they_are_read() -> None:
    moment = datetime(2026, 1, 5, 1, 30, 9, tzinfo=timezone(timedelta(hours=2)))
    assert wire_date_time(moment) == b'"04-Jan-2026 23:30:09 +0000"'
    assert date_of(wire_date_time(moment).strip(b'"')) == moment
    assert wire_date(moment.astimezone(UTC)) == b"4-Jan-2026"
