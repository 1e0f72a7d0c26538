"""A mail server in memory, for tests of what is above the protocol.

`FakeServer` is the account on the server: tests change it as another mail program would
(`deliver`, `mark`, `expunge`, `relocate`, `bump_uidvalidity`). `server.open_store()` gives a
MailStore on it. It passes the same cases as IMAPStore on Dovecot (tests/cases/mail_store.py).

Faults: every call and every row handed out is a step, counted in `server.steps`;
`server.fail_at(n, error)` raises at the n-th step from now, once.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from mailsync.enums import MailboxRole
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
)

FULL = frozenset(
    [
        "IMAP4REV1",
        "IDLE",
        "UIDPLUS",
        "MOVE",
        "ESEARCH",
        "LIST-EXTENDED",
        "LIST-STATUS",
        "SPECIAL-USE",
        "ENABLE",
        "CONDSTORE",
        "QRESYNC",
        "LITERAL+",
        "NAMESPACE",
        "ID",
    ]
)
MICROSOFT = frozenset(
    ["IMAP4", "IMAP4REV1", "UIDPLUS", "MOVE", "ID", "IDLE", "NAMESPACE", "LITERAL+"]
)
GMAIL = frozenset(
    [
        "IMAP4REV1",
        "IDLE",
        "UIDPLUS",
        "MOVE",
        "ESEARCH",
        "SPECIAL-USE",
        "ENABLE",
        "CONDSTORE",
        "LITERAL-",
        "NAMESPACE",
        "ID",
        "X-GM-EXT-1",
    ]
)
BARE = frozenset({"IMAP4REV1"})

_FIELD = re.compile(rb"(?:^|(?<=\n))([!-9;-~]+):[^\n]*\n(?:[ \t][^\n]*\n)*")
_KEPT = frozenset(name.lower().encode() for name in HEADER_FIELDS)


@dataclass
class FakeMessage:
    uid: int
    raw: bytes
    keywords: Keyword
    received_at: datetime
    modseq: int
    provider_id: str = ""
    provider_thread_id: str = ""
    labels: tuple[str, ...] = ()


@dataclass
class FakeMailbox:
    path: str
    role: MailboxRole
    uidvalidity: int
    uidnext: int = 1
    modseq: int = 1
    is_selectable: bool = True
    # Raised when the mailbox is opened or asked for its status.
    error: ProviderError | None = None
    messages: dict[int, FakeMessage] = field(default_factory=dict)
    vanished: list[tuple[int, int]] = field(default_factory=list)

    def next_modseq(self) -> int:
        self.modseq += 1
        return self.modseq


class FakeServer:
    """One account. `now` is the clock of deliveries; it moves by a second with each."""

    def __init__(self, *, capabilities: frozenset[str] = FULL) -> None:
        self.capabilities = capabilities
        self.mailboxes: dict[str, FakeMailbox] = {}
        self.now = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
        self.steps = 0
        self.calls: list[str] = []
        self.sign_in_error: ProviderError | None = None
        self.open_stores = 0
        self._faults: dict[int, BaseException] = {}
        self._next_uidvalidity = 1000
        self._next_provider_id = 1
        for path, role in (
            ("INBOX", MailboxRole.INBOX),
            ("Sent", MailboxRole.SENT),
            ("Drafts", MailboxRole.DRAFTS),
            ("Archive", MailboxRole.ARCHIVE),
            ("Trash", MailboxRole.TRASH),
            ("Junk", MailboxRole.JUNK),
        ):
            self.create(path, role=role)

    # --- What another mail program does -----------------------------------------------------

    def create(self, path: str, *, role: MailboxRole = MailboxRole.NONE) -> FakeMailbox:
        self._next_uidvalidity += 1
        box = FakeMailbox(path, role, self._next_uidvalidity)
        self.mailboxes[path] = box
        return box

    def remove(self, path: str) -> None:
        del self.mailboxes[path]

    def rename(self, old: str, new: str) -> None:
        box = self.mailboxes.pop(old)
        box.path = new
        self.mailboxes[new] = box

    def deliver(
        self,
        raw: bytes,
        *,
        mailbox: str = "INBOX",
        keywords: Keyword = Keyword.NONE,
        received_at: datetime | None = None,
        provider_id: str = "",
        provider_thread_id: str = "",
        labels: tuple[str, ...] = (),
    ) -> int:
        """Stores a message, its line ends made CRLF; returns its UID."""
        self.now += timedelta(seconds=1)
        box = self.mailboxes[mailbox]
        uid = box.uidnext
        box.uidnext += 1
        if "X-GM-EXT-1" in self.capabilities and not provider_id:
            provider_id = str(10**18 + self._next_provider_id)
            self._next_provider_id += 1
        box.messages[uid] = FakeMessage(
            uid=uid,
            raw=re.sub(rb"\r?\n", b"\r\n", raw),
            keywords=keywords,
            received_at=received_at or self.now,
            modseq=box.next_modseq(),
            provider_id=provider_id,
            provider_thread_id=provider_thread_id or provider_id,
            labels=labels,
        )
        return uid

    def mark(
        self,
        mailbox: str,
        uid: int,
        *,
        add: Keyword = Keyword.NONE,
        remove: Keyword = Keyword.NONE,
    ) -> None:
        box = self.mailboxes[mailbox]
        message = box.messages[uid]
        marks = (message.keywords | add) & ~remove
        if marks != message.keywords:
            message.keywords = marks
            message.modseq = box.next_modseq()

    def label(
        self, mailbox: str, uid: int, *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> None:
        """Puts labels on a message and takes others away, as Gmail does."""
        box = self.mailboxes[mailbox]
        message = box.messages[uid]
        kept = [one for one in message.labels if one not in set(remove)]
        labels = tuple(dict.fromkeys([*kept, *add]))
        if labels != message.labels:
            message.labels = labels
            message.modseq = box.next_modseq()

    def expunge(self, mailbox: str, uid: int) -> FakeMessage:
        box = self.mailboxes[mailbox]
        message = box.messages.pop(uid)
        box.vanished.append((box.next_modseq(), uid))
        return message

    def relocate(self, source: str, uid: int, target: str) -> int:
        """Moves a message; returns its new UID."""
        message = self.expunge(source, uid)
        return self.deliver(
            message.raw,
            mailbox=target,
            keywords=message.keywords,
            received_at=message.received_at,
            provider_id=message.provider_id,
            provider_thread_id=message.provider_thread_id,
            labels=message.labels,
        )

    def bump_uidvalidity(self, mailbox: str) -> None:
        """Numbers a mailbox anew, as a restored server does."""
        box = self.mailboxes[mailbox]
        self._next_uidvalidity += 1
        box.uidvalidity = self._next_uidvalidity
        messages = sorted(box.messages.values(), key=lambda message: message.uid)
        box.messages = {}
        box.vanished = []
        box.uidnext = 1
        for message in messages:
            message.uid = box.uidnext
            message.modseq = box.next_modseq()
            box.messages[message.uid] = message
            box.uidnext += 1

    # --- Faults and doors -------------------------------------------------------------------

    def fail_at(self, step: int, error: BaseException) -> None:
        self._faults[self.steps + step] = error

    def open_store(self) -> "FakeStore":
        self.step("sign_in")
        if self.sign_in_error:
            raise self.sign_in_error
        self.open_stores += 1
        return FakeStore(self)

    def step(self, name: str) -> None:
        self.steps += 1
        self.calls.append(name)
        error = self._faults.pop(self.steps, None)
        if error is not None:
            raise error

    def snapshot(self) -> dict[str, list[tuple[bytes, Keyword, list[str]]]]:
        """What is in each mailbox, without numbers: for comparing two runs."""
        return {
            path: sorted(
                (message.raw, message.keywords, sorted(message.labels))
                for message in box.messages.values()
            )
            for path, box in self.mailboxes.items()
        }


class FakeStore:
    """A MailStore on a FakeServer."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.capabilities = server.capabilities
        self._box: FakeMailbox | None = None
        self._is_writable = False
        self._is_closed = False

    def _has(self, capability: str) -> bool:
        return capability in self.capabilities

    def _step(self, name: str) -> None:
        if self._is_closed:
            raise ProviderError("connection_lost", Reaction.LATER)
        self.server.step(name)

    def _opened(self, *, writable: bool = False) -> FakeMailbox:
        if self._box is None or (writable and not self._is_writable):
            raise RuntimeError("open the mailbox first")
        return self._box

    def _labels(self, message: FakeMessage) -> tuple[str, ...] | None:
        return message.labels if self._has("X-GM-EXT-1") else None

    def _modseq(self, value: int) -> int | None:
        return value if self._has("CONDSTORE") else None

    # --- Mailboxes ----------------------------------------------------------------------------

    def mailboxes(self) -> list[RemoteMailbox]:
        self._step("mailboxes")
        return [
            RemoteMailbox(
                path=box.path,
                delimiter="/",
                role=box.role.value,
                is_selectable=box.is_selectable,
            )
            for box in self.server.mailboxes.values()
        ]

    def _status(self, box: FakeMailbox, *, unseen: bool) -> MailboxStatus:
        count = sum(1 for m in box.messages.values() if not m.keywords & Keyword.SEEN)
        return MailboxStatus(
            uidvalidity=box.uidvalidity,
            uidnext=box.uidnext,
            exists=len(box.messages),
            modseq=self._modseq(box.modseq),
            unseen=count if unseen else None,
        )

    def status(self, paths: Iterable[str]) -> dict[str, MailboxStatus]:
        self._step("status")
        wanted = set(paths)
        return {
            path: self._status(box, unseen=True)
            for path, box in self.server.mailboxes.items()
            if path in wanted and box.is_selectable and box.error is None
        }

    def open(self, path: str, *, writable: bool = False) -> MailboxStatus:
        self._step(f"open {path}")
        self._box = None
        box = self.server.mailboxes.get(path)
        if box is not None and box.error is not None:
            raise box.error
        if box is None or not box.is_selectable:
            raise ProviderError("mailbox_not_opened", Reaction.MAILBOX)
        self._box = box
        self._is_writable = writable
        return self._status(box, unseen=False)

    # --- Lists --------------------------------------------------------------------------------

    def uids(self, *, since: datetime | None = None) -> list[int]:
        self._step("uids")
        return sorted(
            message.uid
            for message in self._opened().messages.values()
            if since is None or message.received_at.date() >= since.date()
        )

    def keywords(self, first: int, last: int | None = None) -> Iterator[KeywordChange]:
        self._step("keywords")
        for message in list(self._opened().messages.values()):
            if message.uid >= first and (last is None or message.uid <= last):
                self._step("keywords row")
                modseq = self._modseq(message.modseq)
                yield KeywordChange(message.uid, message.keywords, modseq, self._labels(message))

    def changed_since(
        self, modseq: int, uidvalidity: int
    ) -> tuple[list[KeywordChange], list[int] | None]:
        self._step("changed_since")
        box = self._opened()
        if box.uidvalidity != uidvalidity:
            raise ProviderError("state_lost", Reaction.STATE_LOST)
        changes = [
            KeywordChange(message.uid, message.keywords, message.modseq, self._labels(message))
            for message in box.messages.values()
            if message.modseq > modseq
        ]
        if not self._has("QRESYNC"):
            return changes, None
        return changes, sorted(uid for at, uid in box.vanished if at > modseq)

    # --- Index and content --------------------------------------------------------------------

    def index(self, uids: Iterable[int], *, with_headers: bool = True) -> Iterator[Indexed]:
        self._step("index")
        for message in self._messages(sorted(set(uids))):
            self._step("index row")
            yield Indexed(
                uid=message.uid,
                keywords=message.keywords,
                received_at=message.received_at,
                size=len(message.raw),
                header=_header_fields(message.raw) if with_headers else b"",
                modseq=self._modseq(message.modseq),
                provider_id=message.provider_id,
                provider_thread_id=message.provider_thread_id,
                labels=message.labels,
            )

    def content(self, uids: Iterable[int]) -> Iterator[Content]:
        self._step("content")
        for message in self._messages(list(dict.fromkeys(uids))):
            self._step("content row")
            yield self._content(message, message.raw)

    def part(self, uid: int, section: str) -> bytes:
        self._step("part")
        body = self._one(uid).raw.partition(b"\r\n\r\n")[2]
        if section == "1":
            return body
        raise ProviderError("message_not_had", Reaction.MESSAGE)

    def text_only(self, uid: int) -> Content:
        """The fake knows no parts: header and the first 64 KB of the body."""
        self._step("text_only")
        message = self._one(uid)
        header, gap, body = message.raw.partition(b"\r\n\r\n")
        return self._content(message, header + gap + body[: 64 << 10])

    def find(self, message_id: str) -> list[int]:
        self._step("find")
        needle = re.compile(rb"(?im)^message-id:\s*<" + re.escape(message_id.encode()) + rb">")
        return sorted(
            message.uid
            for message in self._opened().messages.values()
            if needle.search(message.raw.partition(b"\r\n\r\n")[0])
        )

    def _messages(self, uids: list[int]) -> Iterator[FakeMessage]:
        box = self._opened()
        for uid in uids:
            if uid in box.messages:
                yield box.messages[uid]

    def _one(self, uid: int) -> FakeMessage:
        for message in self._messages([uid]):
            return message
        raise ProviderError("message_not_had", Reaction.MESSAGE)

    def _content(self, message: FakeMessage, raw: bytes) -> Content:
        return Content(
            uid=message.uid,
            raw=raw,
            keywords=message.keywords,
            received_at=message.received_at,
            modseq=self._modseq(message.modseq),
            provider_id=message.provider_id,
            provider_thread_id=message.provider_thread_id,
            labels=message.labels,
        )

    # --- Changes ------------------------------------------------------------------------------

    def set_keywords(
        self,
        uids: Iterable[int],
        *,
        add: Keyword = Keyword.NONE,
        remove: Keyword = Keyword.NONE,
    ) -> None:
        self._step("set_keywords")
        box = self._opened(writable=True)
        for uid in uids:
            if uid in box.messages:
                self.server.mark(box.path, uid, add=add, remove=remove)

    def set_labels(
        self, uids: Iterable[int], *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> None:
        self._step("set_labels")
        box = self._opened(writable=True)
        if not self._has("X-GM-EXT-1"):
            raise ProviderError("refused", Reaction.REFUSED)
        for uid in uids:
            if uid in box.messages:
                self.server.label(box.path, uid, add=add, remove=remove)

    def move(self, uids: Iterable[int], target: str) -> list[Moved]:
        self._step("move")
        box = self._opened(writable=True)
        if not self._has("MOVE") and not self._has("UIDPLUS"):
            raise ProviderError("no_safe_move", Reaction.REFUSED)
        if target not in self.server.mailboxes:
            raise ProviderError("mailbox_not_opened", Reaction.MAILBOX)
        uidvalidity = self.server.mailboxes[target].uidvalidity
        return [
            Moved(uid, uidvalidity, self.server.relocate(box.path, uid, target))
            for uid in sorted(set(uids))
            if uid in box.messages
        ]

    def expunge(self, uids: Iterable[int]) -> None:
        self._step("expunge")
        box = self._opened(writable=True)
        if not self._has("UIDPLUS"):
            raise ProviderError("no_safe_move", Reaction.REFUSED)
        for uid in uids:
            if uid in box.messages:
                self.server.expunge(box.path, uid)

    def append(
        self, path: str, raw: bytes, *, keywords: Keyword, received_at: datetime | None = None
    ) -> Moved:
        self._step("append")
        if path not in self.server.mailboxes:
            raise ProviderError("mailbox_not_opened", Reaction.MAILBOX)
        uid = self.server.deliver(raw, mailbox=path, keywords=keywords, received_at=received_at)
        if not self._has("UIDPLUS"):
            return Moved(0)
        return Moved(0, self.server.mailboxes[path].uidvalidity, uid)

    def settle(self) -> bool:
        self._box = None
        return not self._is_closed

    def is_alive(self) -> bool:
        return not self._is_closed

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self.server.open_stores -= 1


def _header_fields(raw: bytes) -> bytes:
    header = raw.partition(b"\r\n\r\n")[0] + b"\r\n"
    kept = [m[0] for m in _FIELD.finditer(header) if m[1].lower() in _KEPT]
    return b"".join(kept) + b"\r\n"
