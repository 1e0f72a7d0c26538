"""How much an account may send: what is over it waits, and leaves by itself when there is room.

Providers count recipients, and block who sends to too many; whoever gets hold of a session would
write to as many as he can. So an account writes to so many people a day (no more than its
provider takes, where we know that), and to so many an hour with whom it has never exchanged mail.

Counted is what was handed to the server from here, over a window that moves along.

When more than one in twenty of a day's recipients do not exist, mail to further people whom the
account does not know waits too: that is what a list from somewhere looks like, and providers close
accounts for it. A server's refusal counts for each recipient. A report that came as mail counts
once for the mail it names, since whoever got that mail could have made it up.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Sum

from common.addresses import normalise_address
from mailsync.enums import Direction
from mailsync.models import MailAccount, Submission, ThreadAddress
from mailsync.providers.presets import preset_for_host

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LIMIT_DAY, LIMIT_HOUR, LIMIT_BOUNCES = "limit_day", "limit_hour", "limit_bounces"
LIMITS = (LIMIT_DAY, LIMIT_HOUR, LIMIT_BOUNCES)
# Of a day's recipients; a few wrong addresses are everybody's.
BOUNCED_SHARE = 0.05
BOUNCED_AT_LEAST = 5


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
    bounces = _well_received_at(submission, now=now) if strangers else now
    at, code = max(
        (now, ""),
        (hour, LIMIT_HOUR),
        (day, LIMIT_DAY),
        (bounces, LIMIT_BOUNCES),
        key=lambda one: one[0],
    )
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


def _well_received_at(submission: Submission, *, now: datetime) -> datetime:
    """When so many of the mails that came back are a day old that the rest is no list."""
    counted = Submission.objects.filter(account=submission.account_id, counted_at__gt=now - DAY)
    columns = ("counted_at", "recipient_count", "results")
    found = counted.exclude(pk=submission.pk).order_by("counted_at").values_list(*columns)
    rows = [(at, number, results) for at, number, results in found if at]
    reached = sum(number for _at, number, _results in rows)
    lost = [_lost(results) for _at, _number, results in rows]
    still, moment = sum(lost), now
    for (at, number, _results), gone in zip(rows, lost, strict=True):
        if still < BOUNCED_AT_LEAST or still <= reached * BOUNCED_SHARE:
            break
        still, reached, moment = still - gone, reached - number, at + DAY
    return moment


def _lost(results: dict[str, dict[str, Any]]) -> int:
    """To how many recipients a mail did not get, for good."""
    refused = sum(not one.get("accepted") and one.get("code", 0) >= 500 for one in results.values())
    reported = any(one.get("report", {}).get("permanent") for one in results.values())
    return refused + reported
