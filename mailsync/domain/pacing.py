"""How much an account may send: what is over it waits, and leaves by itself when there is room.

Providers count recipients, and block who sends to too many; whoever gets hold of a session would
write to as many as he can. So an account writes to so many people a day (no more than its
provider takes, where we know that), and to so many an hour with whom it has never exchanged mail.

Counted is what was handed to the server from here, over a window that moves along.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Sum

from common.addresses import normalise_address
from mailsync.enums import Direction
from mailsync.models import MailAccount, Submission, ThreadAddress
from mailsync.providers.presets import preset_for_host

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LIMIT_DAY, LIMIT_HOUR = "limit_day", "limit_hour"
LIMITS = (LIMIT_DAY, LIMIT_HOUR)


@dataclass(frozen=True)
class Room:
    """When a mail may leave, what it takes of its account's room, and the code of the limit
    that makes it wait; an empty code means now."""

    at: datetime
    code: str
    recipients: int
    strangers: int


def recipients_a_day(account: MailAccount) -> int:
    """To how many people a day this account writes: as many as the operator says, and no more
    than its provider takes."""
    hosts = account.servers.filter(direction=Direction.OUTGOING).values_list("host", flat=True)
    known = [found.recipients_a_day for host in hosts if (found := preset_for_host(host))]
    return min([settings.RECIPIENTS_A_DAY, *filter(None, known)])


def room_for(submission: Submission, *, now: datetime) -> Room:
    """Asked with the account's row locked, so that two mails do not take the same room."""
    recipients, strangers = len(submission.envelope_to), _strangers(submission)
    day = _free_at(
        submission,
        "recipient_count",
        recipients,
        limit=recipients_a_day(submission.account),
        window=DAY,
        now=now,
    )
    hour = _free_at(
        submission,
        "new_recipient_count",
        strangers,
        limit=settings.NEW_RECIPIENTS_AN_HOUR,
        window=HOUR,
        now=now,
    )
    at, code = max((now, ""), (hour, LIMIT_HOUR), (day, LIMIT_DAY), key=lambda one: one[0])
    return Room(at=at, code=code, recipients=recipients, strangers=strangers)


def _strangers(submission: Submission) -> int:
    """Recipients with whom this account has never exchanged mail."""
    addresses = {normalise_address(address) for address in submission.envelope_to}
    known = ThreadAddress.objects.filter(
        address__in=addresses, thread__account=submission.account_id
    )
    return len(addresses - set(known.values_list("address", flat=True)))


def _free_at(
    submission: Submission,
    column: str,
    wanted: int,
    *,
    limit: int,
    window: timedelta,
    now: datetime,
) -> datetime:
    """When so much of the window is empty that `wanted` fits below the limit."""
    counted = Submission.objects.filter(
        account=submission.account_id, counted_at__gt=now - window, **{f"{column}__gt": 0}
    ).exclude(pk=submission.pk)
    # A mail to more people than the limit leaves when nothing else has.
    used = counted.aggregate(number=Sum(column))["number"] or 0
    over = used + min(wanted, limit) - limit
    moment = now
    if not wanted or over <= 0:
        return moment
    for at, number in counted.order_by("counted_at").values_list("counted_at", column):
        over -= number
        moment = at + window
        if over <= 0:
            break
    return moment
