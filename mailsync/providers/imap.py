"""Mailboxes over IMAP (RFC 9051, RFC 3501), with what the server offers beyond it."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from mailsync.providers import imap_parse as parse
from mailsync.providers.base import (
    HEADER_FIELDS,
    Content,
    Indexed,
    Keyword,
    KeywordChange,
    MailboxStatus,
    Moved,
    ProviderError,
    Reaction,
    RemoteMailbox,
    ServerAddress,
)
from mailsync.providers.imap_errors import BadAnswerError
from mailsync.providers.imap_mailboxes import MailboxLister, has_modseq, read_row, wire_name
from mailsync.providers.imap_sets import UIDS_PER_COMMAND, slices, uid_set
from mailsync.providers.imap_sign_in import connect, sign_in, start_compression
from mailsync.providers.imap_text import TextOnly
from mailsync.providers.imap_values import flags_of, wire_date, wire_date_time
from mailsync.providers.imap_wire import ImapWire, Literal, Tagged, astring, check
from mailsync.providers.stream import misbehaves

INDEX_BATCH = 500
CONTENT_BATCH = 100
CONTENT_BYTES = 8 << 20
# Messages above this never come whole; `text_only` brings them without attachments.
LARGEST_MESSAGE = 50 << 20
_REMEMBERED_SIZES = 20_000
GMAIL_OWN_LABELS = frozenset({"\\Inbox", "\\Sent", "\\Draft", "\\Starred", "\\Important"})
_COPY_SECONDS = 300.0
_HEADERS = b"BODY.PEEK[HEADER.FIELDS (%s)]" % " ".join(HEADER_FIELDS).encode()


class IMAPStore:
    """A MailStore. `without` names extensions that this host is known to get wrong."""

    def __init__(self, wire: ImapWire, *, without: frozenset[str] = frozenset()) -> None:
        self._wire = wire
        self.capabilities = wire.capabilities - without
        self._lister = MailboxLister(wire, self.capabilities)
        self._open_path: str | None = None
        self._is_writable = False
        self._uidvalidity: int | None = None
        self._uidnext: int | None = None
        self._exists = 0
        self._sizes: OrderedDict[int, int] = OrderedDict()
        self._enable()

    @classmethod
    def connect(
        cls, server: ServerAddress, *, without: frozenset[str] = frozenset()
    ) -> "IMAPStore":
        """Connects and signs in. Raises ProviderError."""
        wire = connect(server)
        try:
            sign_in(wire, server)
            if "COMPRESS=DEFLATE" in wire.capabilities - without:
                start_compression(wire)
            return cls(wire, without=without)
        except BaseException:
            wire.close()
            raise

    def _enable(self) -> None:
        """RFC 7162 3.2.3: only then does the server tell what vanished."""
        self._tells_vanished = False
        if self._has("QRESYNC") and self._has("ENABLE"):
            rows, tagged = self._wire.run(b"ENABLE", b"QRESYNC")
            self._tells_vanished = tagged.status == b"OK" and any(
                b"QRESYNC" in pieces[0].upper() for pieces in rows
            )

    def _has(self, capability: str) -> bool:
        return capability in self.capabilities

    @property
    def _has_modseq(self) -> bool:
        return has_modseq(self.capabilities)

    # --- Mailboxes ----------------------------------------------------------------------------

    def mailboxes(self) -> list[RemoteMailbox]:
        return self._lister.mailboxes()

    def status(self, paths: Iterable[str]) -> dict[str, MailboxStatus]:
        return self._lister.status(paths)

    def open(self, path: str, *, writable: bool = False) -> MailboxStatus:
        self._open_path = None
        self._sizes.clear()
        command: list[bytes | Literal] = [b"SELECT" if writable else b"EXAMINE", wire_name(path)]
        if self._has("CONDSTORE"):
            command.append(b"(CONDSTORE)")
        rows, tagged = self._wire.run(*command)
        check(tagged, code="mailbox_not_opened", reaction=Reaction.MAILBOX)
        status = _status_of_select([*rows, [b"* OK " + tagged.text]])
        self._open_path = path
        self._is_writable = writable
        self._uidvalidity = status.uidvalidity
        self._uidnext = status.uidnext
        self._exists = status.exists or 0
        return status

    # --- Lists --------------------------------------------------------------------------------

    def uids(self, *, since: datetime | None = None) -> list[int]:
        which = b"SINCE " + wire_date(since) if since else b"ALL"
        return self._search(which)

    def _search(self, *criteria: bytes | Literal) -> list[int]:
        returning = (b"RETURN", b"(ALL)") if self._has("ESEARCH") else ()
        rows, _tagged = self._wire.done(b"UID", b"SEARCH", *returning, *criteria)
        try:
            return parse.search_rows(rows)
        except BadAnswerError as error:
            raise misbehaves("a SEARCH answer that cannot be read") from error

    def keywords(self, first: int, last: int | None = None) -> Iterator[KeywordChange]:
        items = self._mark_items()
        upper = last
        while True:
            # RFC 9738: a server with a limit says how far down it got; the rest is asked again.
            limit = _LimitedTo()
            where = b"%d:%s" % (first, b"%d" % upper if upper else b"*")
            command = (b"UID", b"FETCH", where, items)
            answers = self._wire.pipelined(
                [command], expect=max(self._exists, 1000), on_end=limit.judge
            )
            for _number, pieces in answers:
                row = read_row(parse.flags_row, pieces)
                # `n:*` names the last message even when its UID is below n.
                if row and row[0] >= first and (last is None or row[0] <= last):
                    yield KeywordChange(*row)
            if limit.lowest is None or limit.lowest <= first:
                return
            upper = limit.lowest - 1

    def _mark_items(self) -> bytes:
        modseq = b" MODSEQ" if self._has_modseq else b""
        labels = b" X-GM-LABELS" if self._has("X-GM-EXT-1") else b""
        return b"(UID FLAGS%s%s)" % (modseq, labels)

    def changed_since(
        self, modseq: int, uidvalidity: int
    ) -> tuple[list[KeywordChange], list[int] | None]:
        if uidvalidity != self._uidvalidity:
            raise ProviderError("state_lost", Reaction.STATE_LOST)
        since = b"(CHANGEDSINCE %d%s)" % (modseq, b" VANISHED" if self._tells_vanished else b"")
        changes: dict[int, KeywordChange] = {}
        vanished: set[int] | None = set() if self._tells_vanished else None
        command = (b"UID", b"FETCH", b"1:*", self._mark_items(), since)
        expect = max(self._exists, 1000)
        for _number, pieces in self._wire.pipelined([command], expect=expect):
            row = read_row(parse.flags_row, pieces)
            if row:
                changes[row[0]] = KeywordChange(*row)
            elif vanished is not None:
                try:
                    vanished.update(parse.vanished_row(pieces, below=self._uidnext) or ())
                except BadAnswerError:
                    vanished = None  # the caller compares the lists instead
        return list(changes.values()), None if vanished is None else sorted(vanished)

    # --- Index and content --------------------------------------------------------------------

    def index(self, uids: Iterable[int], *, with_headers: bool = True) -> Iterator[Indexed]:
        items = [b"UID FLAGS INTERNALDATE RFC822.SIZE", *self._provider_items()]
        if self._has_modseq:
            items.insert(1, b"MODSEQ")
        if with_headers:
            items.append(_HEADERS)
        wanted = b"(" + b" ".join(items) + b")"
        batches = slices(sorted(set(uids), reverse=True), INDEX_BATCH)
        for row in self._fetch(batches, wanted, needs="RFC822.SIZE"):
            if with_headers and row.get("BODY") is None:
                continue
            self._remember_size(row["UID"], row["RFC822.SIZE"])
            yield Indexed(
                uid=row["UID"],
                keywords=row.get("FLAGS", Keyword.NONE),
                received_at=row.get("INTERNALDATE"),
                size=row["RFC822.SIZE"],
                header=row.get("BODY") or b"",
                modseq=row.get("MODSEQ"),
                provider_id=row.get("X-GM-MSGID") or row.get("EMAILID") or "",
                provider_thread_id=row.get("X-GM-THRID") or row.get("THREADID") or "",
                labels=row.get("X-GM-LABELS", ()),
            )

    def content(self, uids: Iterable[int]) -> Iterator[Content]:
        items = [b"UID FLAGS INTERNALDATE", *self._provider_items(), b"BODY.PEEK[]"]
        if self._has_modseq:
            items.insert(1, b"MODSEQ")
        wanted = b"(" + b" ".join(items) + b")"
        for row in self._fetch(self._content_batches(list(dict.fromkeys(uids))), wanted):
            if row.get("BODY") is None:
                continue
            yield Content(
                uid=row["UID"],
                raw=row["BODY"],
                keywords=row.get("FLAGS", Keyword.NONE),
                received_at=row.get("INTERNALDATE"),
                modseq=row.get("MODSEQ"),
                provider_id=row.get("X-GM-MSGID") or row.get("EMAILID") or "",
                provider_thread_id=row.get("X-GM-THRID") or row.get("THREADID") or "",
                labels=row.get("X-GM-LABELS", ()),
            )

    def part(self, uid: int, section: str) -> bytes:
        if not all(number.isdigit() for number in section.split(".")):
            raise ProviderError("message_not_had", Reaction.MESSAGE)
        row = self._one(uid, b"(UID BODY.PEEK[%s])" % section.encode())
        if row.get("BODY") is None:
            raise ProviderError("message_not_had", Reaction.MESSAGE)
        body: bytes = row["BODY"]
        return body

    def text_only(self, uid: int) -> Content:
        return TextOnly(self._one, uid).content()

    def find(self, message_id: str) -> list[int]:
        hits = self._search(b"HEADER", b"Message-ID", astring(f"<{message_id}>"))
        if not hits:
            return []
        # SEARCH finds parts of a field (RFC 9051 6.4.4); only the whole id counts.
        wanted = b"(UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"
        needle = f"<{message_id}>".encode()
        rows = self._fetch(slices(hits), wanted)
        return sorted(
            row["UID"]
            for row in rows
            if needle in b"".join((row.get("BODY") or b"").partition(b":")[2].split())
        )

    def _provider_items(self) -> list[bytes]:
        if self._has("X-GM-EXT-1"):
            return [b"X-GM-MSGID X-GM-THRID X-GM-LABELS"]
        if self._has("OBJECTID"):
            return [b"EMAILID THREADID"]
        return []

    def _fetch(
        self, batches: Iterable[list[int]], wanted: bytes, *, needs: str = "BODY"
    ) -> Iterator[dict[str, Any]]:
        """Rows of the asked UIDs that have the item `needs`, each once; whatever else the
        server says is left out."""
        asked = [batch for batch in batches if batch]
        commands = [(b"UID", b"FETCH", uid_set(batch), wanted) for batch in asked]
        # Of all commands, not of the one that is answered: RFC 9051 5.5 lets a server work on two
        # FETCHes at once, and Dovecot does while it reads a mailbox for the first time.
        waiting = {uid for batch in asked for uid in batch}
        expect = 2 * UIDS_PER_COMMAND
        for _number, pieces in self._wire.pipelined(commands, expect=expect):
            row = read_row(parse.fetch_items, pieces)
            if row and row.get("UID") in waiting and needs in row:
                waiting.discard(row["UID"])
                yield row

    def _one(self, uid: int, wanted: bytes) -> dict[str, Any]:
        for row in self._fetch([[uid]], wanted):
            return row
        raise ProviderError("message_not_had", Reaction.MESSAGE)

    def _content_batches(self, uids: list[int]) -> list[list[int]]:
        """Batches by bytes, so that a few huge messages do not hold up the rest; messages
        above LARGEST_MESSAGE are left out."""
        unknown = [uid for uid in uids if uid not in self._sizes]
        sizes = {uid: self._sizes[uid] for uid in uids if uid in self._sizes}
        wanted = b"(UID RFC822.SIZE)"
        for row in self._fetch(slices(unknown), wanted, needs="RFC822.SIZE"):
            sizes[row["UID"]] = row["RFC822.SIZE"]
        batches: list[list[int]] = [[]]
        weight = 0
        for uid in uids:
            size = sizes.get(uid)
            if size is None or size > LARGEST_MESSAGE:
                continue
            if len(batches[-1]) >= CONTENT_BATCH or (batches[-1] and weight + size > CONTENT_BYTES):
                batches.append([])
                weight = 0
            batches[-1].append(uid)
            weight += size
        return batches

    def _remember_size(self, uid: int, size: int) -> None:
        self._sizes[uid] = size
        if len(self._sizes) > _REMEMBERED_SIZES:
            self._sizes.popitem(last=False)

    # --- Changes ------------------------------------------------------------------------------

    def set_keywords(
        self, uids: Iterable[int], *, add: Keyword = Keyword.NONE, remove: Keyword = Keyword.NONE
    ) -> None:
        self._must_be_writable()
        for batch in slices(sorted(set(uids))):
            for sign, marks in ((b"+", add), (b"-", remove)):
                if marks:
                    self._wire.done(
                        b"UID",
                        b"STORE",
                        uid_set(batch),
                        sign + b"FLAGS.SILENT",
                        flags_of(marks),
                        expect=2 * len(batch),
                    )

    def set_labels(
        self, uids: Iterable[int], *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> None:
        self._must_be_writable()
        if not self._has("X-GM-EXT-1"):
            raise ProviderError("refused", Reaction.REFUSED)
        labels = [(b"+", label) for label in add] + [(b"-", label) for label in remove]
        for batch in slices(sorted(set(uids))):
            for sign, label in labels:
                name = sign + b"X-GM-LABELS"
                self._wire.done(
                    *(b"UID", b"STORE", uid_set(batch), name, _label(label)),
                    expect=2 * len(batch),
                )

    def move(self, uids: Iterable[int], target: str) -> list[Moved]:
        self._must_be_writable()
        if not self._has("MOVE") and not self._has("UIDPLUS"):
            raise ProviderError("no_safe_move", Reaction.REFUSED)
        moved: list[Moved] = []
        for batch in slices(sorted(set(uids))):
            verb = b"MOVE" if self._has("MOVE") else b"COPY"
            rows, tagged = self._wire.done(
                b"UID", verb, uid_set(batch), wire_name(target), seconds=_COPY_SECONDS
            )
            if verb == b"COPY":
                self._delete(batch)
            moved += _copied(batch, [b"".join(pieces) for pieces in rows] + [tagged.text])
        return moved

    def expunge(self, uids: Iterable[int]) -> None:
        self._must_be_writable()
        if not self._has("UIDPLUS"):
            raise ProviderError("no_safe_move", Reaction.REFUSED)
        for batch in slices(sorted(set(uids))):
            self._delete(batch)

    def _delete(self, batch: list[int]) -> None:
        """Only with UIDPLUS: EXPUNGE without UIDs would delete other clients' deleted mail."""
        uids = uid_set(batch)
        self._wire.done(b"UID", b"STORE", uids, b"+FLAGS.SILENT", b"(\\Deleted)")
        self._wire.done(b"UID", b"EXPUNGE", uids, seconds=_COPY_SECONDS)

    def append(
        self, path: str, raw: bytes, *, keywords: Keyword, received_at: datetime | None = None
    ) -> Moved:
        command: list[bytes | Literal] = [b"APPEND", wire_name(path), flags_of(keywords)]
        if received_at:
            command.append(wire_date_time(received_at))
        _rows, tagged = self._wire.done(*command, Literal(raw), seconds=_COPY_SECONDS)
        return parse.appended(tagged.text)

    def _must_be_writable(self) -> None:
        if self._open_path is None or not self._is_writable:
            raise RuntimeError("open the mailbox with writable=True first")

    # --- The connection -----------------------------------------------------------------------

    def settle(self) -> bool:
        if self._open_path is None:
            return True
        # CLOSE (RFC 9051 6.4.1) expunges what other clients marked deleted, unless the mailbox
        # was opened for reading.
        verb = b"UNSELECT" if self._has("UNSELECT") else b"" if self._is_writable else b"CLOSE"
        self._open_path = None
        return bool(verb) and self._says_ok(verb)

    def is_alive(self) -> bool:
        return self._says_ok(b"NOOP")

    def _says_ok(self, verb: bytes) -> bool:
        try:
            _rows, tagged = self._wire.run(verb)
        except ProviderError:
            return False
        return tagged.status == b"OK"

    def close(self) -> None:
        self._wire.close()


def _label(label: str) -> bytes | Literal:
    """A label as an argument: one of Gmail's own stands as it is, another like a mailbox."""
    name = label.encode() if label in GMAIL_OWN_LABELS else wire_name(label)
    return b"(" + name + b")" if isinstance(name, bytes) else name


class _LimitedTo:
    """Reads the MESSAGELIMIT code (RFC 9738 3) of a command's end."""

    lowest: int | None = None

    def judge(self, _number: int, tagged: Tagged) -> None:
        self.lowest = parse.message_limit(tagged.text)
        if self.lowest is None:
            check(tagged)


def _status_of_select(rows: list[list[bytes]]) -> MailboxStatus:
    figures = parse.select_figures(rows)
    return MailboxStatus(
        uidvalidity=figures.get("UIDVALIDITY"),
        uidnext=figures.get("UIDNEXT"),
        exists=figures.get("EXISTS"),
        modseq=figures.get("HIGHESTMODSEQ"),
    )


def _copied(batch: list[int], texts: list[bytes]) -> list[Moved]:
    where = parse.copied(texts)
    if where is None:
        return [Moved(uid) for uid in batch]
    uidvalidity, new_uids = where
    # Of a message that was gone already there is no new UID.
    return [Moved(uid, uidvalidity, new_uids[uid]) for uid in batch if uid in new_uids]
