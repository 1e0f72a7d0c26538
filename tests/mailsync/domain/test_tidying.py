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
