"""Accounts, conversations and mails for tests that need no server."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from mailsync.enums import LinkOrigin
from mailsync.models import Email, EmailBody, MailAccount, Thread, ThreadAddress, ThreadLink
from sharing.enums import ThreadVisibility
from users.models import User

_numbers = itertools.count(1)
# Far enough back that a run makes no mail of the future, each a minute after the one before.
START = datetime(2026, 1, 2, 9, tzinfo=UTC)


def make_account(owner: User, address: str | None = None, **fields: Any) -> MailAccount:
    return MailAccount.objects.create(owner=owner, address=address or owner.email, **fields)


def make_thread(account: MailAccount, subject: str = "Offer", **fields: Any) -> Thread:
    """A conversation with one unread mail in the inbox."""
    number = next(_numbers)
    at = fields.pop("at", START + timedelta(minutes=number))
    sender = fields.pop("sender", ("Ada Byron", "ada@acme.example"))
    text = fields.pop("text", "Thanks for the offer.")
    values = {
        "visibility": ThreadVisibility.PRIVATE,
        "email_count": 1,
        "unread_count": 1,
        "first_email_at": at,
        "last_email_at": at,
        "last_inbound_at": at,
        "in_inbox": True,
        "people": [sender[0]],
        "preview": text[:200],
        **fields,
    }
    thread = Thread.objects.create(account=account, subject=subject, **values)
    email = Email.objects.create(
        account=account,
        thread=thread,
        digest=number.to_bytes(32, "big"),
        message_id=f"mail{number}@acme.example",
        subject=subject,
        from_name=sender[0],
        from_address=sender[1],
        recipients=[["to", "", account.address]],
        received_at=at,
        sent_at=at,
        preview=text[:200],
    )
    EmailBody.objects.create(email=email, text=text)
    ThreadAddress.objects.create(thread=thread, address=sender[1], name=sender[0])
    return thread


def link(thread: Thread, **target: Any) -> ThreadLink:
    """A standing link by hand: `link(thread, deal=deal)`."""
    return ThreadLink.objects.create(thread=thread, origin=LinkOrigin.HAND, **target)
