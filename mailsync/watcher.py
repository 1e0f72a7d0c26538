"""Holds IDLE for many accounts in one loop, and does nothing but ring the bell.

What a line of IDLE says is not believed, only that something happened: the account is woken
and a worker looks. So a lost line costs a poll's wait and nothing else. Connecting and signing
in block, therefore they happen in threads: accounts that never failed have their own, so that a
hundred dead servers do not delay the one that answers.
"""

import contextlib
import logging
import random
import selectors
import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from mailsync.providers.base import ProviderError, Reaction, ServerAddress
from mailsync.providers.imap_idle import IdleUnavailableError, IMAPIdle

logger = logging.getLogger(__name__)

REFRESH_EVERY = 3.0
# Of one account: a flood of lines rings once now and once at the end of this.
RING_EVERY = 1.0
FIRST_RETRY, LAST_RETRY = 2.0, 15 * 60.0
# A refused password is not tried over and over: accounts get locked that way.
SIGN_IN_RETRY = 30 * 60.0
NO_IDLE_RETRY = 6 * 3600.0
FRESH_THREADS, RETRY_THREADS = 32, 8
# Seconds between two sign-ins, of accounts that never failed and of the others: after a start of
# ours or an outage of theirs a provider does not see hundreds in one second, and takes us for none
# who tries passwords out. Together at most twenty a second.
FRESH_EVERY, RETRY_EVERY = 1 / 15, 1 / 5


@dataclass(frozen=True, slots=True)
class Watched:
    """An account to watch. Another `version` means: connect anew."""

    version: str
    address: Callable[[], ServerAddress]


@dataclass(slots=True)
class _Place:
    version: str
    address: Callable[[], ServerAddress]
    idle: IMAPIdle | None = None
    connecting: "Future[IMAPIdle] | None" = None
    next_try: float = 0.0
    failures: int = 0
    rung_at: float = field(default=-RING_EVERY)
    ring_due: float | None = None


class Watcher:
    """`accounts` tells which ones, by id; `wake` is called with the id of one that has news."""

    def __init__(
        self,
        *,
        accounts: Callable[[], Mapping[int, Watched]],
        wake: Callable[[int], None],
        start: Callable[[ServerAddress], IMAPIdle] = IMAPIdle.start,
    ) -> None:
        self._accounts = accounts
        self._wake = wake
        self._start = start
        self._places: dict[int, _Place] = {}
        self._selector = selectors.DefaultSelector()
        self._connected: SimpleQueue[tuple[int, _Place]] = SimpleQueue()
        self._bell, self._bell_end = socket.socketpair()
        self._bell.setblocking(False)
        self._bell_end.setblocking(False)
        self._selector.register(self._bell, selectors.EVENT_READ, None)
        self._fresh = ThreadPoolExecutor(FRESH_THREADS, thread_name_prefix="watch")
        self._retry = ThreadPoolExecutor(RETRY_THREADS, thread_name_prefix="watch-again")
        self._is_stopping = False
        self._next_refresh = 0.0
        self._next_deadline = 0.0
        # When the next of the fresh ones, and of those that failed, may sign in.
        self._next_turn = [0.0, 0.0]

    @property
    def held(self) -> int:
        """How many accounts are idling now."""
        return sum(1 for place in self._places.values() if place.idle)

    def stop(self) -> None:
        """Ends `run` soon; may be called from a signal handler or another thread."""
        self._is_stopping = True
        self._ring_bell()

    def run(self) -> None:
        try:
            while not self._is_stopping:
                self.turn()
        finally:
            self.close()

    def turn(self, longest: float = 1.0) -> None:
        """One turn of the loop: waits at most `longest` seconds for something to do."""
        now = time.monotonic()
        if now >= self._next_refresh:
            self._refresh()
            self._next_refresh = time.monotonic() + REFRESH_EVERY
        if now >= self._next_deadline:
            self._keep_deadlines(now)
        wait = min(longest, max(0.0, self._next_deadline - time.monotonic()))
        for key, _events in self._selector.select(wait):
            if key.data is None:
                self._take_connected()
            else:
                self._read(key.data)

    # --- Which accounts -----------------------------------------------------------------------

    def _refresh(self) -> None:
        try:
            wanted = self._accounts()
        except Exception:
            # The database is away for a moment; that is no reason to hang up on everybody.
            logger.exception("the list of accounts could not be read")
            return
        for number, place in list(self._places.items()):
            if number not in wanted or wanted[number].version != place.version:
                self._drop(number, place)
        for number, account in wanted.items():
            if number not in self._places:
                self._places[number] = _Place(account.version, account.address)
        self._next_deadline = 0.0

    def _drop(self, number: int, place: _Place) -> None:
        del self._places[number]
        if place.idle:
            self._selector.unregister(place.idle)
            place.idle.close()
        if place.connecting:
            # Closed when it comes in and finds its place gone.
            place.connecting.cancel()

    # --- Time ---------------------------------------------------------------------------------

    def _keep_deadlines(self, now: float) -> None:
        upcoming = now + REFRESH_EVERY
        for number, place in list(self._places.items()):
            if place.ring_due is not None and place.ring_due <= now:
                self._ring(number, place, now)
            if place.idle and place.idle.renew_at <= now:
                self._guarded(number, place, place.idle.renew)
            if not place.idle and not place.connecting and self._may_connect_at(place) <= now:
                self._next_turn[bool(place.failures)] = now + (
                    RETRY_EVERY if place.failures else FRESH_EVERY
                )
                self._connect(number, place)
            for moment in (place.ring_due, place.idle and place.idle.renew_at):
                if moment:
                    upcoming = min(upcoming, moment)
            if not place.idle and not place.connecting:
                upcoming = min(upcoming, self._may_connect_at(place))
        self._next_deadline = upcoming

    def _may_connect_at(self, place: _Place) -> float:
        return max(place.next_try, self._next_turn[bool(place.failures)])

    def _connect(self, number: int, place: _Place) -> None:
        try:
            address = place.address()
        except ProviderError as error:
            self._failed(place, error, number)
            return
        pool = self._retry if place.failures else self._fresh
        place.connecting = pool.submit(self._start, address)
        place.connecting.add_done_callback(lambda _future: self._announce(number, place))

    def _announce(self, number: int, place: _Place) -> None:
        self._connected.put((number, place))
        self._ring_bell()

    def _ring_bell(self) -> None:
        with contextlib.suppress(OSError):  # full: the loop is awake anyway
            self._bell_end.send(b"!")

    # --- What comes in ------------------------------------------------------------------------

    def _take_connected(self) -> None:
        self._bell.recv(4096)
        while True:
            try:
                number, place = self._connected.get_nowait()
            except Empty:
                return
            future, place.connecting = place.connecting, None
            if future is None or future.cancelled():
                continue
            error = future.exception()
            if self._places.get(number) is not place:
                if error is None:
                    future.result().close()
            elif error is not None:
                self._failed(place, error, number)
            else:
                self._idling(number, place, future.result())

    def _idling(self, number: int, place: _Place, idle: IMAPIdle) -> None:
        place.idle = idle
        self._selector.register(idle, selectors.EVENT_READ, number)
        logger.debug("account %d is watched", number)
        if place.failures:
            # Something may have arrived while nobody listened.
            self._ring(number, place, time.monotonic())
        place.failures = 0
        self._next_deadline = min(self._next_deadline, idle.renew_at)

    def _read(self, number: int) -> None:
        place = self._places.get(number)
        if place is None or place.idle is None:
            return
        if self._guarded(number, place, place.idle.read):
            now = time.monotonic()
            if now - place.rung_at >= RING_EVERY:
                self._ring(number, place, now)
            elif place.ring_due is None:
                place.ring_due = place.rung_at + RING_EVERY
                self._next_deadline = min(self._next_deadline, place.ring_due)

    def _ring(self, number: int, place: _Place, now: float) -> None:
        place.rung_at, place.ring_due = now, None
        try:
            self._wake(number)
        except Exception:
            # The database or the broker is away: the poll finds the mail.
            logger.exception("account %d could not be woken", number)

    def _guarded(self, number: int, place: _Place, act: Callable[[], bool | None]) -> bool:
        try:
            return bool(act())
        except ProviderError as error:
            self._failed(place, error, number)
            return False

    def _failed(self, place: _Place, error: BaseException, number: int) -> None:
        if place.idle:
            self._selector.unregister(place.idle)
            place.idle.close()
            place.idle = None
        place.failures += 1
        code = error.code if isinstance(error, ProviderError) else type(error).__name__
        wait = _pause(error, place.failures)
        place.next_try = time.monotonic() + wait
        self._next_deadline = min(self._next_deadline, place.next_try)
        logger.info("account %d is not watched: %s; again in %.0f s", number, code, wait)

    def close(self) -> None:
        """Hangs up on everybody."""
        for pool in (self._fresh, self._retry):
            pool.shutdown(wait=False, cancel_futures=True)
        for number, place in list(self._places.items()):
            self._drop(number, place)
        self._selector.close()
        self._bell.close()
        self._bell_end.close()


def _pause(error: BaseException, failures: int) -> float:
    if isinstance(error, IdleUnavailableError):
        return NO_IDLE_RETRY
    if isinstance(error, ProviderError):
        if error.retry_after:
            return error.retry_after
        if error.reaction in (Reaction.SIGN_IN, Reaction.SETTINGS):
            return SIGN_IN_RETRY
    longest = min(LAST_RETRY, FIRST_RETRY * 2.0 ** min(failures - 1, 12))
    # Jitter: after an outage of one provider not everybody comes back in the same second.
    return random.uniform(longest / 2, longest)
