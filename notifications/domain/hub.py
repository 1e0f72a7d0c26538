"""Hands bells on to the open pages of this process.

One task per process reads the table of bells, ten times a second and only while a page is open,
and puts each into the queues of its user's pages: a hundred open pages cost what one costs. A look
takes half a millisecond, because the connection to the database is kept between looks.

Rows are read by their number. On PostgreSQL a number is given out before its transaction
commits, so a smaller number may appear after a larger one: numbers that were skipped are asked
for again for a while before they are taken for rolled back.

A page's queue holds names and not rows: a name that waits already is not put there twice, so a
slow reader cannot make it grow. The numbers are everybody's, so a page gets them sealed: the steps
between two of its own would tell how much mail others get.
"""

import asyncio
import contextlib
import logging
import signal
import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from types import FrameType
from typing import Any, TypeVar

from django.db import Error, connection, connections
from django.db.models import Max, Q

from common.opaque import seal
from notifications.models import LiveEvent
from users.domain.sessions import living_keys

log = logging.getLogger(__name__)

POLL_EVERY = 0.1
BEAT_EVERY = 15.0
CHECK_SESSIONS_EVERY = 3.0
GAPS_KEPT_FOR = 60.0
MOST_GAPS = 500
MOST_ROWS = 2000
CLIENTS_PER_USER = 12
# A bell is made before its transaction commits, and what a page shows is read before the page is
# written. One look too many costs little.
MADE_BEFORE_SEEN = timedelta(seconds=5)

Answer = TypeVar("Answer")


class Client:
    """One open page."""

    def __init__(self, *, user_id: int, session_key: str) -> None:
        self.user_id = user_id
        self.session_key = session_key
        self.waiting: dict[str, int] = {}
        self.wake = asyncio.Event()
        self.closed = False

    def put(self, name: str, number: int) -> None:
        self.waiting[name] = number
        self.wake.set()

    def close(self) -> None:
        self.closed = True
        self.wake.set()

    async def messages(self) -> AsyncIterator[str]:
        """Server-sent events (WHATWG HTML 9.2) until the client is closed."""
        yield "retry: 3000\n\n"
        while not self.closed:
            try:
                await asyncio.wait_for(self.wake.wait(), timeout=BEAT_EVERY)
            except TimeoutError:
                # Proxies cut a connection on which nothing is said.
                yield ": still here\n\n"
                continue
            self.wake.clear()
            names, self.waiting = self.waiting, {}
            for name, number in sorted(names.items(), key=lambda item: item[1]):
                yield f"id: {seal('event', number)}\nevent: {name}\ndata: {name}\n\n"


class Hub:
    """The open pages of one event loop, and the task that reads for them."""

    def __init__(self) -> None:
        self.clients: dict[int, list[Client]] = defaultdict(list)
        self.reader: asyncio.Task[None] | None = None
        self.last = 0
        self.gaps: dict[int, float] = {}
        # A thread of its own: the one of the request that started the reader ends with it.
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="live-events")

    async def ask(self, question: Callable[..., Answer], *args: Any) -> Answer:
        """The answer of the database, without holding up the event loop."""

        def kept() -> Answer:
            try:
                return question(*args)
            except Error:
                # Outside a request nobody else drops a connection that broke while it was kept.
                connections.close_all()
                return question(*args)

        return await asyncio.get_running_loop().run_in_executor(self.thread, kept)

    async def join(
        self,
        *,
        user_id: int,
        session_key: str,
        heard: int | None = None,
        since: datetime | None = None,
    ) -> Client:
        """A page opened. `heard` is the last bell it got before its connection was cut; one that
        has heard none yet says `since` when what it shows was made."""
        client = Client(user_id=user_id, session_key=session_key)
        mine = self.clients[user_id]
        if len(mine) >= CLIENTS_PER_USER:
            # The oldest page makes room: it is a forgotten tab, or connects again.
            mine.pop(0).close()
        mine.append(client)
        if self.reader is None or self.reader.done():
            self.last, self.gaps = await self.ask(newest), {}
            # Another page may have started the reader during the query.
            if self.reader is None or self.reader.done():
                self.reader = asyncio.create_task(self.read())
        # After the reader has begun, so that no bell rings between the two.
        for number, name in await self.ask(missed, user_id, heard, since):
            client.put(name, number)
        return client

    def leave(self, client: Client) -> None:
        client.close()
        mine = self.clients.get(client.user_id, [])
        if client in mine:
            mine.remove(client)
        if not mine:
            self.clients.pop(client.user_id, None)

    def close(self) -> None:
        """Ends every page's connection: the server is about to stop."""
        for client in [client for mine in self.clients.values() for client in mine]:
            client.close()

    async def read(self) -> None:
        checked = time.monotonic()
        while self.clients:
            await asyncio.sleep(POLL_EVERY)
            try:
                self.hand_out(await self.ask(fetch, self.last, list(self.gaps)))
                if time.monotonic() - checked >= CHECK_SESSIONS_EVERY:
                    await self.close_ended()
                    checked = time.monotonic()
            except Exception:
                # The database may be restarting: pages stay connected, and it is tried again.
                log.exception("live events could not be read")
                await asyncio.sleep(CHECK_SESSIONS_EVERY)
            if not self.clients:
                await self.ask(connections.close_all)

    def hand_out(self, rows: list[tuple[int, int, str]]) -> None:
        now = time.monotonic()
        for number, user_id, name in rows:
            if number > self.last:
                for skipped in range(max(self.last + 1, number - MOST_GAPS), number):
                    self.gaps[skipped] = now
                self.last = number
            self.gaps.pop(number, None)
            for client in self.clients.get(user_id, ()):
                client.put(name, number)
        recent = [(n, at) for n, at in self.gaps.items() if now - at < GAPS_KEPT_FOR]
        self.gaps = dict(recent[-MOST_GAPS:])

    async def close_ended(self) -> None:
        """Closes pages whose session ended or whose user was deactivated: one query for all."""
        clients = [client for mine in self.clients.values() for client in mine]
        alive = await self.ask(living_keys, {client.session_key for client in clients})
        for client in clients:
            if client.session_key not in alive:
                client.close()


# Asked ten times a second, so it is not built anew each time.
ANYTHING_NEWER = "SELECT EXISTS (SELECT 1 FROM notifications_liveevent WHERE id > %s)"


def fetch(last: int, gaps: list[int]) -> list[tuple[int, int, str]]:
    if not gaps:
        with connection.cursor() as cursor:
            cursor.execute(ANYTHING_NEWER, [last])
            if not cursor.fetchone()[0]:
                return []
    wanted = Q(pk__gt=last) | Q(pk__in=gaps) if gaps else Q(pk__gt=last)
    rows = LiveEvent.objects.filter(wanted).order_by("pk")
    return list(rows.values_list("pk", "user_id", "name")[:MOST_ROWS])


def newest() -> int:
    return LiveEvent.objects.aggregate(newest=Max("pk"))["newest"] or 0


def missed(user_id: int, heard: int | None, since: datetime | None) -> list[tuple[int, str]]:
    rows = LiveEvent.objects.filter(user_id=user_id)
    if heard is not None:
        rows = rows.filter(pk__gt=heard)
    elif since is not None:
        rows = rows.filter(created_at__gt=since - MADE_BEFORE_SEEN)
    else:
        return []
    return list(rows.order_by("-pk").values_list("pk", "name")[:200])[::-1]


_hubs: dict[int, tuple[asyncio.AbstractEventLoop, Hub]] = {}


def hub_of_this_loop() -> Hub:
    """The hub of the running event loop; a server has one loop per process."""
    loop = asyncio.get_running_loop()
    known = _hubs.get(id(loop))
    if known is None or known[0] is not loop:
        _hubs[id(loop)] = known = (loop, Hub())
        _close_on_shutdown(loop, known[1])
    return known[1]


def _close_on_shutdown(loop: asyncio.AbstractEventLoop, hub: Hub) -> None:
    """A server waits at its end for open answers, and ours never end by themselves: the signal
    that stops the server first closes them, then goes its usual way."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        previous = signal.getsignal(number)
        if not callable(previous):
            continue

        def stop(
            received: int, frame: FrameType | None, previous: Callable[..., Any] = previous
        ) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed already
                loop.call_soon_threadsafe(hub.close)
            previous(received, frame)

        signal.signal(number, stop)
