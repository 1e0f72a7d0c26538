"""The language between our code and a mail server: JMAP's verbs (RFC 8620), plain data.

`MailStore` reads and changes mailboxes; `Submitter` hands mail over. Both are used from one
thread at a time, raise only ProviderError, and know nothing of rows. A provider's own ids and
words stay inside its adapter, except as opaque values in these data classes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntFlag, StrEnum
from typing import Protocol


class Keyword(IntFlag):
    """RFC 8621 4.1.1 keywords that we follow."""

    NONE = 0
    SEEN = 1
    FLAGGED = 2
    ANSWERED = 4
    DRAFT = 8
    FORWARDED = 16


class Reaction(StrEnum):
    """What an error asks for; decides who acts and how long to wait."""

    SIGN_IN = "sign_in"  # the user must act: password, consent
    SETTINGS = "settings"  # the user must act: host, port, certificate
    THROTTLED = "throttled"  # wait as long as the server says
    LATER = "later"  # network or server trouble: try again with growing pauses
    STATE_LOST = "state_lost"  # the cursor is worth nothing: compare the mailbox anew
    MAILBOX = "mailbox"  # this mailbox cannot be opened; the others can
    MESSAGE = "message"  # this message cannot be had; the others can
    PROTOCOL = "protocol"  # the server broke the rules: drop the connection
    REFUSED = "refused"  # the server understood and said no; trying again is no use


class ProviderError(Exception):
    """Trouble with a server, sorted by what to do about it.

    `code` is a key of mailsync.errors.SENTENCES and safe to store and log; `server_text` is what
    the server said (may name addresses): shown to the account's owner at once, never stored.
    """

    def __init__(
        self,
        code: str,
        reaction: Reaction,
        *,
        server_text: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.reaction = reaction
        self.server_text = server_text
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where to connect and how to sign in. `pinned` is a SHA-256 of a certificate, in hex."""

    host: str
    port: int
    security: str  # mailsync.enums.Security
    user_name: str
    secret: str = field(repr=False)
    pinned: str = ""


@dataclass(frozen=True, slots=True)
class RemoteMailbox:
    """A mailbox as the server lists it."""

    path: str  # decoded name; opaque to everyone else
    delimiter: str = ""
    role: str = ""  # mailsync.enums.MailboxRole, empty when the server does not say
    is_selectable: bool = True
    object_id: str = ""


@dataclass(frozen=True, slots=True)
class MailboxStatus:
    """A snapshot of a mailbox (RFC 9051 6.3.11). None where the server gives no figure."""

    uidvalidity: int | None
    uidnext: int | None
    exists: int | None
    modseq: int | None = None
    unseen: int | None = None


@dataclass(frozen=True, slots=True)
class Indexed:
    """The index stage of one message: enough to list, thread and link it."""

    uid: int
    keywords: Keyword
    received_at: datetime | None
    size: int
    header: bytes  # the fields of HEADER_FIELDS, as they stand in the message; or none
    modseq: int | None = None
    provider_id: str = ""  # X-GM-MSGID, EMAILID
    provider_thread_id: str = ""  # X-GM-THRID, THREADID
    labels: tuple[str, ...] = ()  # X-GM-LABELS


@dataclass(frozen=True, slots=True)
class Content:
    """The raw bytes of one message, with what came along."""

    uid: int
    raw: bytes
    keywords: Keyword
    received_at: datetime | None
    modseq: int | None = None
    provider_id: str = ""
    provider_thread_id: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeywordChange:
    uid: int
    keywords: Keyword
    modseq: int | None = None
    # X-GM-LABELS as they are now; None where the server has none.
    labels: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a moved or appended message is now; None where the server does not tell."""

    uid: int
    uidvalidity: int | None = None
    new_uid: int | None = None


HEADER_FIELDS = (
    "From",
    "Sender",
    "To",
    "Cc",
    "Bcc",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "List-Id",
    "List-Unsubscribe",
    "Auto-Submitted",
    "Precedence",
    "Return-Path",
    "Content-Type",
)


class MailStore(Protocol):
    """A signed-in connection to one account's mailboxes."""

    capabilities: frozenset[str]

    def mailboxes(self) -> list[RemoteMailbox]:
        """Every mailbox of the account."""

    def status(self, paths: Iterable[str]) -> dict[str, MailboxStatus]:
        """Snapshots, in one command where LIST-STATUS (RFC 5819) is there. A path that cannot
        be asked is left out."""

    def open(self, path: str, *, writable: bool = False) -> MailboxStatus:
        """Selects the mailbox for the calls below. EXAMINE unless `writable`."""

    def uids(self, *, since: datetime | None = None) -> list[int]:
        """All UIDs, ascending; with `since` those that arrived on that day or later."""

    def keywords(self, first: int, last: int | None = None) -> Iterator[KeywordChange]:
        """Marks, and labels, of every message with a UID in the range."""

    def changed_since(
        self, modseq: int, uidvalidity: int
    ) -> tuple[list[KeywordChange], list[int] | None]:
        """Marks and labels changed after `modseq` (RFC 7162), and the UIDs that vanished since; None when
        the server cannot tell what vanished. Servers lie about this: check a mass of vanished
        ones against `uids` before believing it. Raises STATE_LOST when the open mailbox has
        another UIDVALIDITY."""

    def index(self, uids: Iterable[int], *, with_headers: bool = True) -> Iterator[Indexed]:
        """The index stage of these messages, in the server's order; gone ones are left out.
        Without headers a server need not open the messages."""

    def content(self, uids: Iterable[int]) -> Iterator[Content]:
        """The raw bytes of these messages; gone ones, and ones above 50 MB, are left out: ask
        `Indexed.size` first and take big ones by `text_only`. Never marks as read. Rows come
        batch by batch; ending the loop early reads the answers under way to their end, and no
        other call may be made in between."""

    def part(self, uid: int, section: str) -> bytes:
        """One part as it stands in the message (still transfer-encoded)."""

    def text_only(self, uid: int) -> Content:
        """A big message without its attachments' bytes: all header fields and text parts, put
        together as a whole MIME message. A part that was left out has an empty body and the
        field `X-Dealpost-Omitted: section=2.1; size=12345`; `part` brings its bytes."""

    def find(self, message_id: str) -> list[int]:
        """UIDs in the open mailbox with exactly this Message-ID (without angle brackets)."""

    def set_keywords(
        self, uids: Iterable[int], *, add: Keyword = Keyword.NONE, remove: Keyword = Keyword.NONE
    ) -> None:
        """Changes marks; repeating it changes nothing more. The mailbox has to be open with
        `writable`, here and for `move`."""

    def set_labels(
        self, uids: Iterable[int], *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> None:
        """Changes Gmail's labels (X-GM-EXT-1), each by its mailbox's name or Gmail's own
        word for it; repeating it changes nothing more. Without the extension raises ProviderError("refused", REFUSED)."""

    def move(self, uids: Iterable[int], target: str) -> list[Moved]:
        """Moves messages (RFC 6851); without MOVE copies, marks deleted, expunges by UID
        (RFC 4315); without UIDPLUS raises ProviderError("no_safe_move", REFUSED)."""

    def expunge(self, uids: Iterable[int]) -> None:
        """Removes these messages for good, and no others (RFC 4315); gone ones are no trouble.
        Without UIDPLUS raises ProviderError("no_safe_move", REFUSED). The mailbox has to be open
        with `writable`."""

    def append(
        self, path: str, raw: bytes, *, keywords: Keyword, received_at: datetime | None = None
    ) -> Moved:
        """Stores a message in a mailbox; `uid` of the answer is 0."""

    def settle(self) -> bool:
        """Leaves the open mailbox, so that the connection can wait for its next use. False when
        it cannot; then it is to be closed. Never raises."""

    def is_alive(self) -> bool:
        """Whether the server still answers. Never raises."""

    def close(self) -> None:
        """Logs out if it can; never raises."""


@dataclass(frozen=True, slots=True)
class RecipientResult:
    """What the server said about one recipient."""

    address: str
    accepted: bool
    code: int = 0
    enhanced: str = ""  # RFC 3463 status
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class SubmitResult:
    recipients: tuple[RecipientResult, ...]
    # True when the whole message was accepted for at least one recipient.
    accepted: bool


class Submitter(Protocol):
    """A way to hand a message over (RFC 6409)."""

    # True when the provider stores the copy in Sent by itself.
    saves_sent_copy: bool

    def submit(
        self,
        raw: bytes,
        *,
        envelope_from: str,
        envelope_to: Iterable[str],
        before_final_dot: "BeforeHandOver",
    ) -> SubmitResult:
        """Sends the message. Calls `before_final_dot` right before the moment after which the
        server may have it; an error raised later carries code "outcome_unknown"."""

    def close(self) -> None:
        """Never raises."""


class BeforeHandOver(Protocol):
    def __call__(self) -> None: ...
