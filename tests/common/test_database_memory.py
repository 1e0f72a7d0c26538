"""A process that has read a large SQLite file holds little of it."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from config.environment import sqlite_options

SIZE = 160 << 20
READ_ALL = """
import sqlite3, sys

def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))

connection = sqlite3.connect(sys.argv[1])
connection.executescript(sys.argv[2])
before = resident()
for (content,) in connection.execute("SELECT content FROM page"):
    pass
print((resident() - before) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_reading_a_large_database_fills_little_memory(tmp_path):
    path = tmp_path / "large.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE page (content BLOB)")
        connection.executemany("INSERT INTO page VALUES (zeroblob(?))", [(1 << 20,)] * (SIZE >> 20))
    script = [sys.executable, "-c", READ_ALL, str(path), str(sqlite_options()["init_command"])]
    grown = subprocess.run(script, check=True, capture_output=True, text=True).stdout
    # 64 MB mapped and a cache of 32 MB.
    assert int(grown) < 110
