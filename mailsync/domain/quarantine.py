"""Messages that could not be had or read: another try on demand."""

from mailsync.domain import journal
from mailsync.domain.reparsing import reparse
from mailsync.enums import Outcome
from mailsync.models import MailboxEntry


def try_again(entry: MailboxEntry) -> bool:
    """Fetches the message anew, or reads its stored bytes anew. False when there is no need."""
    if entry.outcome == Outcome.FAILED:
        failed = MailboxEntry.objects.filter(pk=entry.pk, outcome=Outcome.FAILED)
        return bool(journal.fetch_again(failed))
    if entry.email_id:
        return bool(reparse([entry.email_id]))
    return False
