"""Kombu's view of the store: channels that take, renew, acknowledge and give back."""

import json
import sqlite3
import threading
import weakref
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import virtual

from ops.broker.store import LEASE_SECONDS, MOST_TRIES, Store

RENEWALS_PER_LEASE = 3


class LeaseQoS(virtual.QoS):
    """What this channel holds. Acknowledging reaches the store at once, from whichever thread."""

    def ack(self, delivery_tag: str) -> None:
        self.channel.store.acknowledge(delivery_tag)
        super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 -- as kombu declares it
        if requeue:
            self.channel.store.release(delivery_tag)
        else:
            self.channel.store.acknowledge(delivery_tag)
        super().ack(delivery_tag)

    def restore_unacked_once(self, stderr: object = None) -> None:
        """At an orderly stop: what was not begun goes back without waiting for its lease."""
        self._on_collect.cancel()
        for tag in self.held():
            self.channel.store.release(tag)
        self._delivered.clear()
        self._dirty.clear()

    def held(self) -> list[str]:
        # Copies first: acknowledging threads add to the one while the consumer changes the other.
        return [tag for tag in list(self._delivered) if tag not in self._dirty.copy()]


class Channel(virtual.Channel):
    QoS = LeaseQoS
    supports_fanout = False
    from_transport_options = (  # type: ignore[assignment]  # kombu's stub fixes the length
        *virtual.Channel.from_transport_options,
        "lease",
        "most_tries",
    )
    lease: float = LEASE_SECONDS
    most_tries: int = MOST_TRIES

    def __init__(self, connection: Any, **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        self.store = Store(
            # Kombu cuts the leading slash off an address's path.
            Path("/" + connection.client.virtual_host.lstrip("/")),
            lease=self.lease,
            most_tries=self.most_tries,
        )
        self._closing = threading.Event()
        self._renewer: threading.Thread | None = None

    def basic_consume(self, *args: Any, **kwargs: Any) -> None:
        super().basic_consume(*args, **kwargs)
        if self._renewer is None:
            self._renewer = threading.Thread(
                target=_renew,
                args=(weakref.ref(self), self._closing, self.store.lease / RENEWALS_PER_LEASE),
                name="lease renewer",
                daemon=True,
            )
            self._renewer.start()

    def close(self) -> None:
        if self.closed:
            return
        self._closing.set()
        if self._renewer is not None:
            self._renewer.join()
        super().close()
        self.store.close()

    def _poll(self, cycle: Any, callback: Any, timeout: float | None = None) -> None:
        """One look over all queues in the order they were asked for: sending before backfill."""
        lease = self.store.take(self._active_queues)
        if lease is None:
            raise Empty
        callback(_under_tag(lease.body, lease.tag), lease.queue)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        lease = self.store.take([queue])
        if lease is None:
            raise Empty
        return _under_tag(lease.body, lease.tag)

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        self.store.put(queue, json.dumps(message), due=_due(message))

    def _purge(self, queue: str) -> int:
        return self.store.purge(queue)

    def _size(self, queue: str) -> int:
        return self.store.size(queue)


def _renew(channel: "weakref.ref[Channel]", closing: threading.Event, pause: float) -> None:
    while not closing.wait(pause):
        holder = channel()
        if holder is None:
            return
        holder.store.renew(holder.qos.held())
        del holder


def _under_tag(body: str, tag: str) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(body)
    message["properties"]["delivery_tag"] = tag
    return message


def _due(message: dict[str, Any]) -> float:
    """A task for later waits in the table instead of in a worker's memory."""
    eta = (message.get("headers") or {}).get("eta")
    if not eta:
        return 0.0
    moment = datetime.fromisoformat(eta)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


class Transport(virtual.Transport):
    Channel = Channel
    driver_type = "sqlitelease"
    driver_name = "sqlite3"
    polling_interval = 0.1

    def driver_version(self) -> str:
        return sqlite3.sqlite_version
