"""Which mail the account's people want here, judged from header fields alone.

A message that is left out keeps a journal row with its outcome and the fields that decided, so
that a changed choice can take it in later without asking the server for everything again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Q

from common.addresses import domain_of
from crm.models import PersonEmail
from mailsync.domain import bulk
from mailsync.domain.mailboxes import is_gmail, label_of
from mailsync.enums import BlockScope, MailboxRole, Outcome
from mailsync.mime.types import ParsedEmail
from mailsync.models import BlockedAddress, MailAccount, MailboxEntry
from users.models import User

MAX_PEOPLE = 50
# Outcomes that a changed choice may turn around.
LEFT_OUT = (
    Outcome.TOO_OLD,
    Outcome.NOT_CONTACT,
    Outcome.INTERNAL,
    Outcome.BLOCKED,
    Outcome.NOT_CHOSEN,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the choice looks at."""

    received_at: datetime | None
    sender: str
    people: tuple[str, ...]  # everyone but the sender


def candidate(parsed: ParsedEmail, received_at: datetime | None) -> Candidate:
    people = [party.address for party in (*parsed.to, *parsed.cc, *parsed.bcc) if party.address]
    return Candidate(received_at, parsed.sender.address, tuple(people[:MAX_PEOPLE]))


def headers_of(parsed: ParsedEmail) -> dict[str, Any]:
    """What the journal keeps of a message that is left out."""
    one = candidate(parsed, None)
    return {
        "from": one.sender,
        "people": list(one.people),
        "subject": parsed.subject[:300],
        "message_id": parsed.message_id[:998],
        "date": parsed.sent_at.isoformat() if parsed.sent_at else None,
    }


class Choice:
    """An account's choice of mail, read when first asked, and asked for many messages."""

    def __init__(self, account: MailAccount) -> None:
        self._account = account
        self._own = {account.address}

    @cached_property
    def _blocked(self) -> tuple[frozenset[str], frozenset[str]]:
        """Blocked addresses, blocked domains."""
        addresses, domains = set(), set()
        rows = BlockedAddress.objects.filter(Q(user=self._account.owner_id) | Q(user=None))
        for scope, pattern in rows.values_list("scope", "pattern"):
            if scope == BlockScope.DOMAIN:
                domains.add(pattern.lstrip("@"))
            else:
                addresses.add(pattern)
        return frozenset(addresses), frozenset(domains)

    @cached_property
    def _internal(self) -> frozenset[str]:
        if not self._account.leave_out_internal:
            return frozenset()
        users = User.objects.values_list("email", flat=True)
        return frozenset({*users, *MailAccount.objects.values_list("address", flat=True)})

    @cached_property
    def _labels(self) -> frozenset[str] | None:
        """Chosen labels on Gmail; None when All Mail is among what is chosen."""
        rows = list(self._account.mailboxes.filter(is_chosen=True))
        if any(row.role == MailboxRole.ALL for row in rows):
            return None
        return frozenset(label_of(row).lower() for row in rows)

    @property
    def is_by_label(self) -> bool:
        """Whether a message in Gmail's All Mail is wanted for its labels only."""
        return is_gmail(self._account) and self._labels is not None

    def has_chosen(self, mailbox_role: str, labels: Sequence[str]) -> bool:
        """Whether the folder, or one of the labels, of a message is among the chosen ones."""
        if mailbox_role != MailboxRole.ALL or not self.is_by_label:
            return True
        return any(label.lower() in (self._labels or ()) for label in labels)

    @property
    def takes_everything(self) -> bool:
        """Whether no header has to be read to know that a message is wanted."""
        return not (
            self._account.sync_since
            or self._account.contacts_only
            or self._account.leave_out_internal
            or any(self._blocked)
            or self.is_by_label
        )

    def judge(self, candidates: Sequence[Candidate]) -> list[Outcome]:
        """SEEN for what is wanted, else why not; one query for all of them."""
        contacts = self._contacts(candidates) if self._account.contacts_only else frozenset()
        return [self._judge_one(one, contacts) for one in candidates]

    def _judge_one(self, one: Candidate, contacts: frozenset[str]) -> Outcome:
        since = self._account.sync_since
        if since and one.received_at and one.received_at < since:
            return Outcome.TOO_OLD
        everyone = {one.sender, *one.people} - {""}
        if self._is_blocked(everyone - self._own):
            return Outcome.BLOCKED
        if self._internal and everyone and everyone <= self._internal:
            return Outcome.INTERNAL
        if self._account.contacts_only and not everyone & contacts:
            return Outcome.NOT_CONTACT
        return Outcome.SEEN

    def _is_blocked(self, others: set[str]) -> bool:
        """Left out when nobody but blocked addresses is on the other side."""
        return bool(others) and all(self._matches(address) for address in others)

    def _matches(self, address: str) -> bool:
        addresses, domains = self._blocked
        return address in addresses or domain_of(address) in domains

    def _contacts(self, candidates: Sequence[Candidate]) -> frozenset[str]:
        everyone = {address for one in candidates for address in (one.sender, *one.people)}
        found: set[str] = set()
        for some in bulk.chunks(everyone - self._own):
            found.update(
                PersonEmail.objects.filter(address__in=some).values_list("address", flat=True)
            )
        return frozenset(found)


def reconsider(account: MailAccount) -> int:
    """Takes in what a changed choice wants now; removes nothing. Returns how many."""
    choice = Choice(account)
    wanted = []
    rows = MailboxEntry.objects.filter(
        mailbox__account=account, outcome__in=LEFT_OUT, gone_at=None
    ).values_list("id", "received_at", "headers", "mailbox__role", "labels")
    for batch in bulk.chunks(rows.iterator(chunk_size=2000), 2000):
        candidates = [
            Candidate(at, (headers or {}).get("from", ""), tuple((headers or {}).get("people", ())))
            for _, at, headers, _role, _labels in batch
        ]
        outcomes = choice.judge(candidates)
        wanted += [
            number
            for (number, _, _, role, labels), outcome in zip(batch, outcomes, strict=True)
            if outcome == Outcome.SEEN and choice.has_chosen(role, labels or ())
        ]
    for ids in bulk.chunks(wanted):
        MailboxEntry.objects.filter(pk__in=ids).update(outcome=Outcome.SEEN, headers=None)
    return len(wanted)
