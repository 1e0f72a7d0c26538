"""Accounts, conversations and mails for tests that need no server."""

import itertools
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

from mailsync.domain import blobs
from mailsync.enums import LinkOrigin
from mailsync.models import (
    Attachment,
    Email,
    EmailBody,
    MailAccount,
    Thread,
    ThreadAddress,
    ThreadLink,
)
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


PICTURE = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"


def give_bytes(thread: Thread, *, html: str = "<p>Hello</p>", file_name: str = "map.png") -> Email:
    """The raw bytes of the thread's one mail: HTML and a picture. Needs a BLOB_DIR of the test's
    own."""
    email = thread.emails.get()
    mail = EmailMessage()
    mail["From"] = f"{email.from_name} <{email.from_address}>"
    mail["To"] = thread.account.address
    mail["Subject"] = email.subject
    mail["Message-ID"] = f"<{email.message_id}>"
    mail.set_content(email.body.text)
    mail.add_alternative(html, subtype="html")
    mail.add_attachment(
        PICTURE, maintype="image", subtype="png", filename=file_name, cid=f"<{email.pk}@part>"
    )
    email.blob = blobs.store(thread.account_id, mail.as_bytes())
    email.save(update_fields=["blob"])
    EmailBody.objects.filter(email=email).update(has_html=True)
    # Sections as in RFC 3501 6.4.5: the alternative is part 1, the picture part 2.
    Attachment.objects.create(
        email=email,
        section="2",
        name=file_name,
        content_type="image/png",
        size=len(PICTURE),
        content_id=f"{email.pk}@part",
    )
    return email


def link(thread: Thread, **target: Any) -> ThreadLink:
    """A standing link by hand: `link(thread, deal=deal)`."""
    return ThreadLink.objects.create(thread=thread, origin=LinkOrigin.HAND, **target)
