from django.db import models
from django.utils.translation import gettext_lazy as _


class AccountKind(models.TextChoices):
    IMAP = "imap", _("IMAP")


class AccountScope(models.TextChoices):
    PERSONAL = "personal", _("Personal account")
    TEAM = "team", _("Team account")


class AccountState(models.TextChoices):
    """See the state graph in mailsync.domain.accounts."""

    OK = "ok", _("Syncing")
    THROTTLED = "throttled", _("Waiting, as the server asked")
    AUTH_FAILED = "auth_failed", _("Needs to sign in again")
    UNREACHABLE = "unreachable", _("Server not reached")
    DISK_FULL = "disk_full", _("Waiting for disk space")
    PAUSED = "paused", _("Paused")
    DISABLED = "disabled", _("Stopped")
    REMOVING = "removing", _("Being removed")


class Direction(models.TextChoices):
    INCOMING = "incoming", _("Incoming server")
    OUTGOING = "outgoing", _("Outgoing server")


class Security(models.TextChoices):
    """Transport security. STARTTLS means required: there is no "if available"."""

    TLS = "tls", _("TLS")
    STARTTLS = "starttls", _("STARTTLS")
    PLAIN = "plain", _("None (only where the operator allows it)")


class MailboxRole(models.TextChoices):
    """RFC 6154 special uses, and INBOX."""

    NONE = "", _("Other")
    INBOX = "inbox", _("Inbox")
    ARCHIVE = "archive", _("Archive")
    DRAFTS = "drafts", _("Drafts")
    SENT = "sent", _("Sent")
    JUNK = "junk", _("Spam")
    TRASH = "trash", _("Trash")
    ALL = "all", _("All mail")


class Place(models.IntegerChoices):
    """Where a copy lies, as bits of one column, so that a thread's places are one OR away.

    A Gmail message lies in several at once: its labels are places (see domain.mailboxes).
    """

    INBOX = 1, "inbox"
    ARCHIVE = 2, "archive"
    DRAFTS = 4, "drafts"
    SENT = 8, "sent"
    JUNK = 16, "junk"
    TRASH = 32, "trash"
    OTHER = 64, "other"


class Placement(models.TextChoices):
    """Where the user put a conversation here, whatever the mailbox says."""

    NONE = "", _("As in the mailbox")
    INBOX = "inbox", _("Inbox")
    ARCHIVE = "archive", _("Archive")


class MailboxState(models.TextChoices):
    """See the state graph in mailsync.domain.sync."""

    NEW = "new", _("New")
    BACKFILL = "backfill", _("Fetching older mail")
    LIVE = "live", _("Up to date")
    RESYNC = "resync", _("Being compared anew")
    PARKED = "parked", _("Cannot be opened")
    GONE = "gone", _("Gone from the server")


class Outcome(models.TextChoices):
    """What became of a message that was seen on the server: the journal's one word."""

    SEEN = "seen", _("Seen, being fetched")
    STORED = "stored", _("Stored")
    DUPLICATE = "duplicate", _("Already here from another folder")
    BLOCKED = "blocked", _("Blocked address")
    TOO_OLD = "too_old", _("Older than the start")
    NOT_CONTACT = "not_contact", _("Not from or to a contact")
    INTERNAL = "internal", _("Company-internal")
    TOO_BIG = "too_big", _("Stored without attachments: too big")
    DRAFT = "draft", _("A draft, shown among the drafts")
    NOT_CHOSEN = "not_chosen", _("Folder not chosen")  # on Gmail: none of its labels is
    FAILED = "failed", _("Could not be read")


class Keyword(models.IntegerChoices):
    """RFC 8621 keywords as bits of one column."""

    SEEN = 1, "$seen"
    FLAGGED = 2, "$flagged"
    ANSWERED = 4, "$answered"
    DRAFT = 8, "$draft"
    FORWARDED = 16, "$forwarded"


class EmailKind(models.TextChoices):
    """Who wrote it: a person or a machine, and which kind of machine."""

    PERSON = "person", _("Person")
    AUTOMATIC = "automatic", _("Automatic answer")
    LIST = "list", _("Mailing list or newsletter")
    BOUNCE = "bounce", _("Delivery report")
    RECEIPT = "receipt", _("Read receipt")


class ParseState(models.TextChoices):
    COMPLETE = "complete", _("Read")
    PARTIAL = "partial", _("Read with gaps")
    UNREADABLE = "unreadable", _("Could not be read")


class LinkOrigin(models.TextChoices):
    """Why a conversation is linked to a record."""

    ADDRESS = "address", _("An address in the conversation")
    AUTOMATIC = "automatic", _("The only open item of its persons")
    REMEMBERED = "remembered", _("An answer kept for this address")
    HAND = "hand", _("Linked by hand")
    CREATED = "created", _("Made from this conversation")


class ChangeOperation(models.TextChoices):
    """A local act that is replayed in the mailbox."""

    KEYWORDS = "keywords", _("Change marks")
    MOVE = "move", _("Move")
    DELETE = "delete", _("Move to trash")
    APPEND = "append", _("Store a copy")


class ChangeState(models.TextChoices):
    PENDING = "pending", _("Waiting")
    RUNNING = "running", _("Being carried out")
    DONE = "done", _("Done")
    FAILED = "failed", _("Not done")
    DROPPED = "dropped", _("Replaced by a later act")


class SubmissionState(models.TextChoices):
    """See the state graph in mailsync.domain.outbox."""

    QUEUED = "queued", _("Waiting to be sent")
    CLAIMED = "claimed", _("Sending")
    HANDED_OVER = "handed_over", _("Handed to the server")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Not sent")
    UNKNOWN = "unknown", _("Perhaps sent")
    CANCELLED = "cancelled", _("Cancelled")


class SentCopy(models.TextChoices):
    """Whether the provider's Sent mailbox has the message yet."""

    NONE = "none", _("Not wanted")
    WAITING = "waiting", _("Being looked for")
    STORED = "stored", _("There, put by us")
    FOUND = "found", _("There, put by the provider")
    FAILED = "failed", _("Could not be stored")


class BlockScope(models.TextChoices):
    ADDRESS = "address", _("Address")
    DOMAIN = "domain", _("Domain")


class SetupState(models.TextChoices):
    """How far an account's trial connection is."""

    LOOKING = "looking", _("Servers being looked up")
    TYPING = "typing", _("Being typed")
    TESTING = "testing", _("Being tested")
    TESTED = "tested", _("Tested")
