"""Reading answers: both ways through a FETCH row agree, nonsense is refused."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.providers import imap_parse as parse
from mailsync.providers.base import Keyword
from mailsync.providers.imap_errors import BadAnswerError


@given(
    uid=st.integers(1, 2**32 - 1),
    flags=st.sampled_from([b"", b"\\Seen", b"\\Seen $Forwarded $Junk", b"\\FLAGGED \\draft"]),
    body=st.binary(max_size=60),
)
def test_the_quick_way_and_the_careful_way_agree(uid: int, flags: bytes, body: bytes) -> None:
    first = (
        b'* 1 FETCH (UID %d FLAGS (%s) MODSEQ (12) INTERNALDATE "17-Jul-1996 02:44:25 -0700" '
        b"RFC822.SIZE 44 BODY[HEADER.FIELDS (FROM TO)] {%d}\r\n" % (uid, flags, len(body))
    )
    quick = parse.fetch_items([first, body, b")\r\n"])
    # A blank before the bracket sends the same row the careful way.
    careful = parse.fetch_items([first, body, b" )\r\n"])
    assert quick == careful
    assert quick
    assert quick["UID"] == uid
    assert quick["BODY"] == body
    assert quick["INTERNALDATE"] == datetime(1996, 7, 17, 9, 44, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    "row",
    [
        b"* 1 FETCH (UID 5 FLAGS (\\Seen) MODSEQ (7))\r\n",
        b"* 1 FETCH (FLAGS (\\Seen) UID 5 MODSEQ (7))\r\n",
        b"* 1 fetch (modseq (7) uid 5 flags (\\seen))\r\n",
        b'* 1 FETCH (UID 5 X-ODD "a)(" FLAGS (\\Seen) MODSEQ (7))\r\n',
    ],
)
def test_marks_are_read_in_any_order(row: bytes) -> None:
    assert parse.flags_row([row]) == (5, Keyword.SEEN, 7, None)


@pytest.mark.parametrize(
    "row", [b"* 1 FETCH (FLAGS (\\Seen))\r\n", b"* 1 FETCH (UID 5)\r\n", b"* 1 EXISTS\r\n"]
)
def test_rows_without_uid_or_marks_are_none(row: bytes) -> None:
    assert parse.flags_row([row]) is None


@given(st.binary(max_size=80))
def test_no_answer_raises_anything_else(data: bytes) -> None:
    for reader in (parse.fetch_items, parse.flags_row, parse.status_row, parse.list_row):
        for line in (data, b"* 1 FETCH " + data, b"* LIST " + data, b"* STATUS " + data):
            with contextlib.suppress(BadAnswerError):
                reader([line])


def test_depth_is_bounded() -> None:
    with pytest.raises(BadAnswerError):
        parse.tokens([b"(" * 5000 + b")" * 5000])


def test_copyuid_pairs_in_the_order_written() -> None:
    texts = [b"x", b"[COPYUID 9 4,2,7 11:13] done"]
    assert parse.copied(texts) == (9, {4: 11, 2: 12, 7: 13})
    assert parse.copied([b"done"]) is None
    assert parse.copied([b"[COPYUID 9 1:3 4] done"]) == (9, {})
