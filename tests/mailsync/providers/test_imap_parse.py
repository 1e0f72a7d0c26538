"""Reading answers: both ways through a FETCH row agree, sets survive, nonsense is refused."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.enums import MailboxRole
from mailsync.providers import imap_parse as parse
from mailsync.providers.base import Keyword
from mailsync.providers.imap_parse import BadAnswerError
from mailsync.providers.roles import role_by_attributes, roles_by_name

UIDS = st.sets(st.integers(1, 400), max_size=80)


@given(UIDS)
def test_a_set_written_and_read_is_the_same(uids: set[int]) -> None:
    if uids:
        assert parse.uids_of_set(parse.uid_set(uids)) == sorted(uids)


def test_a_set_is_short() -> None:
    assert parse.uid_set([7, 1, 2, 3, 3]) == b"1:3,7"
    assert parse.uids_of_set(b"9:7,2", below=9) == [2, 7, 8]


@pytest.mark.parametrize("text", [b"", b"a", b"1:x", b"1,,2", b"*", b"1:4294967295"])
def test_sets_that_are_none(text: bytes) -> None:
    with pytest.raises(BadAnswerError):
        parse.uids_of_set(text)


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
    assert parse.path_from_wire(wire) == path


@given(st.text(max_size=30))
def test_names_come_back(path: str) -> None:
    try:
        wire = parse.path_to_wire(path).encode()
    except UnicodeError:
        return
    assert parse.path_to_wire(parse.path_from_wire(wire)).encode() == wire


@pytest.mark.parametrize("text", ["", "17-Foo-1996 02:44:25 +0000", "32-Jan-2026 00:00:00 +0000"])
def test_dates_that_are_none(text: str) -> None:
    assert parse.date_of(text) is None


def test_copyuid_pairs_in_the_order_written() -> None:
    texts = [b"x", b"[COPYUID 9 4,2,7 11:13] done"]
    assert parse.copied(texts) == (9, {4: 11, 2: 12, 7: 13})
    assert parse.copied([b"done"]) is None
    assert parse.copied([b"[COPYUID 9 1:3 4] done"]) == (9, {})


# --- Roles --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("Gesendete Objekte", MailboxRole.SENT),
        ("INBOX/Sent Messages", MailboxRole.SENT),
        ("Éléments supprimés", MailboxRole.TRASH),
        ("垃圾邮件", MailboxRole.JUNK),
        ("Черновики", MailboxRole.DRAFTS),
        ("ARCHIVE", MailboxRole.ARCHIVE),
        ("Bulk Mail", MailboxRole.JUNK),
        ("Customers/Sent", None),
        ("Sentinel", None),
    ],
)
def test_roles_by_name(path: str, role: MailboxRole | None) -> None:
    found = roles_by_name([(path, "/")], missing=frozenset(MailboxRole))
    assert found.get(path) == role


def test_one_mailbox_a_role_and_the_commonest_name_wins() -> None:
    paths = [("Sent Messages", "/"), ("Sent", "/"), ("Papierkorb", "/")]
    found = roles_by_name(paths, missing=frozenset({MailboxRole.SENT}))
    assert found == {"Sent": MailboxRole.SENT}


def test_the_servers_word_comes_first() -> None:
    assert role_by_attributes(frozenset({"\\junk"}), "Sent") is MailboxRole.JUNK
    assert role_by_attributes(frozenset(), "inbox") is MailboxRole.INBOX
    assert role_by_attributes(frozenset({"\\hasnochildren"}), "Sent") is MailboxRole.NONE
