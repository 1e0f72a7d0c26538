"""Where conversations lie when a copy moves in the mailbox after they were placed here.

A placement (inbox, archive) is what somebody decided here. A copy that comes into the inbox there,
or leaves it, later than that is the newer word: the conversation lies where its mail lies again.
"""

from collections.abc import Iterable

from mailsync.domain import bulk
from mailsync.enums import Placement
from mailsync.models import Thread


def entered_inbox(email_ids: Iterable[int]) -> None:
    """Copies of mail that was here already came into the inbox there."""
    _forget(email_ids, Placement.ARCHIVE)


def left_inbox(email_ids: Iterable[int]) -> None:
    """Copies are not in the inbox there any more."""
    _forget(email_ids, Placement.INBOX)


def _forget(email_ids: Iterable[int], placement: Placement) -> None:
    for ids in bulk.chunks(sorted(set(email_ids))):
        Thread.objects.filter(placement=placement, emails__in=ids).update(
            placement=Placement.NONE, placed_at=None
        )
