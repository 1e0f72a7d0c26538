"""Which emails belong together.

A new email joins by the provider's thread id if there is one; else by the Message-IDs it has and
names (RFC 5322 3.6.4), where ids of mails not seen yet are placeholders; else, when it is an
answer that names nobody, by subject: the same bare subject, a shared correspondent, and at most
30 days after. Each rule joins two emails whichever comes first, so the order of arrival does not
matter: an email that connects two threads merges them, and the older thread's id stays.

A user's word is stronger: threads he took apart (ThreadSeparation) are joined by no rule.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mailsync.domain import bulk
from mailsync.domain.subjects import base_subject, key_of
from mailsync.mime.types import ParsedEmail
from mailsync.models import Thread

MAX_EMAILS = 500
# Of a long References field the beginning and the end say what is needed.
FIRST_REFERENCES, LAST_REFERENCES = 20, 20
SUBJECT_WINDOW = timedelta(days=30)
# More mails of one subject in the window are a machine's, and no conversation.
MAX_SUBJECT_CANDIDATES = 2000


@dataclass(slots=True)
class Arrival:
    """What threading needs to know of one new email."""

    own: int  # key of its Message-ID, 0 without one
    references: Sequence[str]  # the ids it names, oldest first, and their keys
    named: tuple[int, ...]
    provider_thread_id: str
    subject_key: int
    is_orphan_answer: bool  # says "Re:", names nobody
    # Own addresses left out: they are in every mail of the mailbox and prove nothing.
    sender: str
    recipients: frozenset[str]
    at: datetime


@dataclass(slots=True)
class Placing:
    """Where each arrival goes, and what has to be written for it."""

    thread_ids: list[int] = field(default_factory=list)
    new_ids: list[int] = field(default_factory=list)
    merges: list[tuple[int, int]] = field(default_factory=list)  # (kept, gone)
    references: list[tuple[int, int]] = field(default_factory=list)  # (key, thread)


def arrival(
    parsed: ParsedEmail, *, at: datetime, provider_thread_id: str, own_addresses: frozenset[str]
) -> Arrival:
    """The arrival that a parsed email is."""
    subject, is_answer = base_subject(parsed.subject)
    named = bounded_references(parsed.references)
    recipients = {party.address for party in (*parsed.to, *parsed.cc)} - own_addresses - {""}
    sender = parsed.sender.address
    return Arrival(
        own=key_of(parsed.message_id),
        references=named,
        named=tuple(key_of(name) for name in named),
        provider_thread_id=provider_thread_id,
        subject_key=key_of(subject),
        is_orphan_answer=is_answer and not named,
        sender="" if sender in own_addresses else sender,
        recipients=frozenset(recipients),
        at=at,
    )


def bounded_references(references: Sequence[str]) -> list[str]:
    """The references that are followed, oldest first."""
    if len(references) <= FIRST_REFERENCES + LAST_REFERENCES:
        return list(dict.fromkeys(references))
    ends = [*references[:FIRST_REFERENCES], *references[-LAST_REFERENCES:]]
    return list(dict.fromkeys(ends))


def place(
    account_id: int, arrivals: Sequence[Arrival], *, own_addresses: frozenset[str]
) -> Placing:
    """Finds or allocates the thread of each arrival. Writes nothing."""
    known = _known_references(account_id, arrivals)
    by_provider = _known_provider_threads(account_id, arrivals)
    edges = _subject_edges(account_id, arrivals, own_addresses)
    threads = set(known.values()) | set(by_provider.values()) | {t for _, t in edges.known}
    groups = _Groups(sizes=_sizes(threads), separated=_separations(threads))
    for number, item in enumerate(arrivals):
        me = ("email", number)
        groups.add(me, size=1)
        if item.provider_thread_id:
            thread = by_provider.get(item.provider_thread_id)
            target = ("thread", thread) if thread else ("provider", item.provider_thread_id)
            groups.join(me, target)
            continue
        # The nearest first: where a user's word or the cap forbids a join, the parent wins.
        for key in (item.own, *reversed(item.named)):
            if key:
                groups.join(me, ("thread", known[key]) if key in known else ("id", key))
    for number, thread in edges.known:
        groups.join(("email", number), ("thread", thread))
    for first, second in edges.fresh:
        groups.join(("email", first), ("email", second))
    return _settle(groups, arrivals, known)


def _settle(groups: "_Groups", arrivals: Sequence[Arrival], known: dict[int, int]) -> Placing:
    placing = Placing()
    roots: dict[Any, int] = {}
    without = [
        root
        for root in dict.fromkeys(groups.find(("email", n)) for n in range(len(arrivals)))
        if not groups.threads[root]
    ]
    placing.new_ids = bulk.allocate_ids(Thread, len(without))
    roots.update(zip(without, placing.new_ids, strict=True))
    for number, item in enumerate(arrivals):
        root = groups.find(("email", number))
        if root not in roots:
            kept, *gone = sorted(groups.threads[root])
            roots[root] = kept
            placing.merges += [(kept, other) for other in gone]
        thread = roots[root]
        placing.thread_ids.append(thread)
        for key in (item.own, *item.named):
            if key and key not in known:
                known[key] = thread
                placing.references.append((key, thread))
    return placing


class _Groups:
    """Union-find over emails, ids and threads that refuses what must not be joined."""

    def __init__(self, *, sizes: dict[int, int], separated: set[tuple[int, int]]) -> None:
        self.parent: dict[Any, Any] = {}
        self.threads: dict[Any, set[int]] = defaultdict(set)
        self.size: dict[Any, int] = defaultdict(int)
        self._separated = separated
        for thread, size in sizes.items():
            node = ("thread", thread)
            self.add(node, size=size)
            self.threads[node] = {thread}

    def add(self, node: Any, *, size: int = 0) -> None:
        if node not in self.parent:
            self.parent[node] = node
            self.size[node] = size

    def find(self, node: Any) -> Any:
        root = node
        while self.parent[root] != root:
            root = self.parent[root]
        while self.parent[node] != root:
            self.parent[node], node = root, self.parent[node]
        return root

    def join(self, first: Any, second: Any) -> None:
        self.add(first)
        self.add(second)
        a, b = self.find(first), self.find(second)
        if a == b or self.size[a] + self.size[b] > MAX_EMAILS or self._apart(a, b):
            return
        self.parent[b] = a
        self.size[a] += self.size.pop(b)
        self.threads[a] |= self.threads.pop(b, set())

    def _apart(self, a: Any, b: Any) -> bool:
        return bool(self._separated) and any(
            (min(x, y), max(x, y)) in self._separated
            for x in self.threads[a]
            for y in self.threads[b]
        )


@dataclass(slots=True)
class _Edges:
    known: list[tuple[int, int]] = field(default_factory=list)  # (arrival, thread)
    fresh: list[tuple[int, int]] = field(default_factory=list)  # (arrival, arrival)


def _subject_edges(
    account_id: int, arrivals: Sequence[Arrival], own_addresses: frozenset[str]
) -> _Edges:
    """Pairs of an answer that names nobody and the mail that it may answer."""
    edges = _Edges()
    candidates = [n for n, a in enumerate(arrivals) if a.subject_key and not a.provider_thread_id]
    if not candidates:
        return edges
    by_key: dict[int, list[int]] = defaultdict(list)
    for number in candidates:
        by_key[arrivals[number].subject_key].append(number)
    for numbers in by_key.values():
        for n in numbers:
            if arrivals[n].is_orphan_answer:
                edges.fresh += [
                    (n, other)
                    for other in numbers
                    if n != other and _answers(arrivals[n], arrivals[other])
                ]
    for row in _stored_with_subjects(account_id, arrivals, by_key):
        thread_id, key, subject, references, at, sender, recipients = row
        is_orphan_answer = references in ("[]", []) and base_subject(subject)[1]
        if not is_orphan_answer and not any(arrivals[n].is_orphan_answer for n in by_key[key]):
            continue
        stored = Arrival(
            own=0,
            references=(),
            named=(),
            provider_thread_id="",
            subject_key=key,
            is_orphan_answer=is_orphan_answer,
            sender="" if sender in own_addresses else sender,
            recipients=frozenset(
                there for role, _, there in bulk.document_of(recipients) if role in ("to", "cc")
            )
            - own_addresses,
            at=bulk.moment_of(at),
        )
        for number in by_key[key]:
            item = arrivals[number]
            if (item.is_orphan_answer and _answers(item, stored)) or (
                stored.is_orphan_answer and _answers(stored, item)
            ):
                edges.known.append((number, thread_id))
    return edges


def _answers(answer: Arrival, question: Arrival) -> bool:
    """Whether one may answer the other: in time, and between people who write to each other.
    To stand on the same mailing list is not enough."""
    if not timedelta(0) <= answer.at - question.at <= SUBJECT_WINDOW:
        return False
    return question.sender in answer.recipients or answer.sender in question.recipients


STORED_WITH_SUBJECTS = """
    SELECT email.thread_id, email.subject_hash, email.subject, email."references",
        email.received_at, email.from_address, email.recipients
    FROM mailsync_email AS email
    JOIN mailsync_thread AS thread ON thread.id = email.thread_id
    WHERE email.subject_hash {among} AND NOT (email.subject_hash = 0) AND email.account_id = %s
        AND email.received_at BETWEEN %s AND %s AND thread.provider_thread_id = ''
"""


def _stored_with_subjects(
    account_id: int, arrivals: Sequence[Arrival], by_key: dict[int, list[int]]
) -> list[Any]:
    """Stored emails whose subject one of the arrivals has, near it in time, where one of the two
    is an answer that names nobody."""
    times = [arrivals[n].at for numbers in by_key.values() for n in numbers]
    values = (
        account_id,
        bulk.moment(min(times) - SUBJECT_WINDOW),
        bulk.moment(max(times) + SUBJECT_WINDOW),
    )
    asking = {
        key for key, found in by_key.items() if any(arrivals[n].is_orphan_answer for n in found)
    }
    order = f" ORDER BY email.received_at DESC LIMIT {MAX_SUBJECT_CANDIDATES}"
    rows = bulk.select(STORED_WITH_SUBJECTS + order, asking, *values)
    naming_nobody = f"{STORED_WITH_SUBJECTS} AND email.\"references\" = '[]'"
    return rows + bulk.select(naming_nobody + order, set(by_key) - asking, *values)


def _known_references(account_id: int, arrivals: Sequence[Arrival]) -> dict[int, int]:
    return dict(
        bulk.select(
            "SELECT message_id_hash, thread_id FROM mailsync_emailreference"
            " WHERE message_id_hash {among} AND account_id = %s",
            {key for item in arrivals for key in (item.own, *item.named) if key},
            account_id,
        )
    )


def _known_provider_threads(account_id: int, arrivals: Sequence[Arrival]) -> dict[str, int]:
    return dict(
        bulk.select(
            "SELECT provider_thread_id, id FROM mailsync_thread"
            " WHERE provider_thread_id {among} AND account_id = %s AND merged_into_id IS NULL"
            " AND NOT (provider_thread_id = '')",
            {item.provider_thread_id for item in arrivals if item.provider_thread_id},
            account_id,
        )
    )


def _sizes(threads: Iterable[int]) -> dict[int, int]:
    return dict(
        bulk.select("SELECT id, email_count FROM mailsync_thread WHERE id {among}", threads)
    )


def _separations(threads: Iterable[int]) -> set[tuple[int, int]]:
    ids = list(threads)
    return {
        (first, second)
        for column in ("first_id", "second_id")
        for first, second in bulk.select(
            f"SELECT first_id, second_id FROM mailsync_threadseparation WHERE {column} {{among}}",  # noqa: S608 -- constants
            ids,
        )
    }
