"""What became of every message of an account: figures that add up, and single answers."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, F, Q
from django.utils import timezone
from django.utils.translation import gettext

from mailsync.domain.mailboxes import is_gmail, walked_rows
from mailsync.enums import MailboxState, Outcome
from mailsync.errors import sentence
from mailsync.models import Email, MailAccount, Mailbox, MailboxEntry

# Outcomes in which the message is here.
HERE = (Outcome.STORED, Outcome.DUPLICATE, Outcome.TOO_BIG)
FOUND = 20


@dataclass
class MailboxFigures:
    """One folder. `on_server` is what the server said last, the rest is our journal."""

    mailbox: Mailbox
    is_synced: bool
    by_outcome: dict[str, int] = field(default_factory=dict)

    @property
    def here(self) -> int:
        return sum(self.by_outcome.get(outcome, 0) for outcome in HERE)

    @property
    def left_out(self) -> list[tuple[str, int]]:
        """(word, number) of what is on the server and on purpose not here."""
        skipped = (*HERE, Outcome.SEEN, Outcome.FAILED)
        found = [
            (str(Outcome(outcome).label), number)
            for outcome, number in sorted(self.by_outcome.items())
            if outcome not in skipped and number
        ]
        if not self.is_synced and self._not_looked_at:
            found.append((gettext("Folder not chosen"), self._not_looked_at))
        return found

    @property
    def left_out_number(self) -> int:
        return sum(number for _word, number in self.left_out)

    @property
    def failed(self) -> int:
        return self.by_outcome.get(Outcome.FAILED, 0)

    @property
    def reason(self) -> str:
        """Why the folder is left alone, in words; empty while it is not."""
        is_parked = self.mailbox.state == MailboxState.PARKED
        return sentence(self.mailbox.error_code) if is_parked else ""

    @property
    def on_server(self) -> int:
        # Between an act of ours and the next round the journal is ahead of what the server said.
        return max(self.mailbox.exists_seen or 0, self._known)

    @property
    def to_come(self) -> int:
        """On the server and not looked at yet, or being fetched."""
        waiting = self.by_outcome.get(Outcome.SEEN, 0)
        return waiting + (self._not_looked_at if self.is_synced else 0)

    @property
    def _known(self) -> int:
        return sum(self.by_outcome.values())

    @property
    def _not_looked_at(self) -> int:
        return self.on_server - self._known


def mailbox_figures(account: MailAccount) -> list[MailboxFigures]:
    """The account's folders with their figures, in two queries. On Gmail those that the sync looks
    into: a label's messages are in All Mail already."""
    by_label = is_gmail(account)
    boxes = walked_rows(account) if by_label else account.mailboxes.all()
    found = {
        box.pk: MailboxFigures(mailbox=box, is_synced=by_label or box.is_chosen)
        for box in boxes.order_by("path")
    }
    counted = (
        # While a folder is numbered anew, copies of both generations stand for the same messages.
        MailboxEntry.objects.filter(
            mailbox__in=found, gone_at=None, uidvalidity=F("mailbox__uidvalidity")
        )
        .values("mailbox", "outcome")
        .annotate(number=Count("pk"))
        .order_by()
    )
    for row in counted:
        found[row["mailbox"]].by_outcome[row["outcome"]] = row["number"]
    return list(found.values())


def unreadable(accounts: Iterable[MailAccount]) -> Any:
    """Messages that could not be read or stored, newest first."""
    return (
        MailboxEntry.objects.filter(
            Q(outcome=Outcome.FAILED) | Q(email__parse_state="unreadable"),
            mailbox__account__in=accounts,
            gone_at=None,
        )
        .select_related("mailbox", "mailbox__account", "email", "email__blob")
        .order_by("-pk")
    )


def where_is(accounts: Iterable[MailAccount], *, text: str, day: date | None) -> list[MailboxEntry]:
    """Every message of these accounts' journals that fits: stored, left out, or failed."""
    entries = MailboxEntry.objects.filter(mailbox__account__in=accounts).select_related(
        "mailbox", "mailbox__account", "email", "email__thread"
    )
    if day:
        start = timezone.make_aware(datetime.combine(day, time.min))
        # A day on each side: the sender's day need not be ours.
        span = (start - timedelta(days=1), start + timedelta(days=2))
        entries = entries.filter(received_at__range=span)
    entries = entries.order_by("-received_at")
    text = text.strip().strip("<>")
    if not text:
        return list(entries[:FOUND])
    mails = Email.objects.filter(account__in=accounts)
    here = mails.filter(
        Q(message_id=text)
        | Q(from_address__iexact=text)
        | Q(subject__icontains=text)
        | Q(thread__addresses__address__iexact=text)
    )
    left_out = Q(email=None) & (
        Q(headers__message_id=text)
        | Q(headers__from__iexact=text)
        | Q(headers__subject__icontains=text)
        | Q(headers__people__icontains=f'"{text.lower()}"')
    )
    return list(entries.filter(left_out | Q(email__in=here.values("pk")))[:FOUND])
