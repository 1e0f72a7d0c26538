"""The lists of the sales inbox: which conversations, in which order, page by page.

A list over several accounts is merged from one short read per account: each account's newest
rows come straight from its partial index, so the cost grows with the accounts and the page and
never with the mail. All of it is one statement.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from common.addresses import normalise_address
from common.opaque import seal, unseal
from crm.models.attached import RECORD_FIELDS
from inbox.enums import Box, Tab, WaitingFor
from inbox.models import ThreadLabel
from mailsync.enums import AccountScope
from mailsync.models import AccountMember, MailAccount, Thread, ThreadAddress, ThreadLink
from mailsync.rules import links_seen_by
from users.models import User

PAGE_SIZE = 50
ITEM_KINDS = ("deal", "lead", "project")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Stands in the text of a query where each account's number goes.
_ANY_ACCOUNT = -7_283_746_152_839_405_617


@dataclass(frozen=True)
class ThreadFilter:
    """What narrows a list; every value comes from the page's address."""

    tab: Tab = Tab.ALL
    account_id: int | None = None
    label_id: int | None = None
    from_address: str = ""
    linked_to: str = ""  # one of RECORD_FIELDS
    visibility: str = ""
    flagged: bool = False
    has_file: bool = False
    asks: bool = False  # several items fit and the user has not chosen yet
    waiting: str = ""  # one of WaitingFor
    # The user whose work it is; 0: nobody's.
    assigned_id: int | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether more than the box and the account is asked for."""
        return replace(self, account_id=None) != ThreadFilter()


@dataclass(frozen=True)
class Cursor:
    """The place after which the next page begins: the last row's sort key."""

    at: datetime
    thread_id: int

    def text(self) -> str:
        micros = (self.at - _EPOCH) // timedelta(microseconds=1)
        return f"{micros}.{seal('thread', self.thread_id)}"

    @classmethod
    def read(cls, text: str) -> "Cursor | None":
        """The cursor in a page's address; None for anything that is not one of ours."""
        micros, _dot, key = text.partition(".")
        thread_id = unseal("thread", key)
        if thread_id is None or not micros.isascii() or not micros.isdigit() or len(micros) > 17:
            return None
        return cls(at=_EPOCH + timedelta(microseconds=int(micros)), thread_id=thread_id)


@dataclass
class Row:
    """One line of the list with all that it shows."""

    thread: Thread
    account: MailAccount
    labels: list[Any] = field(default_factory=list)
    main_link: ThreadLink | None = None
    more_links: int = 0
    # False for a colleague's conversation, which one may read and not act on; whether he has read,
    # starred or muted it is not shown.
    is_own: bool = True

    @property
    def key(self) -> str:
        return self.thread.key


@dataclass
class Page:
    rows: list[Row]
    next_cursor: str = ""

    @property
    def first_cursor(self) -> str:
        """The place of the newest row, to ask later what came before it."""
        if not self.rows:
            return Cursor(at=_EPOCH, thread_id=0).text()
        first = self.rows[0].thread
        return Cursor(at=first.last_email_at or _EPOCH, thread_id=first.pk).text()


def accounts_of(user: Any) -> list[MailAccount]:
    """The accounts whose mail this user's inbox shows, personal ones first."""
    return list(
        MailAccount.objects.usable_by(user).distinct().order_by("scope", "-is_default", "address")
    )


def members_of(accounts: Iterable[MailAccount]) -> list[User]:
    """Who works in the team accounts among these: whom a conversation can be given to."""
    teams = [account.pk for account in accounts if account.scope == AccountScope.TEAM]
    if not teams:
        return []
    members = AccountMember.objects.filter(account__in=teams)
    return list(User.objects.active().filter(pk__in=members.values("user")).order_by("name", "pk"))


def box_condition(box: str, *, now: datetime) -> Q:
    """Which conversations lie in a box. A snoozed one leaves the inbox until its moment."""
    awake = Q(snoozed_until=None) | Q(snoozed_until__lte=now)
    return {
        Box.INBOX: Q(in_inbox=True) & awake,
        Box.SNOOZED: Q(snoozed_until__gt=now, in_trash=False),
        Box.SENT: Q(in_sent=True),
        Box.ARCHIVE: Q(in_archive=True),
        Box.TRASH: Q(in_trash=True),
        Box.JUNK: Q(in_junk=True),
        Box.ALL: Q(in_trash=False, in_junk=False),
    }[Box(box)]


def _has_link(user: Any, kinds: Iterable[str]) -> Exists:
    """A link to a record that this user may not see is none."""
    return Exists(links_seen_by(user, kinds).filter(thread=OuterRef("pk")))


def filter_condition(user: Any, wanted: ThreadFilter) -> Q:
    """The filter as a condition on threads."""
    condition = _tab_condition(user, wanted.tab)
    plain = {
        "has_attachments": wanted.has_file or None,
        "is_flagged": wanted.flagged or None,
        "possible_items__gt": 1 if wanted.asks else None,
        "visibility": wanted.visibility or None,
    }
    condition &= Q(**{name: value for name, value in plain.items() if value is not None})
    if wanted.waiting:
        condition &= _turn(wanted.waiting)
    if wanted.assigned_id is not None:
        condition &= Q(assigned_to=wanted.assigned_id or None)
    if wanted.linked_to:
        condition &= Q(_has_link(user, [wanted.linked_to]))
    if wanted.label_id is not None:
        marks = ThreadLabel.objects.filter(thread=OuterRef("pk"), label=wanted.label_id)
        condition &= Q(Exists(marks))
    if wanted.from_address:
        condition &= Q(Exists(_addresses(wanted.from_address).filter(thread=OuterRef("pk"))))
    return condition


def _tab_condition(user: Any, tab: Tab) -> Q:
    if tab == Tab.UNREAD:
        return Q(unread_count__gt=0)
    if tab == Tab.LINKED:
        return Q(_has_link(user, RECORD_FIELDS))
    if tab == Tab.UNLINKED:
        return ~Q(_has_link(user, RECORD_FIELDS))
    return Q()


def _turn(waiting: str) -> Q:
    """Who wrote last: the others, and we owe an answer, or we, and nobody has replied yet."""
    if waiting == WaitingFor.US:
        return Q(last_inbound_at__isnull=False) & (
            Q(last_outbound_at=None) | Q(last_inbound_at__gt=F("last_outbound_at"))
        )
    return Q(last_outbound_at__isnull=False) & (
        Q(last_inbound_at=None) | Q(last_outbound_at__gt=F("last_inbound_at"))
    )


def _addresses(text: str) -> QuerySet[ThreadAddress]:
    address = normalise_address(text)
    if address.startswith("@"):
        return ThreadAddress.objects.filter(address__endswith=address)
    return ThreadAddress.objects.filter(address=address)


def box_threads(
    user: Any, *, box: str, wanted: ThreadFilter, accounts: list[MailAccount]
) -> QuerySet[Thread]:
    """Every conversation of the list, unordered: what "all that match" means in a bulk act."""
    chosen = [a.pk for a in accounts if wanted.account_id in (None, a.pk)]
    return Thread.objects.filter(
        box_condition(box, now=timezone.now()),
        filter_condition(user, wanted),
        account__in=chosen,
        merged_into=None,
        last_email_at__isnull=False,
    )


def box_page(
    user: Any,
    *,
    box: str,
    wanted: ThreadFilter,
    accounts: list[MailAccount],
    after: Cursor | None = None,
) -> Page:
    """One page of a box, newest first. Takes a fixed number of queries."""
    chosen = [a for a in accounts if wanted.account_id in (None, a.pk)]
    if not chosen:
        return Page(rows=[])
    threads = box_threads(user, box=box, wanted=wanted, accounts=chosen)
    if after:
        threads = below(threads, after)
    ids = _newest_ids(threads, [account.pk for account in chosen], limit=PAGE_SIZE + 1)
    rows = rows_of(user, ids[:PAGE_SIZE], accounts=accounts)
    if len(ids) <= PAGE_SIZE or not rows:
        return Page(rows=rows)
    last = rows[-1].thread
    at = last.last_email_at or _EPOCH  # never empty here: box_threads asks for a moment
    return Page(rows=rows, next_cursor=Cursor(at=at, thread_id=last.pk).text())


def below(threads: QuerySet[Thread], cursor: Cursor) -> QuerySet[Thread]:
    """Those that stand after this place in a list."""
    return threads.filter(
        Q(last_email_at__lt=cursor.at) | Q(pk__lt=cursor.thread_id),
        # Written so that it bounds the walk down the index.
        last_email_at__lte=cursor.at,
    )


def newer_than(threads: QuerySet[Thread], cursor: Cursor, *, most: int = 100) -> int:
    """How many of them stand before this place in the list; counted up to `most`."""
    newer = threads.filter(
        Q(last_email_at__gt=cursor.at) | Q(pk__gt=cursor.thread_id),
        last_email_at__gte=cursor.at,
    )
    return newer.order_by()[:most].count()


def _newest_ids(threads: QuerySet[Thread], account_ids: list[int], *, limit: int) -> list[int]:
    """The newest ids over these accounts, merged from one index read per account.

    Neither database walks several index ranges in one common order by itself, and Django writes
    none of the forms that make them. Only SQL that Django compiled goes in here, once for all
    accounts; every value travels as a parameter.
    """
    one = threads.filter(account=_ANY_ACCOUNT).order_by("-last_email_at", "-pk")
    sql, values = one.values("pk", "last_email_at")[:limit].query.sql_with_params()
    merge = _merge_lateral if connection.vendor == "postgresql" else _merge_union
    source, params = merge(sql, list(values), account_ids)
    with connection.cursor() as cursor:
        cursor.execute(f"{source} ORDER BY 2 DESC, 1 DESC LIMIT {int(limit)}", params)
        return [row[0] for row in cursor.fetchall()]


def _merge_union(sql: str, values: list[Any], account_ids: list[int]) -> tuple[str, list[Any]]:
    """A read for each account, written out."""
    parts = [f"SELECT * FROM ({sql}) part{number}" for number in range(len(account_ids))]  # noqa: S608 -- the SQL is Django's
    params = [pk if value == _ANY_ACCOUNT else value for pk in account_ids for value in values]
    return " UNION ALL ".join(parts), params


def _merge_lateral(sql: str, values: list[Any], account_ids: list[int]) -> tuple[str, list[Any]]:
    """The same read for each account, planned once."""
    pieces, place = sql.split("%s"), values.index(_ANY_ACCOUNT)
    inner = "%s".join(pieces[: place + 1]) + "chosen.id" + "%s".join(pieces[place + 1 :])
    del values[place]
    source = f"SELECT part.* FROM unnest(%s::bigint[]) chosen(id), LATERAL ({inner}) part"  # noqa: S608 -- as above
    return source, [account_ids, *values]


def rows_of(user: Any, ids: list[int], *, accounts: list[MailAccount]) -> list[Row]:
    """Rows for these conversations, in this order; ids that are no longer there are left out."""
    by_account = {account.pk: account for account in accounts}
    found = Thread.objects.filter(pk__in=ids, account__in=by_account)
    threads = found.select_related("assigned_to").in_bulk()
    rows = {
        pk: Row(thread=threads[pk], account=by_account[threads[pk].account_id])
        for pk in ids
        if pk in threads
    }
    for mark in (
        ThreadLabel.objects.filter(thread__in=rows).select_related("label").order_by("label__name")
    ):
        rows[mark.thread_id].labels.append(mark.label)
    links = links_seen_by(user, ITEM_KINDS).filter(thread__in=rows).select_related(*ITEM_KINDS)
    for link in links.order_by("-is_main", "pk"):
        row = rows[link.thread_id]
        if row.main_link is None:
            row.main_link = link
        else:
            row.more_links += 1
    return list(rows.values())


def unread_by_account(accounts: list[MailAccount]) -> dict[int, int]:
    """Unread conversations in the inbox of each account."""
    counted = (
        Thread.objects.filter(
            box_condition(Box.INBOX, now=timezone.now()),
            account__in=accounts,
            unread_count__gt=0,
            merged_into=None,
        )
        .values("account")
        .annotate(number=Count("pk"))
        .order_by()
    )
    return {row["account"]: row["number"] for row in counted}
