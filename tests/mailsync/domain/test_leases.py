"""Who works on an account: one process, and for no longer than it lives."""

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from config.background import CELERY_BEAT_SCHEDULE
from mailsync.domain import leases, schedule
from mailsync.domain.leases import LeaseLostError
from mailsync.models import MailAccount

pytestmark = pytest.mark.django_db

CLAIM = """
from mailsync.domain.leases import _host, _started_at
import os
print(f"{_host()}:{os.getpid()}:{_started_at(os.getpid())}:abc")
"""


def queued(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    ids: list[int] = []
    monkeypatch.setattr("mailsync.tasks.sync_account.delay", ids.append)
    return ids


def hold(account: MailAccount, owner: str) -> None:
    until = timezone.now() + leases.LEASE
    MailAccount.objects.filter(pk=account.pk).update(
        lease_owner=owner, lease_until=until, next_poll_at=until
    )


def test_only_one_has_the_lease_and_the_one_before_writes_nothing(account: MailAccount) -> None:
    first = leases.claim(account.pk)
    assert first
    assert leases.claim(account.pk) is None
    MailAccount.objects.filter(pk=account.pk).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )
    second = leases.claim(account.pk)
    assert second
    with pytest.raises(LeaseLostError):
        first.renew()
    leases.release(first)
    second.renew()


def test_account_of_a_killed_process_is_synced_at_the_next_sweep(
    account: MailAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = queued(monkeypatch)
    ended = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{CLAIM}"],
        capture_output=True,
        text=True,
        check=True,
    )
    hold(account, ended.stdout.strip())

    schedule.sweep_due_accounts()

    assert ids == [account.pk]
    assert leases.claim(account.pk)


def test_living_process_keeps_its_lease(account: MailAccount, monkeypatch: Any) -> None:
    ids = queued(monkeypatch)
    lease = leases.claim(account.pk)
    assert lease
    MailAccount.objects.filter(pk=account.pk).update(next_poll_at=timezone.now())

    schedule.sweep_due_accounts()

    assert ids == []
    lease.renew()


@pytest.mark.parametrize(
    "owner",
    ["elsewhere:1:77:abc", f"{leases._host()}:999999::abc"],
    ids=["another machine's", "where nothing tells"],
)
def test_what_cannot_be_known_runs_out(account: MailAccount, monkeypatch: Any, owner: str) -> None:
    ids = queued(monkeypatch)
    hold(account, owner)

    schedule.sweep_due_accounts()

    assert ids == []
    assert leases.claim(account.pk) is None


def test_lost_bell_is_rung_again_by_the_sweep(account: MailAccount, monkeypatch: Any) -> None:
    ids = queued(monkeypatch)
    schedule.wake(account.pk)  # its task is lost: nothing runs it here
    assert schedule.sweep_due_accounts() == 1
    assert schedule.sweep_due_accounts() == 0
    assert ids == [account.pk]


def test_five_hundred_due_in_one_second_come_by_the_hundred(
    alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an outage: the longest waiting first, each once, no more in a second than a
    provider bears, and those whose servers do not answer two at a time."""
    ids = queued(monkeypatch)
    now = timezone.now()
    accounts = MailAccount.objects.bulk_create(
        MailAccount(
            owner=alice,
            address=f"a{number}@northwind.example",
            next_poll_at=now - timedelta(seconds=1, microseconds=number),
            failures=1 if number < 50 else 0,
        )
        for number in range(500)
    )
    sweeps = []
    for _ in range(5):
        before = len(ids)
        schedule.sweep_due_accounts()
        sweeps.append(ids[before:])
    troubled = {account.pk for account in accounts[:50]}
    sound = [account.pk for account in reversed(accounts[50:])]
    assert [number for number in ids if number not in troubled] == sound
    assert len(ids) == len(set(ids))
    assert all(len(one) <= 102 for one in sweeps)
    assert all(len(troubled & set(one)) <= schedule.TROUBLED_AT_ONCE for one in sweeps)
    every = CELERY_BEAT_SCHEDULE["mailsync.tasks.sweep_due_accounts"]["schedule"]
    assert schedule.MOST_AT_ONCE / every <= 20
