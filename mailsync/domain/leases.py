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

from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Now

from mailsync.enums import AccountState
from mailsync.models import MailAccount

LEASE = timedelta(minutes=5)
# States in which nothing may be done in the mailbox.
STOPPED = (AccountState.PAUSED, AccountState.DISABLED, AccountState.REMOVING)
_RENEW = f"""
    UPDATE mailsync_mailaccount SET lease_until = {{until}}
    WHERE id = %s AND fence = %s AND lease_owner = %s
        AND NOT (state IN ({", ".join(["%s"] * len(STOPPED))}))
"""  # noqa: S608 -- constants
RENEW = {
    # As Django writes `Now() + LEASE`.
    "sqlite": _RENEW.format(
        until="strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '+' || %s || ' seconds')"
    ),
    "postgresql": _RENEW.format(until="statement_timestamp() + make_interval(secs => %s)"),
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
        with connection.cursor() as cursor:
            # Once in every transaction of the sync: not through the ORM, which takes longer to
            # write the statement than the database to run it.
            cursor.execute(
                RENEW[connection.vendor],
                [LEASE.total_seconds(), self.account_id, self.fence, self.owner, *STOPPED],
            )
            if not cursor.rowcount:
                raise LeaseLostError(self.account_id)


def claim(account_id: int) -> Lease | None:
    """The lease, or None when another process has it or the account is stopped."""
    pid = os.getpid()
    owner = f"{_host()}:{pid}:{_started_at(pid)}:{uuid.uuid4().hex[:12]}"
    count = (
        MailAccount.objects.filter(
            Q(lease_until__isnull=True) | Q(lease_until__lt=Now()), pk=account_id
        )
        .exclude(state__in=STOPPED)
        .update(lease_owner=owner, lease_until=Now() + LEASE, fence=F("fence") + 1)
    )
    if not count:
        return None
    fence = MailAccount.objects.values_list("fence", flat=True).get(
        pk=account_id, lease_owner=owner
    )
    return Lease(account_id, owner, fence)


def release(lease: Lease) -> None:
    """Lets the next one in; without effect when the lease is not ours any more."""
    MailAccount.objects.filter(
        pk=lease.account_id, fence=lease.fence, lease_owner=lease.owner
    ).update(lease_until=None, lease_owner="")


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
