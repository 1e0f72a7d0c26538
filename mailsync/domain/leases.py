"""One process at a time works on an account.

The lease is a row, its clock is the database's, so that workers whose clocks disagree agree all
the same. Each take-over raises `fence`; every write transaction of the sync renews the lease on
condition that the fence is still its own, so a worker that was asleep while another took over
writes nothing. A lease names its process, so that the sweep on the same machine need not wait
for the lease of a killed one to run out.
"""

import contextlib
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models.functions import Now

from mailsync.enums import AccountState
from mailsync.models import MailAccount

LEASE = timedelta(minutes=5)
# States in which nothing may be done in the mailbox.
STOPPED = (AccountState.PAUSED, AccountState.DISABLED, AccountState.REMOVING)
_STOPPED = ", ".join(["%s"] * len(STOPPED))
_LATER = {
    # As Django writes `Now() + LEASE`.
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '+' || %s || ' seconds')",
    "postgresql": "statement_timestamp() + make_interval(secs => %s)",
}
_NOW = {
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')",
    "postgresql": "statement_timestamp()",
}


class LeaseLostError(Exception):
    """Another process works on this account now; whatever we hold is stale."""


@dataclass(frozen=True, slots=True)
class Lease:
    account_id: int
    owner: str
    fence: int

    def renew(self) -> None:
        """Inside a write transaction: makes it ours or makes it fail."""
        if not _update(
            f"lease_until = {_LATER[connection.vendor]}",
            f"id = %s AND fence = %s AND lease_owner = %s AND NOT (state IN ({_STOPPED}))",
            [LEASE.total_seconds(), self.account_id, self.fence, self.owner, *STOPPED],
        ):
            raise LeaseLostError(self.account_id)


def claim(account_id: int) -> Lease | None:
    """The lease, or None when another process has it or the account is stopped."""
    pid = os.getpid()
    owner = f"{_host()}:{pid}:{_started_at(pid)}:{uuid.uuid4().hex[:12]}"
    if not _update(
        f"lease_owner = %s, lease_until = {_LATER[connection.vendor]}, fence = fence + 1",
        f"id = %s AND (lease_until IS NULL OR lease_until < {_NOW[connection.vendor]})"
        f" AND NOT (state IN ({_STOPPED}))",
        [owner, LEASE.total_seconds(), account_id, *STOPPED],
    ):
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT fence FROM mailsync_mailaccount WHERE id = %s AND lease_owner = %s",
            [account_id, owner],
        )
        found = cursor.fetchone()
    # Without a row another process has taken over already, from one that slept for minutes.
    return Lease(account_id, owner, found[0]) if found else None


def release(lease: Lease) -> None:
    """Lets the next one in; without effect when the lease is not ours any more."""
    _update(
        "lease_until = NULL, lease_owner = ''",
        "id = %s AND fence = %s AND lease_owner = %s",
        [lease.account_id, lease.fence, lease.owner],
    )


def _update(sets: str, where: str, values: list[Any]) -> int:
    """Changes the account's row, and says whether the conditions held. Several times in each round
    of each account: the ORM takes longer to write such a statement than the database to run it."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE mailsync_mailaccount SET {sets} WHERE {where}", values)  # noqa: S608 -- constants
        return int(cursor.rowcount)


@contextmanager
def held(account_id: int) -> Iterator[Lease | None]:
    """The lease for the length of a block; None when it cannot be had."""
    lease = claim(account_id)
    try:
        yield lease
    finally:
        if lease:
            release(lease)


def free_abandoned() -> int:
    """Ends the leases of processes of this machine that are not there any more, and makes their
    accounts due. Returns how many."""
    held = MailAccount.objects.filter(
        lease_until__gte=Now(), lease_owner__startswith=f"{_host()}:"
    ).values_list("id", "fence", "lease_owner")
    freed = 0
    for number, fence, owner in held:
        if _is_dead(owner):
            freed += MailAccount.objects.filter(pk=number, fence=fence, lease_owner=owner).update(
                lease_until=None, lease_owner="", next_poll_at=Now()
            )
    return freed


def _is_dead(owner: str) -> bool:
    """Only when that is certain: where nothing tells, the lease has to run out."""
    _host_name, pid, started_at, _number = owner.rsplit(":", 3)
    return bool(started_at) and _started_at(int(pid)) != started_at


def _started_at(pid: int) -> str:
    """When a process was started, in ticks since the machine was; another process that has got
    its number has another. Empty when there is none, and where there is no /proc."""
    with contextlib.suppress(OSError):
        # proc(5): the name in brackets may hold anything; the start is the 20th field after it.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return ""


def _host() -> str:
    return socket.gethostname()[:40]
