"""Is there anything to do for an account beside looking at its mailboxes? One question, because
nearly every round finds nothing."""

from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from mailsync.domain import bulk
from mailsync.domain.removal import GONE_AFTER
from mailsync.models import MailAccount

WAITING = """
    SELECT
        EXISTS (SELECT 1 FROM mailsync_remotechange
            WHERE account_id = %(account)s AND state IN ('pending', 'running')
                AND operation <> 'append'),
        EXISTS (SELECT 1 FROM mailsync_submission
            WHERE account_id = %(account)s AND state = 'sent' AND email_id IS NULL
                AND remainder_of_id IS NULL AND blob_id IS NOT NULL),
        EXISTS (SELECT 1 FROM mailsync_mailboxentry
            WHERE mailbox_id IN (SELECT id FROM mailsync_mailbox
                    WHERE account_id = %(account)s AND is_chosen)
                AND NOT (outcome IN ('stored', 'duplicate')) AND outcome IN ('seen', 'failed')
                AND gone_at IS NULL AND (outcome = 'seen' OR next_try_at <= %(now)s)),
        EXISTS (SELECT 1 FROM mailsync_mailboxentry AS entry
            JOIN mailsync_email AS email ON email.id = entry.email_id
            WHERE entry.gone_at < %(before)s AND entry.email_id IS NOT NULL
                AND email.account_id = %(account)s AND email.gone_from_server_at IS NULL)
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What may wait; each is looked at closely where it says so."""

    changes: bool
    sent: bool
    entries: bool
    gone: bool


def what_waits(account: MailAccount) -> Waiting:
    now = timezone.now()
    values = {
        "account": account.pk,
        "now": bulk.moment(now),
        "before": bulk.moment(now - GONE_AFTER),
    }
    with connection.cursor() as cursor:
        cursor.execute(WAITING, values)
        return Waiting(*map(bool, cursor.fetchone()))
