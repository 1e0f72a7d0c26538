"""Messages that could not be read: another try on demand."""

from django.utils import timezone

from mailsync.enums import Outcome
from mailsync.models import MailboxEntry


def try_again(entry: MailboxEntry) -> bool:
    """Fetches the message anew. False when it is not one that failed."""
    from mailsync.domain.schedule import wake  # leaf: schedule imports the engine

    queued = MailboxEntry.objects.filter(pk=entry.pk, outcome=Outcome.FAILED).update(
        outcome=Outcome.SEEN, reason="", attempts=0, next_try_at=timezone.now()
    )
    if queued:
        wake(entry.mailbox.account_id)
    return bool(queued)
