"""What every MailStore does, whatever stands behind it.

A test class inherits from MailStoreCases and provides the fixture `box`: an object with a
`store` (opened, signed in) and `deliver(raw, mailbox=..., keywords=...)`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from mailsync.providers.base import Keyword, MailStore, ProviderError, Reaction

Deliver = Callable[..., None]


@dataclass
class Box:
    store: MailStore
    deliver: Deliver
    # Another signed-in store on the same account.
    second: Callable[[], MailStore]


def message(number: int, *, body: str = "Hello") -> bytes:
    return (
        f"From: Ada <ada@customer.example>\nTo: grace@northwind.example\n"
        f"Subject: Offer {number}\nMessage-ID: <m{number}@customer.example>\n"
        f"X-Mailer: left out of the index\nDate: Mon, 5 Jan 2026 09:00:00 +0000\n\n{body} {number}\n"
    ).encode()


class MailStoreCases:
    def filled(self, box: Box, count: int = 5) -> MailStore:
        for number in range(1, count + 1):
            box.deliver(message(number))
        box.store.open("INBOX", writable=True)
        return box.store

    def test_lists_mailboxes_with_roles(self, box: Box) -> None:
        roles = {found.path: found.role for found in box.store.mailboxes()}
        assert roles["INBOX"] == "inbox"
        assert {"sent", "drafts", "trash", "archive"} <= set(roles.values())
        assert all(found.delimiter for found in box.store.mailboxes())

    def test_status_leaves_out_what_is_not_there(self, box: Box) -> None:
        self.filled(box, 3)
        found = box.store.status(["INBOX", "Sent", "No such place"])
        assert set(found) == {"INBOX", "Sent"}
        assert (found["INBOX"].exists, found["INBOX"].unseen) == (3, 3)
        assert found["INBOX"].uidnext == 4
        assert found["INBOX"].uidvalidity

    def test_status_of_one_mailbox(self, box: Box) -> None:
        self.filled(box, 2)
        assert box.store.status(["INBOX"])["INBOX"].exists == 2
        assert box.store.status([]) == {}

    def test_opening_what_is_not_there_concerns_that_mailbox_only(self, box: Box) -> None:
        with pytest.raises(ProviderError) as caught:
            box.store.open("No such place")
        assert (caught.value.code, caught.value.reaction) == (
            "mailbox_not_opened",
            Reaction.MAILBOX,
        )
        assert box.store.open("INBOX").exists == 0

    def test_uids_of_all_and_since_a_day(self, box: Box) -> None:
        store = self.filled(box)
        assert store.uids() == [1, 2, 3, 4, 5]
        assert store.uids(since=datetime.now(UTC) + timedelta(days=5)) == []
        assert store.uids(since=datetime(2020, 1, 1, tzinfo=UTC)) == [1, 2, 3, 4, 5]

    def test_index_has_the_fields_and_no_others(self, box: Box) -> None:
        store = self.filled(box, 2)
        rows = {row.uid: row for row in store.index([1, 2, 77])}
        assert set(rows) == {1, 2}
        row = rows[1]
        assert b"Subject: Offer 1\r\n" in row.header
        assert b"Message-ID: <m1@customer.example>\r\n" in row.header
        assert b"X-Mailer" not in row.header
        assert row.header.endswith(b"\r\n\r\n")
        assert row.size == len(message(1).replace(b"\n", b"\r\n"))
        assert row.received_at is not None
        assert row.received_at.tzinfo is not None

    def test_content_is_the_message_to_the_byte(self, box: Box) -> None:
        store = self.filled(box)
        rows = {row.uid: row.raw for row in store.content([3, 1, 99])}
        assert rows == {n: message(n).replace(b"\n", b"\r\n") for n in (1, 3)}

    def test_reading_never_marks_as_read(self, box: Box) -> None:
        store = self.filled(box, 2)
        list(store.index([1, 2]))
        list(store.content([1, 2]))
        store.part(1, "1")
        assert [row.keywords for row in store.keywords(1)] == [Keyword.NONE, Keyword.NONE]

    def test_leaving_a_loop_early_keeps_the_connection_in_step(self, box: Box) -> None:
        store = self.filled(box)
        for row in store.content([1, 2, 3, 4, 5]):
            assert row.raw
            break
        assert store.uids() == [1, 2, 3, 4, 5]

    def test_marks_are_set_and_taken_back_and_repeatable(self, box: Box) -> None:
        store = self.filled(box, 3)
        for _ in range(2):
            store.set_keywords([1, 2], add=Keyword.SEEN | Keyword.FLAGGED | Keyword.FORWARDED)
            store.set_keywords([2, 88], remove=Keyword.FLAGGED)
        marks = {row.uid: row.keywords for row in store.keywords(1)}
        assert marks == {
            1: Keyword.SEEN | Keyword.FLAGGED | Keyword.FORWARDED,
            2: Keyword.SEEN | Keyword.FORWARDED,
            3: Keyword.NONE,
        }

    def test_marks_of_a_range(self, box: Box) -> None:
        store = self.filled(box)
        assert [row.uid for row in store.keywords(2, 4)] == [2, 3, 4]
        # `9:*` names the last message in IMAP; here a range is a range.
        assert list(store.keywords(9)) == []

    def test_changes_since_a_moment(self, box: Box) -> None:
        store = self.filled(box)
        if "CONDSTORE" not in store.capabilities:
            assert store.open("INBOX").modseq is None
            return
        before = store.open("INBOX", writable=True)
        assert before.modseq
        assert before.uidvalidity
        store.set_keywords([2], add=Keyword.SEEN)
        store.move([4], "Archive")
        changes, vanished = store.changed_since(before.modseq, before.uidvalidity)
        assert [(row.uid, row.keywords) for row in changes] == [(2, Keyword.SEEN)]
        assert all(row.modseq and row.modseq > before.modseq for row in changes)
        if "QRESYNC" in store.capabilities:
            assert vanished == [4]
        else:
            assert vanished is None

    def test_a_cursor_of_another_numbering_is_lost(self, box: Box) -> None:
        store = self.filled(box)
        if "CONDSTORE" not in store.capabilities:
            assert store.open("INBOX").modseq is None
            return
        with pytest.raises(ProviderError) as caught:
            store.changed_since(1, 4_000_000_000)
        assert caught.value.reaction is Reaction.STATE_LOST

    def test_moves_or_says_that_it_cannot(self, box: Box) -> None:
        store = self.filled(box)
        if not store.capabilities & {"MOVE", "UIDPLUS"}:
            with pytest.raises(ProviderError) as caught:
                store.move([1], "Archive")
            assert caught.value.code == "no_safe_move"
            assert store.uids() == [1, 2, 3, 4, 5]
            return
        moved = store.move([2, 4, 99], "Archive")
        assert [row.uid for row in moved if row.new_uid] == [2, 4]
        assert store.uids() == [1, 3, 5]
        status = store.open("Archive")
        assert {row.uidvalidity for row in moved if row.new_uid} == {status.uidvalidity}
        assert store.uids() == [row.new_uid for row in moved if row.new_uid]
        raws = [row.raw for row in store.content(store.uids())]
        assert raws == [message(n).replace(b"\n", b"\r\n") for n in (2, 4)]

    def test_moving_to_nowhere_moves_nothing(self, box: Box) -> None:
        store = self.filled(box, 2)
        with pytest.raises(ProviderError):
            store.move([1], "No such place")
        assert store.uids() == [1, 2]

    def test_expunges_these_and_no_others_or_says_that_it_cannot(self, box: Box) -> None:
        store = self.filled(box)
        if "UIDPLUS" not in store.capabilities:
            with pytest.raises(ProviderError) as caught:
                store.expunge([1])
            assert caught.value.code == "no_safe_move"
            assert store.uids() == [1, 2, 3, 4, 5]
            return
        store.expunge([2, 4, 99])
        assert store.uids() == [1, 3, 5]
        store.expunge([2])
        assert store.uids() == [1, 3, 5]

    def test_appends_with_marks_and_date(self, box: Box) -> None:
        raw = message(7, body="Grüße").replace(b"\n", b"\r\n")
        when = datetime(2025, 12, 24, 18, 30, tzinfo=UTC)
        box.store.append("Sent", raw, keywords=Keyword.SEEN, received_at=when)
        box.store.open("Sent")
        (row,) = box.store.content(box.store.uids())
        assert (row.raw, row.keywords, row.received_at) == (raw, Keyword.SEEN, when)

    def test_append_tells_the_uid_where_it_can(self, box: Box) -> None:
        store = box.store
        where = store.append("Sent", message(8).replace(b"\n", b"\r\n"), keywords=Keyword.SEEN)
        status = store.open("Sent")
        if "UIDPLUS" in store.capabilities:
            assert (where.uidvalidity, where.new_uid) == (status.uidvalidity, 1)

    def test_finds_by_the_whole_message_id(self, box: Box) -> None:
        store = self.filled(box)
        assert store.find("m3@customer.example") == [3]
        assert store.find("m3@customer") == []
        assert store.find('x" OR ALL "') == []

    def test_sees_what_another_connection_did(self, box: Box) -> None:
        store = self.filled(box, 2)
        other = box.second()
        try:
            other.open("INBOX", writable=True)
            other.set_keywords([1], add=Keyword.SEEN)
        finally:
            other.close()
        store.open("INBOX")
        assert [row.keywords for row in store.keywords(1)] == [Keyword.SEEN, Keyword.NONE]

    def test_a_message_that_is_gone_is_a_trouble_of_that_message(self, box: Box) -> None:
        store = self.filled(box, 1)
        for ask in (lambda: store.part(9, "1"), lambda: store.text_only(9)):
            with pytest.raises(ProviderError) as caught:
                ask()
            assert caught.value.reaction is Reaction.MESSAGE
        assert store.part(1, "1") == b"Hello 1\r\n"

    def test_closing_twice_is_no_trouble(self, box: Box) -> None:
        box.store.close()
        box.store.close()

    def test_a_settled_connection_waits_and_sees_what_came_meanwhile(self, box: Box) -> None:
        store = self.filled(box, 2)
        store.open("INBOX", writable=True)
        if not store.settle():
            # Without UNSELECT the way out of a mailbox opened for writing is an EXPUNGE.
            return
        other = box.second()
        try:
            other.append("INBOX", message(3), keywords=Keyword.NONE)
        finally:
            other.close()
        assert store.is_alive()
        assert store.status(["INBOX"])["INBOX"].exists == 3
        store.close()
        assert not store.is_alive()
