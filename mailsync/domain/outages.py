"""Was the product away? Then nobody knows what became of the mail that was due meanwhile.

The outbox notes now and then that it is alive. When that note is old, Dealpost was not running,
or the database is a backup that was put back: the mail may have left after the backup was made.
From inside the two look alike, so both are treated alike. After a long time away everything that
was due waits for its author's word; after a short one it is looked for in Sent before it leaves
(`outbox.send`).
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from mailsync.domain.outbox_news import tell_not_sent
from mailsync.enums import SubmissionState
from mailsync.models import OutboxClock, Submission

# How often the note is written, and how old it may be without anything being wrong.
TICK = timedelta(seconds=30)
# A mail that should have left longer ago than this does not leave without a word.
LATENESS = timedelta(hours=2)

S = SubmissionState


def look_at_clock() -> None:
    """Before anything is sent. Of several processes that come up one holds the mail back, and
    the others wait for it."""
    now = timezone.now()
    clock, _made = OutboxClock.objects.get_or_create(pk=1, defaults={"seen_at": now})
    if abs(now - clock.seen_at) < TICK:
        return
    with transaction.atomic():
        mine = OutboxClock.objects.filter(pk=1, seen_at=clock.seen_at).update(seen_at=now)
        if mine and now - clock.seen_at > LATENESS:
            _hold_what_was_due()


def _hold_what_was_due() -> None:
    """Also what a worker had in hand: in the backup it may look as if it had not left yet."""
    now = timezone.now()
    due = Submission.objects.filter(state=S.QUEUED, send_at__lte=now)
    in_hand = Submission.objects.filter(state=S.CLAIMED, lease_until__lte=now)
    held = [*due.values_list("pk", flat=True), *in_hand.values_list("pk", flat=True)]
    for start in range(0, len(held), 500):
        rows = Submission.objects.filter(
            pk__in=held[start : start + 500], state__in=(S.QUEUED, S.CLAIMED)
        )
        rows.update(
            state=S.FAILED, error_code="was_away", lease_until=None, version=F("version") + 1
        )
    for submission_id in held:
        tell_not_sent(submission_id)
