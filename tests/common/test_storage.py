"""The power goes after a file was stored or removed: what a committed row names is on the disk."""

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import connection

from common import durable, storage
from inbox.domain import draft_files
from inbox.models import Draft, DraftFile
from tests.mailsync.domain.test_power_cut import Disk


@pytest.fixture
def disk(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    settings.MEDIA_ROOT = tmp_path / "data" / "files"
    disk = Disk(tmp_path)
    # Was there before we came.
    disk.names[tmp_path.parent] = {tmp_path.name}
    disk.names[tmp_path] = {"data"}
    fsync = os.fsync

    def recording(descriptor: int) -> None:
        fsync(descriptor)
        disk.synced(descriptor)

    monkeypatch.setattr(os, "fsync", recording)
    (tmp_path / "data").mkdir()
    return disk


def uploaded(content: bytes) -> TemporaryUploadedFile:
    """As the server hands over what is too big for memory: a file that is moved into place."""
    file = TemporaryUploadedFile("big", "application/pdf", len(content), None)
    file.write(content)
    file.seek(0)
    return file


@pytest.mark.parametrize("given", [ContentFile, uploaded])
def test_a_stored_file_and_its_name_are_on_the_disk(disk: Disk, given: Any) -> None:
    names = {}
    for name, content in (("drafts/2026/11/aa", b"first"), ("drafts/2026/12/bb", b"second")):
        with given(content) as file:
            names[default_storage.save(name, file)] = content
    disk.cut()
    for name, content in names.items():
        assert Path(default_storage.path(name)).read_bytes() == content


def test_the_cut_would_take_a_file_that_was_not_synced(disk: Disk, settings: Any) -> None:
    plain = FileSystemStorage(location=settings.MEDIA_ROOT)
    name = plain.save("drafts/aa", ContentFile(b"first"))
    disk.cut()
    assert not plain.exists(name)


@pytest.mark.django_db
def test_files_of_drafts_come_before_their_rows(
    disk: Disk, account: Any, alice: Any, monkeypatch: Any
) -> None:
    draft = Draft.objects.create(author=alice, account=account)
    save = DraftFile.save

    def saving(row: DraftFile, **options: Any) -> None:
        disk.cut()
        save(row, **options)

    monkeypatch.setattr(DraftFile, "save", saving)
    file = draft_files.store(
        draft, name="a.pdf", content_type="application/pdf", content=b"bytes", content_id=""
    )
    file.refresh_from_db()
    assert Path(file.content.path).read_bytes() == b"bytes"


def test_a_file_goes_after_the_commit_that_forgets_it(disk: Disk, monkeypatch: Any) -> None:
    name = default_storage.save("records/aa", ContentFile(b"first"))
    was_there = []
    monkeypatch.setattr(storage, "settle", lambda: was_there.append(default_storage.exists(name)))
    default_storage.delete(name)
    assert was_there == [True]
    assert not default_storage.exists(name)


@pytest.mark.django_db(transaction=True)
def test_settling_puts_the_log_of_the_database_on_the_disk(
    disk: Disk, tmp_path: Path, monkeypatch: Any
) -> None:
    path = tmp_path / "data" / "some.sqlite3"
    other = sqlite3.connect(path)
    try:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("PRAGMA synchronous=NORMAL")
        with other:
            other.execute("CREATE TABLE held (number)")
            other.execute("INSERT INTO held VALUES (1)")
        monkeypatch.setitem(connection.settings_dict, "NAME", str(path))
        durable.settle()
        log = Path(f"{path}-wal")
        is_ours = connection.vendor == "sqlite"
        assert (disk.lengths.get(log.stat().st_ino) == log.stat().st_size) is is_ours
        assert (log.name in disk.names.get(log.parent, ())) is is_ours
    finally:
        other.close()
