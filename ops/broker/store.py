"""Messages under leases in one SQLite file of their own, so that the product's database is left alone.

What holds: a message is given to one worker at a time; it is gone only when that worker says so
under the tag it was given; a worker that dies keeps it no longer than the lease; a message that
was given out MOST_TRIES times without an answer is set aside, lest it kill workers for ever.
"""

import sqlite3
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

LEASE_SECONDS = 30.0
MOST_TRIES = 5
BUSY_SECONDS = 20.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY,
    queue TEXT NOT NULL,
    due REAL NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    tag TEXT,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_due ON messages (queue, due, id);
CREATE INDEX IF NOT EXISTS messages_tag ON messages (tag) WHERE tag IS NOT NULL;
CREATE TABLE IF NOT EXISTS dead_letters (
    id INTEGER PRIMARY KEY,
    queue TEXT NOT NULL,
    died REAL NOT NULL,
    body TEXT NOT NULL
);
"""


@dataclass(frozen=True)
class Lease:
    tag: str
    queue: str
    body: str


class Store:
    """One connection, usable from several threads: the consuming one, the pool's, the renewer."""

    def __init__(
        self,
        path: Path,
        *,
        lease: float = LEASE_SECONDS,
        most_tries: int = MOST_TRIES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path = path
        self.lease = lease
        self.most_tries = most_tries
        self._clock = clock
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        # WAL: an idle worker's look does not wait for a writer. NORMAL: a power cut may lose the
        # last bells, which the sweeper rings again; it cannot damage the file.
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def put(self, queue: str, body: str, *, due: float = 0.0) -> None:
        self._execute(
            "INSERT INTO messages (queue, due, body) VALUES (?, ?, ?)",
            (queue, max(due, self._clock()), body),
        )

    def take(self, queues: Sequence[str]) -> Lease | None:
        """The oldest due message of the first queue that has one, under a lease of ours."""
        now = self._clock()
        for queue in queues:
            # A look before the write, so that an idle worker never takes the write lock.
            while due := self._first_due(queue, now):
                message, tries = due
                if tries >= self.most_tries:
                    self._bury(message, now)
                elif lease := self._claim(message, now):
                    return lease
        return None

    def renew(self, tags: Sequence[str]) -> None:
        until = self._clock() + self.lease
        for tag in tags:
            self._execute("UPDATE messages SET due = ? WHERE tag = ?", (until, tag))

    def acknowledge(self, tag: str) -> None:
        self._execute("DELETE FROM messages WHERE tag = ?", (tag,))

    def release(self, tag: str) -> None:
        """Gives a message back untouched: due at once, and the try does not count."""
        self._execute(
            "UPDATE messages SET due = ?, tag = NULL, tries = max(tries - 1, 0) WHERE tag = ?",
            (self._clock(), tag),
        )

    def purge(self, queue: str) -> int:
        return self._execute("DELETE FROM messages WHERE queue = ?", (queue,))

    def size(self, queue: str) -> int:
        return self.sizes()[queue]

    def sizes(self) -> Counter[str]:
        """Messages by queue, waiting or held."""
        rows = self._fetch("SELECT queue, count(*) FROM messages GROUP BY queue")
        return Counter({str(queue): int(str(count)) for queue, count in rows})

    def dead_letters(self) -> int:
        [(count,)] = self._fetch("SELECT count(*) FROM dead_letters")
        return int(str(count))

    def _first_due(self, queue: str, now: float) -> tuple[int, int] | None:
        rows = self._fetch(
            "SELECT id, tries FROM messages WHERE queue = ? AND due <= ? ORDER BY due, id LIMIT 1",
            (queue, now),
        )
        return (int(str(rows[0][0])), int(str(rows[0][1]))) if rows else None

    def _claim(self, message: int, now: float) -> Lease | None:
        # Fresh tag: a worker that lost its lease cannot acknowledge for the one that has it now.
        tag = uuid.uuid4().hex
        rows = self._fetch(
            "UPDATE messages SET due = ?, tag = ?, tries = tries + 1 "
            "WHERE id = ? AND due <= ? RETURNING queue, body",
            (now + self.lease, tag, message, now),
        )
        return Lease(tag, str(rows[0][0]), str(rows[0][1])) if rows else None

    def _bury(self, message: int, now: float) -> None:
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(
                "INSERT INTO dead_letters (queue, died, body) "
                "SELECT queue, ?, body FROM messages WHERE id = ? AND due <= ?",
                (now, message, now),
            )
            self._connection.execute(
                "DELETE FROM messages WHERE id = ? AND due <= ?", (message, now)
            )

    def _execute(self, statement: str, values: Sequence[object]) -> int:
        with self._lock:
            return self._connection.execute(statement, values).rowcount

    def _fetch(self, statement: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()
