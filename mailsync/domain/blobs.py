"""Raw messages on disk: append-only pack files, a folder per account.

Bytes go first, then one fsync a batch, then the rows that name them. Bytes without a row are
harmless: a crash leaves them, `compact` removes them. Erasing a blob overwrites its stretch at
once, so that what a user deleted for good is gone from the disk before the file shrinks.
"""

import fcntl
import hashlib
import logging
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from common.durable import settle, sync
from mailsync.domain import bulk
from mailsync.models import Blob

logger = logging.getLogger(__name__)

PACK_BYTES = 256 * 1024 * 1024
RESERVE_BYTES = 500 * 1024 * 1024
SETTLED_SECONDS = 3600.0
ZEROES = bytes(1024 * 1024)
# As many as one writev(2) takes.
BUFFERS = 1024


class BlobError(Exception):
    """The bytes are not there, or not what was stored."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Where the bytes of one message were put."""

    digest: bytes
    pack: int
    offset: int
    size: int


def has_room() -> bool:
    """Whether the disk has its reserve left; below it nothing more is taken in."""
    folder = settings.BLOB_DIR
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free >= RESERVE_BYTES


def append(account_id: int, raws: Iterable[tuple[bytes, bytes]]) -> list[Stored]:
    """Writes (digest, raw) pairs to the account's newest pack, on disk when this returns."""
    folder = _folder(account_id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    placed = []
    with _locked(folder):
        number = max(_pack_numbers(folder), default=1)
        if _size(folder, number) >= PACK_BYTES:
            number += 1
        path = _path(account_id, number)
        # Unbuffered: the bytes go from the message to the page cache without a copy between.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            offset = os.lseek(descriptor, 0, os.SEEK_END)
            if not offset:
                # The name before the bytes: whoever finds bytes knows that it is safe.
                _sync_names(folder)
            for some in bulk.chunks(raws, BUFFERS):
                _write_all(descriptor, [raw for _, raw in some])
                for digest, raw in some:
                    placed.append(Stored(digest, number, offset, len(raw)))
                    offset += len(raw)
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
    return placed


def store(account_id: int, raw: bytes) -> Blob:
    """One message's blob, made unless it is there."""
    digest = hashlib.sha256(raw).digest()
    found = Blob.objects.filter(account_id=account_id, digest=digest).first()
    if found:
        return found
    (placed,) = append(account_id, [(digest, raw)])
    blob, _ = Blob.objects.get_or_create(
        account_id=account_id,
        digest=digest,
        defaults={"pack": placed.pack, "offset": placed.offset, "size": placed.size},
    )
    return blob


def ids_of(account_id: int, digests: Iterable[bytes]) -> dict[bytes, int]:
    """The blobs of this content that the account has."""
    return dict(
        bulk.select_by_bytes(
            "SELECT digest, id FROM mailsync_blob WHERE digest {among} AND account_id = %s",
            digests,
            account_id,
        )
    )


def read(blob: Blob) -> bytes:
    """The bytes of a blob. Raises BlobError when they are missing or damaged."""
    try:
        raw = _read_at(blob)
    except FileNotFoundError:
        # A compaction may have moved it between our query and now.
        blob.refresh_from_db(fields=["pack", "offset"])
        try:
            raw = _read_at(blob)
        except FileNotFoundError as error:
            raise BlobError(f"blob {blob.pk} has no pack") from error
    if hashlib.sha256(raw).digest() != bytes(blob.digest):
        raise BlobError(f"blob {blob.pk} is damaged")
    return raw


def erase(account_id: int, blobs: Iterable[Blob]) -> None:
    """Overwrites these blobs' bytes and deletes their rows."""
    rows = list(blobs)
    if not rows:
        return
    # Rows first: a crash in between leaves bytes without a row, never a row without bytes.
    for ids in bulk.chunks(row.pk for row in rows):
        Blob.objects.filter(pk__in=ids).delete()
    transaction.on_commit(lambda: _overwrite(account_id, rows))


def erase_account(account_id: int) -> None:
    """Removes all of an account's bytes; its rows are gone already."""
    settle()
    shutil.rmtree(_folder(account_id), ignore_errors=True)


def compact_all() -> int:
    """`compact` for every account that has bytes here. Returns how many bytes came free."""
    root = Path(settings.BLOB_DIR)
    numbers = [int(folder.name) for folder in root.glob("*") if folder.name.isdigit()]
    return sum(compact(number) for number in sorted(numbers))


def compact(account_id: int) -> int:
    """Rewrites packs of which less than half is in use. Returns how many bytes came free.

    A pack that was written to lately may hold bytes whose rows are not committed yet; one with
    damaged bytes is left for whoever looks into the damage.
    """
    folder = _folder(account_id)
    if not folder.exists():
        return 0
    freed = 0
    newest = max(_pack_numbers(folder), default=0)
    for number in _pack_numbers(folder):
        rows = Blob.objects.filter(account_id=account_id, pack=number)
        used = rows.aggregate(total=Sum("size"))["total"] or 0
        size = _size(folder, number)
        written = _path(account_id, number).stat().st_mtime
        if number == newest or used * 2 > size or time.time() - written < SETTLED_SECONDS:
            continue
        try:
            for blob in rows.iterator(chunk_size=100):
                (placed,) = append(account_id, [(bytes(blob.digest), read(blob))])
                Blob.objects.filter(pk=blob.pk, pack=number).update(
                    pack=placed.pack, offset=placed.offset
                )
        except BlobError:
            logger.exception("account %s: pack %s is not compacted", account_id, number)
            continue
        settle()
        with _locked(folder):
            _path(account_id, number).unlink(missing_ok=True)
        freed += size - used
    return freed


def damaged(account_id: int, *, sample: int | None = None) -> Iterator[Blob]:
    """The account's blobs whose bytes are missing or wrong; with `sample` only so many are read."""
    rows = Blob.objects.filter(account_id=account_id)
    chosen = rows.order_by("?")[:sample] if sample else rows.order_by("pack", "offset")
    for blob in chosen.iterator(chunk_size=200):
        try:
            read(blob)
        except BlobError:
            yield blob


def _folder(account_id: int) -> Path:
    return Path(settings.BLOB_DIR) / str(account_id)


def _path(account_id: int, number: int) -> Path:
    return _folder(account_id) / f"{number:06d}.pack"


def _pack_numbers(folder: Path) -> list[int]:
    return sorted(int(path.stem) for path in folder.glob("*.pack"))


def _size(folder: Path, number: int) -> int:
    path = folder / f"{number:06d}.pack"
    return path.stat().st_size if path.exists() else 0


def _read_at(blob: Blob) -> bytes:
    with _path(blob.account_id, blob.pack).open("rb") as pack:
        pack.seek(blob.offset)
        return pack.read(blob.size)


def _write_all(descriptor: int, raws: list[bytes]) -> None:
    """writev(2) may take less than it is given, for instance when a signal comes."""
    views = [memoryview(raw) for raw in raws if raw]
    while views:
        taken = os.writev(descriptor, views)
        while views and taken >= len(views[0]):
            taken -= len(views.pop(0))
        if views and taken:
            views[0] = views[0][taken:]


def _overwrite(account_id: int, rows: list[Blob]) -> None:
    folder = _folder(account_id)
    settle()
    with _locked(folder):
        for row in rows:
            try:
                descriptor = os.open(_path(account_id, row.pack), os.O_WRONLY)
            except FileNotFoundError:
                continue
            try:
                os.lseek(descriptor, row.offset, os.SEEK_SET)
                for start in range(0, row.size, len(ZEROES)):
                    _write_all(descriptor, [ZEROES[: min(len(ZEROES), row.size - start)]])
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One writer at a time among all processes of this machine."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sync_names(folder: Path) -> None:
    """What is in the account's folder, that folder itself, and the one of all accounts."""
    for one in (folder, folder.parent, folder.parent.parent):
        sync(one)
