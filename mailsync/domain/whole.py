"""The whole of a message that was stored without its attachments' bytes: fetched when somebody asks
for a file of it.

Nothing but the bytes changes: the email keeps its digest, by which further copies of it are known,
its thread, links and marks. So it needs no lease, only that its bytes are still the ones that are
replaced.
"""

import hashlib
import logging

from django.db import transaction
from django.db.models import Exists, OuterRef

from mailsync.domain import blobs
from mailsync.domain.connections import connected
from mailsync.domain.leases import STOPPED
from mailsync.domain.reparsing import CUT
from mailsync.enums import Outcome, ParseState
from mailsync.mime.parse import parse
from mailsync.models import Blob, Email, MailboxEntry
from mailsync.providers.base import ProviderError

logger = logging.getLogger(__name__)

# What a worker holds in memory for this; the wire takes no larger message.
LARGEST = 50 * 1024 * 1024


def is_cut(email: Email) -> bool:
    """Whether its attachments' bytes were left in the mailbox."""
    return email.parse_note == CUT


def can_be_had(email: Email) -> bool:
    """Whether the mailbox still has it, and it is not larger than we take."""
    return is_cut(email) and _copy_of(email) is not None


def ask_for(email: Email) -> None:
    from mailsync.tasks import fetch_whole_message  # leaf: tasks import the domain

    fetch_whole_message.delay_on_commit(email.pk)


def fetch_whole(email_id: int) -> bool:
    """Puts the message's own bytes in the place of the shortened ones. Says whether it did; safe to
    do again."""
    email = Email.objects.select_related("account", "blob").filter(pk=email_id).first()
    copy = _copy_of(email) if email and is_cut(email) else None
    if email is None or copy is None:
        return False
    try:
        with connected(email.account) as store:
            if store.open(copy.mailbox.path).uidvalidity != copy.uidvalidity:
                return False
            raw = next((one.raw for one in store.content([copy.uid]) if one.uid == copy.uid), None)
    except ProviderError as error:
        logger.info("email %s could not be had whole: %s", email_id, error.code)
        return False
    return raw is not None and _put_in_place(email, raw)


def _copy_of(email: Email) -> MailboxEntry | None:
    copies = MailboxEntry.objects.filter(email=email, gone_at=None, size__lte=LARGEST)
    return copies.exclude(mailbox__account__state__in=STOPPED).select_related("mailbox").first()


def _put_in_place(email: Email, raw: bytes) -> bool:
    digest = hashlib.sha256(raw).digest()
    (place,) = blobs.append(email.account_id, [(digest, raw)])
    before = email.blob
    with transaction.atomic():
        blob, _is_new = Blob.objects.get_or_create(
            account_id=email.account_id,
            digest=digest,
            defaults={"pack": place.pack, "offset": place.offset, "size": place.size},
        )
        if not Email.objects.filter(pk=email.pk, blob=before).update(
            blob=blob, parse_state=ParseState.COMPLETE, parse_note=""
        ):
            return False
        MailboxEntry.objects.filter(email=email, outcome=Outcome.TOO_BIG).update(
            outcome=Outcome.STORED
        )
        if before:
            _erase_unused(email.account_id, bytes(before.digest))
        # The rows stay: somebody waits at the address of one.
        for part in parse(raw).attachments:
            email.attachments.filter(section=part.section).update(size=part.size)
    return True


@transaction.atomic
def forget_second_copy(account_id: int, raw: bytes) -> None:
    """The shortened bytes of a further copy of a message that is here whole."""
    _erase_unused(account_id, hashlib.sha256(raw).digest())


def _erase_unused(account_id: int, digest: bytes) -> None:
    unused = ~Exists(Email.objects.filter(blob=OuterRef("pk")))
    blobs.erase(account_id, Blob.objects.filter(unused, account=account_id, digest=digest))
