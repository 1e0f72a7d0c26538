"""The mail of a record: conversations linked to it that the reader may see, newest first.

The same message may lie in the mailboxes of two colleagues, and then in two conversations.
Conversations that share a Message-ID (RFC 5322 3.6.4) are one entry here, under the one with the
newest mail, and its messages are those of all of them. Only conversations that the reader may
see take part: of a hidden copy there is no trace, neither a row nor a name nor a count.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from crm.enums import RecordKind
from crm.models import Deal
from inbox.domain.queries.conversation import Message
from inbox.domain.queries.lists import Cursor, Row, below, rows_of
from mailsync.models import Attachment, Email, MailAccount, Thread, ThreadLink
from sharing.rules import visible_records

PAGE_SIZE = 25
SHOWN = 60


@dataclass(frozen=True)
class Member:
    """A conversation in a group of those that hold the same messages."""

    pk: int
    account_id: int
    last_email_at: datetime

    @property
    def rank(self) -> tuple[datetime, int]:
        return self.last_email_at, self.pk


@dataclass(frozen=True)
class Entry:
    """One line: a conversation, and whose mailboxes hold the same messages."""

    row: Row
    also_in: list[MailAccount]

    @property
    def key(self) -> str:
        return self.row.key


@dataclass(frozen=True)
class Page:
    entries: list[Entry]
    next_cursor: str = ""


@dataclass(frozen=True)
class Narrowed:
    """What the reader has asked for beside the record."""

    account_id: int | None = None
    deal_id: int | None = None

    def __bool__(self) -> bool:
        return self.account_id is not None or self.deal_id is not None


@dataclass
class SharedMessage:
    """A message with the other mailboxes that hold it."""

    message: Message
    also_in: list[MailAccount] = field(default_factory=list)


class RecordMail:
    """The conversations of one record as one reader sees them."""

    def __init__(self, record: Any, *, user: Any) -> None:
        self.record = record
        self.user = user
        links = ThreadLink.objects.standing().filter(self._links())
        self.threads: QuerySet[Thread] = Thread.objects.visible_to(user).filter(
            pk__in=links.values("thread"),
            merged_into=None,
            trashed_at=None,
            in_trash=False,
            in_junk=False,
            last_email_at__isnull=False,
        )
        # Few, and the names of the filter; never an account without a visible conversation here.
        self.accounts: list[MailAccount] = list(
            MailAccount.objects.filter(Exists(self.threads.filter(account=OuterRef("pk"))))
            .select_related("owner")
            .order_by("address")
        )
        self.own = set(MailAccount.objects.usable_by(user).values_list("pk", flat=True))

    def _links(self) -> Q:
        kind = str(self.record.kind)
        direct = Q(**{kind: self.record})
        if kind != RecordKind.ORGANIZATION:
            return direct
        return direct | Q(
            visible_records(self.user, prefix="person__"),
            person__organization=self.record,
            person__deleted_at__isnull=True,
        )

    def deals(self) -> list[Deal]:
        """The deals that these conversations are linked to, as far as the reader sees them."""
        links = ThreadLink.objects.standing().filter(thread__in=self.threads)
        deals = Deal.objects.visible_to(self.user).filter(pk__in=links.values("deal"))
        return list(deals.order_by("title", "pk")[:100])

    def page(self, narrowed: Narrowed, *, after: Cursor | None = None) -> Page:
        """One page. Takes a fixed number of queries for the conversations without copies."""
        leaders, groups = self._leaders(narrowed, after, limit=PAGE_SIZE + 1)
        entries = self._entries(leaders[:PAGE_SIZE], groups)
        if len(leaders) <= PAGE_SIZE:
            return Page(entries)
        last = leaders[PAGE_SIZE - 1]
        return Page(entries, Cursor(at=last.last_email_at, thread_id=last.pk).text())

    def before(self, moment: datetime | None, *, limit: int) -> list[Entry]:
        """The newest entries before this moment: for a list that holds other things as well."""
        cursor = Cursor(at=moment, thread_id=0) if moment else None
        leaders, groups = self._leaders(Narrowed(), cursor, limit=limit)
        return self._entries(leaders, groups)

    def entry(self, thread_id: int) -> Entry | None:
        """The entry of this conversation, whichever of its group it is."""
        members = _members(self.threads.filter(pk=thread_id), limit=1)
        return next(iter(self._entries(members, self._groups(members))), None)

    def messages(self, thread_id: int) -> tuple[list[SharedMessage], int]:
        """The messages of the group of this conversation, each once, oldest first; and how many
        older ones were left out."""
        first = _members(self.threads.filter(pk=thread_id), limit=1)
        members = self._groups(first)[thread_id]
        emails = (
            Email.objects.filter(thread__in=[one.pk for one in members])
            .select_related("body", "thread")
            .prefetch_related(Prefetch("attachments", Attachment.objects.order_by("pk")))
            .order_by("received_at", "pk")
        )
        accounts = {account.pk: account for account in self.accounts}
        copies: dict[Any, list[Email]] = {}
        for email in emails:
            copies.setdefault(email.message_id_hash or f"email {email.pk}", []).append(email)
        shown = []
        for same in copies.values():
            # One's own copy, else that of the conversation which was opened.
            chosen = min(
                same,
                key=lambda email: (email.account_id not in self.own, email.thread_id != thread_id),
            )
            others = {one.account_id for one in same} - {chosen.account_id}
            shown.append(
                SharedMessage(_message(chosen), [accounts[pk] for pk in accounts if pk in others])
            )
        if shown:
            shown[-1].message.is_open = True
        return shown[-SHOWN:], max(0, len(shown) - SHOWN)

    # --- Groups of conversations that hold the same messages ------------------------------------

    def _leaders(
        self, narrowed: Narrowed, after: Cursor | None, *, limit: int
    ) -> tuple[list[Member], dict[int, list[Member]]]:
        """The first of each group below the cursor, newest first."""
        wanted = self._narrowed(narrowed)
        found: list[Member] = []
        groups: dict[int, list[Member]] = {}
        while True:
            chunk = _members(_below(wanted, after), limit=limit)
            grouped = self._groups(chunk)
            inside = self._inside(wanted, grouped) if narrowed else None
            for one in chunk:
                group = grouped[one.pk]
                rivals = group if inside is None else [m for m in group if m.pk in inside]
                if one == max(rivals, key=lambda member: member.rank):
                    found.append(one)
            groups |= grouped
            if len(found) >= limit or len(chunk) < limit:
                return found[:limit], groups
            after = Cursor(at=chunk[-1].last_email_at, thread_id=chunk[-1].pk)

    def _narrowed(self, narrowed: Narrowed) -> QuerySet[Thread]:
        threads = self.threads
        if narrowed.account_id is not None:
            threads = threads.filter(account=narrowed.account_id)
        if narrowed.deal_id is not None:
            deals = Deal.objects.visible_to(self.user).filter(pk=narrowed.deal_id)
            links = ThreadLink.objects.standing().filter(deal__in=deals.values("pk"))
            threads = threads.filter(pk__in=links.values("thread"))
        return threads

    def _inside(self, wanted: QuerySet[Thread], groups: dict[int, list[Member]]) -> set[int]:
        ids = {member.pk for group in groups.values() for member in group}
        return set(wanted.filter(pk__in=ids).values_list("pk", flat=True))

    def _groups(self, members: list[Member]) -> dict[int, list[Member]]:
        """Thread id -> all of its group, itself with them."""
        known = {one.pk: one for one in members}
        parent = {one.pk: one.pk for one in members}

        def root(pk: int) -> int:
            while parent[pk] != pk:
                pk = parent[pk]
            return pk

        by_hash: dict[int, int] = {}
        fresh = set(known) if len(self.accounts) > 1 else set()
        while fresh:
            hashes = self._hashes_of(fresh)
            fresh = set()
            for member, number in self._holders_of(hashes):
                if member.pk not in known:
                    known[member.pk] = member
                    parent[member.pk] = member.pk
                    fresh.add(member.pk)
                parent[root(member.pk)] = root(by_hash.setdefault(number, member.pk))
        groups: dict[int, list[Member]] = {}
        for pk, member in known.items():
            groups.setdefault(root(pk), []).append(member)
        return {pk: groups[root(pk)] for pk in known}

    def _hashes_of(self, thread_ids: Iterable[int]) -> set[int]:
        emails = Email.objects.filter(thread__in=thread_ids).exclude(message_id_hash=0)
        return set(emails.values_list("message_id_hash", flat=True))

    def _holders_of(self, hashes: set[int]) -> list[tuple[Member, int]]:
        """The conversations of this record that hold one of these Message-IDs."""
        emails = Email.objects.filter(
            # The index begins with the account.
            account__in=[account.pk for account in self.accounts],
            message_id_hash__in=hashes,
            thread__in=self.threads,
        )
        rows = emails.values_list(
            "thread", "thread__account", "thread__last_email_at", "message_id_hash"
        )
        return [(Member(pk, account, at), key) for pk, account, at, key in rows if at is not None]

    def _entries(self, leaders: list[Member], groups: dict[int, list[Member]]) -> list[Entry]:
        rows = rows_of(self.user, [one.pk for one in leaders], accounts=self.accounts)
        entries = []
        for row in rows:
            row.is_own = row.account.pk in self.own
            elsewhere = {one.account_id for one in groups[row.thread.pk]} - {row.account.pk}
            entries.append(Entry(row, [one for one in self.accounts if one.pk in elsewhere]))
        return entries


def _message(email: Email) -> Message:
    parts = list(email.attachments.all())
    return Message(email=email, is_open=False, is_own=email.is_outgoing, parts=parts)


def _members(threads: QuerySet[Thread], *, limit: int) -> list[Member]:
    rows = threads.order_by("-last_email_at", "-pk").values_list(
        "pk", "account_id", "last_email_at"
    )
    return [Member(pk, account_id, at) for pk, account_id, at in rows[:limit] if at]


def _below(threads: QuerySet[Thread], after: Cursor | None) -> QuerySet[Thread]:
    return threads if after is None else below(threads, after)
