"""What a message is once it has been read: plain data, without Django."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """Who wrote it: a person, or which kind of machine."""

    PERSON = "person"
    AUTOMATIC = "automatic"  # RFC 3834: vacation notes and other answers of machines
    LIST = "list"  # RFC 2369: mailing lists, newsletters
    BOUNCE = "bounce"  # RFC 3464 and its many relatives
    RECEIPT = "receipt"  # RFC 8098


class Readability(StrEnum):
    COMPLETE = "complete"
    PARTIAL = "partial"  # read, but something in it was broken or cut
    UNREADABLE = "unreadable"  # only the raw bytes are of use


@dataclass(frozen=True, slots=True)
class Party:
    """A mailbox of RFC 5322 3.4: display name (may be empty) and normalised address."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Part:
    """A file in the message. `section` is its IMAP section number (RFC 9051 6.4.5)."""

    section: str
    name: str
    content_type: str
    size: int
    content_id: str = ""
    is_inline: bool = False


# A part of these kinds in a multipart/signed is the signature (RFC 1847, RFC 3156, RFC 8551).
SIGNATURES = frozenset(
    ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature")
)
# A message inside its signature, told from an encrypted one of the same media type.
SIGNED_DATA = "application/pkcs7-mime; smime-type=signed-data"


@dataclass(frozen=True, slots=True)
class ParsedEmail:
    """Everything ingest stores about one message. Never raises: see `readability` and `note`."""

    digest: bytes  # SHA-256 of the raw bytes
    size: int
    message_id: str = ""  # without angle brackets
    references: tuple[str, ...] = ()  # References, then In-Reply-To; oldest first, bounded
    subject: str = ""
    sender: Party = Party("", "")  # the From field's first mailbox
    to: tuple[Party, ...] = ()
    cc: tuple[Party, ...] = ()
    bcc: tuple[Party, ...] = ()
    reply_to: tuple[Party, ...] = ()
    sent_at: datetime | None = None  # aware, UTC
    text: str = ""  # what a person reads, from text/plain or else from HTML; bounded
    preview: str = ""  # first words of the new text, quotes left out; one line
    has_html: bool = False
    attachments: tuple[Part, ...] = ()
    kind: Kind = Kind.PERSON
    list_id: str = ""
    is_signed: bool = False
    is_encrypted: bool = False
    readability: Readability = Readability.COMPLETE
    note: str = ""  # a short code: why it is partial or unreadable
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file that goes out with a message; with a `content_id` the HTML shows it by `cid:`."""

    name: str
    content_type: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingEmail:
    """Everything that makes the bytes of a message; the same values make the same bytes."""

    message_id: str  # without angle brackets; fixed before the first attempt to send
    sender: Party
    sent_at: datetime  # aware
    to: tuple[Party, ...] = ()
    cc: tuple[Party, ...] = ()
    bcc: tuple[Party, ...] = ()
    reply_to: tuple[Party, ...] = ()
    subject: str = ""
    text: str = ""
    html: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    files: tuple[OutgoingFile, ...] = ()
    list_unsubscribe: tuple[str, ...] = ()  # mailto: and https: addresses


class Answer(StrEnum):
    REPLY = "reply"
    REPLY_ALL = "reply_all"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True)
class AnswerHeader:
    """What an answer begins with: whom it goes to, and how it joins its thread."""

    to: tuple[Party, ...]
    cc: tuple[Party, ...]
    subject: str
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
