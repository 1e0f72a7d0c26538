"""What goes by the clock: bytes nobody names, mail of people who left long ago."""

import os
import time
from typing import Any

import pytest

from mailsync.domain import blobs
from mailsync.models import Blob, MailAccount

pytestmark = pytest.mark.django_db


@pytest.fixture
def packs(account: MailAccount, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two packs of ten messages; nine of the first are not needed any more."""
    monkeypatch.setattr(blobs, "PACK_BYTES", 10_000)
    rows = [blobs.store(account.pk, b"%03d" % number * 333 + b".") for number in range(12)]
    assert {row.pack for row in rows} == {1, 2}
    for row in rows[1:10]:
        row.delete()
    return rows


def grow_old(account: MailAccount) -> None:
    long_ago = time.time() - 2 * blobs.SETTLED_SECONDS
    os.utime(blobs._path(account.pk, 1), (long_ago, long_ago))


def test_bytes_without_a_row_go_and_the_others_can_be_read(
    account: MailAccount, packs: Any
) -> None:
    grow_old(account)
    assert blobs.compact_all() > 8000
    assert not blobs._path(account.pk, 1).exists()
    assert [blobs.read(row)[:3] for row in Blob.objects.order_by("pk")] == [b"000", b"010", b"011"]
    assert blobs.compact_all() == 0


def test_pack_that_may_still_get_its_rows_stays(account: MailAccount, packs: Any) -> None:
    assert blobs.compact_all() == 0


def test_pack_with_damage_stays_as_it_is(account: MailAccount, packs: Any) -> None:
    path = blobs._path(account.pk, 1)
    path.write_bytes(b"x" + path.read_bytes()[1:])
    grow_old(account)
    assert blobs.compact_all() == 0
    assert path.exists()


def test_bytes_go_after_what_was_committed_is_on_the_disk(
    account: MailAccount,
    packs: Any,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    """SQLite may lose its last commits in a power cut: rows would name what is gone."""
    old, kept = blobs._path(account.pk, 1), packs[11]
    kept_path = blobs._path(account.pk, kept.pack)
    seen: list[object] = []

    def settled() -> None:
        seen.append((old.exists(), blobs._read_at(kept)[:3] if kept_path.exists() else None))

    monkeypatch.setattr(blobs, "settle", settled)
    grow_old(account)
    assert blobs.compact_all()
    with django_capture_on_commit_callbacks(execute=True):
        blobs.erase(account.pk, [kept])
    blobs.erase_account(account.pk)
    # Before the pack, before the erased mail, and before the account's folder.
    assert seen == [(True, b"011"), (False, b"011"), (False, b"\0\0\0")]
    assert not kept_path.exists()
