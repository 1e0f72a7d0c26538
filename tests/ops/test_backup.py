"""The steps of docs/running.md for a backup and its restore, carried out as they stand there."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs/running.md"
COLUMNS = "id INTEGER PRIMARY KEY, text TEXT"


def commands(beginning):
    """The lines of the block that begins so, with the last one, which starts the product, left out."""
    lines = DOCS.read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line.strip() == beginning)
    block = []
    for line in lines[first:]:
        if not line.startswith("    "):
            break
        block.append(line.strip())
    return [line for line in block if line != "bin/up"]


@pytest.fixture
def installation(tmp_path):
    """A folder as the product leaves it while it runs: the newest rows are in the -wal file."""
    root = tmp_path / "installation"
    data = root / "var"
    (root / ".venv/bin").mkdir(parents=True)
    (root / ".venv/bin/python").symlink_to(sys.executable)
    for name in ("blobs/1", "files/records"):
        (data / name).mkdir(parents=True)
    (data / "blobs/1/1.pack").write_bytes(b"bytes of a mail")
    (data / "blobs/.dealpost").write_text("mark")
    (data / "files/records/offer.pdf").write_bytes(b"a file")
    for name in ("secret_key", "vault_key"):
        (data / name).write_text(name)
        (data / name).chmod(0o600)
    database = sqlite3.connect(data / "dealpost.sqlite3")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute(f"CREATE TABLE mails ({COLUMNS})")
    database.commit()
    database.execute("INSERT INTO mails (text) VALUES ('the newest')")
    database.commit()
    assert (data / "dealpost.sqlite3-wal").stat().st_size
    yield root
    database.close()


def carry_out(lines, root):
    for line in lines:
        there = line.replace("/backup", f"{root.parent}/backup")
        there = there.replace("/elsewhere", f"{root.parent}/elsewhere")
        subprocess.run(["bash", "-ec", there], cwd=root, check=True, timeout=60)


def test_what_was_backed_up_is_restored(installation):
    carry_out(commands("mkdir -p /backup/today /elsewhere"), installation)
    before = installation / "var"
    before.rename(installation / "lost")
    carry_out(commands("mkdir -m 700 var"), installation)

    restored = sqlite3.connect(before / "dealpost.sqlite3")
    assert restored.execute("SELECT text FROM mails").fetchall() == [("the newest",)]
    assert restored.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    restored.close()
    assert (before / "blobs/1/1.pack").read_bytes() == b"bytes of a mail"
    assert (before / "blobs/.dealpost").read_text() == "mark"
    assert (before / "files/records/offer.pdf").read_bytes() == b"a file"
    assert before.stat().st_mode & 0o077 == 0
    for name in ("secret_key", "vault_key"):
        assert (before / name).read_text() == name
        assert (before / name).stat().st_mode & 0o077 == 0


def test_a_second_backup_into_the_same_folder_is_refused(installation):
    lines = commands("mkdir -p /backup/today /elsewhere")
    carry_out(lines, installation)
    with pytest.raises(subprocess.CalledProcessError):
        carry_out(lines, installation)
