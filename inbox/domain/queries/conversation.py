"""One conversation as a reader sees it: its messages oldest first, each open or folded."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch
from django.utils.functional import cached_property

from common.addresses import normalise_address
from crm.models.attached import RECORD_FIELDS
from inbox.domain.queries.outgoing import troubles
from inbox.models import TrustedSender
from mailsync.enums import EmailKind, ParseState
from mailsync.mime import quotes
from mailsync.mime.types import SIGNED_DATA
from mailsync.models import Attachment, Email, MailAccount, Thread, ThreadLink
from mailsync.rules import links_seen_by

# More messages than this and the middle of a conversation waits behind a button.
SHOWN = 60


PGP_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
ENCRYPTED = frozenset(
    {"application/pgp-encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}
)


@dataclass
class Message:
    """An email in the page."""

    email: Email
    is_open: bool
    is_own: bool
    parts: list[Attachment] = field(default_factory=list)
    # The reader wants this sender's pictures from the web without being asked.
    is_trusted: bool = False

    @property
    def key(self) -> str:
        return self.email.key

    @cached_property
    def files(self) -> list[Attachment]:
        return [part for part in self.parts if part.is_file]

    @cached_property
    def signatures(self) -> list[Attachment]:
        return [part for part in self.parts if part.is_signature]

    @property
    def is_unreadable(self) -> bool:
        return self.email.parse_state == ParseState.UNREADABLE

    @property
    def has_html(self) -> bool:
        body = getattr(self.email, "body", None)
        return bool(body and body.has_html)

    @cached_property
    def text(self) -> quotes.Split:
        """New text, quote and signature of the plain text."""
        body = getattr(self.email, "body", None)
        return quotes.split(body.text if body else "")

    @property
    def invitation(self) -> Attachment | None:
        """The calendar part, whether or not the sender gave it a file name."""
        return next((f for f in self.files if f.content_type == "text/calendar"), None)

    @property
    def is_encrypted(self) -> bool:
        """PGP (RFC 3156, or in the text) and S/MIME (RFC 8551): here nobody has the key."""
        body = getattr(self.email, "body", None)
        return any(f.content_type in ENCRYPTED for f in self.files) or bool(
            body and body.text.lstrip().startswith("-----BEGIN PGP MESSAGE-----")
        )

    @property
    def is_inside_signature(self) -> bool:
        """The text lies in the signature, which other programs open."""
        return any(f.content_type == SIGNED_DATA for f in self.files)

    @property
    def is_signed(self) -> bool:
        """By PGP or S/MIME, as it says: nobody has looked whether that holds."""
        body = getattr(self.email, "body", None)
        return (
            self.is_inside_signature
            or bool(self.signatures)
            or bool(body and body.text.lstrip().startswith(PGP_SIGNED))
        )

    @property
    def is_machine(self) -> bool:
        return self.email.kind != EmailKind.PERSON

    @property
    def troubles(self) -> list[str]:
        """What is known of recipients who did not get it; only for mail sent from here."""
        submission = getattr(self.email, "submission", None)
        return troubles(submission) if submission and self.is_own else []

    def parties(self, role: str) -> list[tuple[str, str]]:
        """(name, address) of one header field's people."""
        return [(name, address) for kind, name, address in self.email.recipients if kind == role]


@dataclass(frozen=True)
class Conversation:
    thread: Thread
    messages: list[Message]
    left_out: int
    may_act: bool

    @property
    def key(self) -> str:
        return self.thread.key


def conversation(thread: Thread, *, user: Any, show_all: bool = False) -> Conversation:
    """The thread's messages. Takes a fixed number of queries."""
    emails = list(
        Email.objects.filter(thread=thread)
        .select_related("body", "submission")
        .prefetch_related(Prefetch("attachments", Attachment.objects.order_by("pk")))
        .order_by("received_at", "pk")
    )
    left_out = 0
    if len(emails) > SHOWN and not show_all:
        left_out = len(emails) - SHOWN
        emails = emails[:1] + emails[left_out + 1 :]
    may_act = MailAccount.objects.usable_by(user).filter(pk=thread.account_id).exists()
    trusted = _trusted_senders(emails, user=user)
    messages = [
        # A colleague is not told what the mailbox's owner has read.
        _message(email, is_open=show_all or (may_act and email.is_unread), trusted=trusted)
        for email in emails
    ]
    if messages:
        messages[-1].is_open = True
    return Conversation(thread=thread, messages=messages, left_out=left_out, may_act=may_act)


def message(email: Email, *, user: Any) -> Message:
    """One message, open."""
    return _message(email, is_open=True, trusted=_trusted_senders([email], user=user))


def _trusted_senders(emails: list[Email], *, user: Any) -> set[str]:
    senders = {normalise_address(email.from_address) for email in emails}
    rows = TrustedSender.objects.filter(user=user, address__in=senders)
    return set(rows.values_list("address", flat=True))


def _message(email: Email, *, is_open: bool, trusted: set[str]) -> Message:
    return Message(
        email=email,
        is_open=is_open,
        is_own=email.is_outgoing,
        parts=list(email.attachments.all()),
        is_trusted=normalise_address(email.from_address) in trusted,
    )


def links_of(thread: Thread, *, user: Any) -> list[ThreadLink]:
    """The thread's links to records that this user may see, items first and the main one first."""
    seen = links_seen_by(user).filter(thread=thread)
    seen = seen.select_related(*RECORD_FIELDS, "created_by")
    order = ("deal", "lead", "project", "person", "organization")
    return sorted(seen, key=lambda link: (order.index(kind_of(link)), not link.is_main, link.pk))


def kind_of(link: ThreadLink) -> str:
    return next(name for name in RECORD_FIELDS if getattr(link, f"{name}_id"))
