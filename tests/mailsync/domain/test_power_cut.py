"""The power goes while mail comes in: what a committed row names is on the disk.

A file system that keeps what was synced and nothing else: bytes of a file up to its last sync,
names of a folder as they were at the folder's. The database is spared, which is the worse case: rows that
went with their bytes would be fetched again.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from mailsync.domain import blobs, fetching, leases, sync
from mailsync.models import Blob, Email, MailAccount
from tests.factories.messages import message
from tests.fakes.store import FakeServer

pytestmark = pytest.mark.django_db

ME = "alice@northwind.example"
COUNT = 150


class KilledError(BaseException):
    """The machine is off: nothing that handles errors may see it."""


class Disk:
    """What would be there after a power cut."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lengths: dict[int, int] = {}  # by inode
        self.names: dict[Path, set[str]] = {}

    def synced(self, descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.is_dir():
            self.names[path] = {one.name for one in path.iterdir()}
        else:
            status = os.fstat(descriptor)
            self.lengths[status.st_ino] = status.st_size

    def cut(self) -> None:
        for path in sorted(self.root.rglob("*"), reverse=True):
            if path.is_dir():
                continue
            if self._is_named(path):
                length = self.lengths.get(path.stat().st_ino, 0)
                os.truncate(path, min(length, path.stat().st_size))
            else:
                path.unlink()

    def _is_named(self, path: Path) -> bool:
        """Whether each folder on the way down to it knows the next by its name."""
        while path != self.root.parent:
            if path.name not in self.names.get(path.parent, ()):
                return False
            path = path.parent
        return True


@pytest.fixture
def disk(account: MailAccount, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk(Path(settings.BLOB_DIR))
    for name in ("fsync", "fdatasync"):
        real = getattr(os, name)

        def recording(descriptor: int, real: Any = real) -> None:
            real(descriptor)
            disk.synced(descriptor)

        monkeypatch.setattr(f"mailsync.domain.blobs.os.{name}", recording)
    monkeypatch.setattr(fetching, "CONTENT_BATCH", 5)
    monkeypatch.setattr(fetching, "PORTION", 5)
    return disk


def run_until_cut(account: MailAccount, monkeypatch: pytest.MonkeyPatch, at: int) -> bool:
    """A slice that ends at its so many-th transaction; False when it has fewer."""
    renew = leases.Lease.renew
    count = 0

    def renew_or_die(self: leases.Lease) -> None:
        nonlocal count
        count += 1
        if count == at:
            raise KilledError
        renew(self)

    MailAccount.objects.filter(pk=account.pk).update(lease_until=None)
    with monkeypatch.context() as patch:
        patch.setattr(leases.Lease, "renew", renew_or_die)
        try:
            sync.sync_account(account.pk)
        except KilledError:
            return True
    return False


def test_what_a_row_names_survives_a_power_cut(
    account: MailAccount, server: FakeServer, run: Any, disk: Disk, monkeypatch: Any
) -> None:
    for number in range(COUNT):
        server.deliver(message(number, to=ME))
    cuts, rows_seen = 0, set()
    # Not so far into the slice each time, so that every kind of step is the last one once.
    while run_until_cut(account, monkeypatch, at=cuts % 6 + 1):
        cuts += 1
        disk.cut()
        for blob in Blob.objects.all():
            assert blobs.read(blob)
        rows_seen.add(Blob.objects.count())
    assert cuts > 10
    assert len(rows_seen) > 3  # some were committed, some were not
    MailAccount.objects.filter(pk=account.pk).update(lease_until=None)
    run(account)
    disk.cut()
    assert Email.objects.count() == COUNT
    assert list(blobs.damaged(account.pk, sample=None)) == []


def test_the_cut_would_show_bytes_that_were_not_synced(
    account: MailAccount, server: FakeServer, run: Any, disk: Disk, monkeypatch: Any
) -> None:
    monkeypatch.setattr("mailsync.domain.blobs.os.fdatasync", lambda _: None)
    server.deliver(message(1, to=ME))
    run(account)
    disk.cut()
    assert len(list(blobs.damaged(account.pk, sample=None))) == 1
