"""Is there anything to do for an account beside looking at its mailboxes? One question, because
nearly every round finds nothing.

Each part is answered from an index of what waits, so that it costs the same in a mailbox of fifty
thousand mails as in a new one: the entries that are gone stand first in the join, whatever
the database thinks of it.
"""

from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from mailsync.domain import bulk
from mailsync.domain.removal import GONE_AFTER, looked_until
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
                    WHERE account_id = %(account)s AND (is_chosen OR role = 'all'))
                AND NOT (outcome IN ('stored', 'duplicate')) AND outcome IN ('seen', 'failed')
                AND gone_at IS NULL AND (outcome = 'seen' OR next_try_at <= %(now)s)),
        EXISTS (SELECT 1 FROM mailsync_mailboxentry AS entry
            CROSS JOIN mailsync_email AS email
            WHERE entry.mailbox_id IN (SELECT id FROM mailsync_mailbox
                    WHERE account_id = %(account)s)
                AND entry.gone_at >= %(since)s AND entry.gone_at < %(before)s
                AND entry.email_id IS NOT NULL AND email.id = entry.email_id
                AND email.gone_from_server_at IS NULL
                AND NOT EXISTS (SELECT 1 FROM mailsync_mailboxentry AS copy
                    WHERE copy.email_id = email.id
                        AND (copy.gone_at IS NULL OR copy.gone_at >= %(before)s)))
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
        "since": bulk.moment(looked_until(account)),
    }
    with connection.cursor() as cursor:
        cursor.execute(WAITING, values)
        return Waiting(*map(bool, cursor.fetchone()))
