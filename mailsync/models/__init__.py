from mailsync.models.account import AccountMember, MailAccount, ServerSettings
from mailsync.models.blob import Blob
from mailsync.models.blocklist import BlockedAddress
from mailsync.models.change import RemoteChange
from mailsync.models.email import Attachment, Email, EmailBody
from mailsync.models.journal import AccountEvent
from mailsync.models.link import RememberedLink, ThreadLink
from mailsync.models.mailbox import Mailbox, MailboxEntry
from mailsync.models.search import SearchEntry
from mailsync.models.setup import AccountSetup
from mailsync.models.submission import OutboxClock, Submission
from mailsync.models.thread import (
    EmailReference,
    Thread,
    ThreadAddress,
    ThreadSeparation,
)

__all__ = [
    "AccountEvent",
    "AccountMember",
    "AccountSetup",
    "Attachment",
    "Blob",
    "BlockedAddress",
    "Email",
    "EmailBody",
    "EmailReference",
    "MailAccount",
    "Mailbox",
    "MailboxEntry",
    "OutboxClock",
    "RememberedLink",
    "RemoteChange",
    "SearchEntry",
    "ServerSettings",
    "Submission",
    "Thread",
    "ThreadAddress",
    "ThreadLink",
    "ThreadSeparation",
]
