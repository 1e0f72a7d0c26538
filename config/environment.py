"""Reads the environment: where data lives, which servers are used, which keys seal secrets.

Every variable has one line in docs/configuration.md. A `.env` file beside manage.py is read
first; what the environment already holds wins over it.
"""

import os
import secrets
import sys
from pathlib import Path
from typing import NoReturn

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.FileAwareEnv()
env.read_env(str(BASE_DIR / ".env"))

DATA_DIR = Path(env.str("DEALPOST_DATA", default=str(BASE_DIR / "var"))).resolve()


def secret_from_file(name: str) -> str:
    """The secret kept in the data folder under this name; made on first use, readable by us alone."""
    path = DATA_DIR / name
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    except OSError as error:
        _stop_without_folder(error)
    value = secrets.token_urlsafe(48)
    try:
        DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _keep_secret(path, value)
    except OSError as error:
        _stop_without_folder(error)


def _keep_secret(path: Path, value: str) -> str:
    # O_EXCL: of two processes that start at once one writes, the other reads what was written.
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as handle:
        handle.write(value + "\n")
    return value


def _stop_without_folder(error: OSError) -> NoReturn:
    """Nothing works without it, so whoever started us gets one line and no trace."""
    sys.exit(f"dealpost: The data folder {DATA_DIR} cannot be written to: {error.strerror}.")


def sqlite_options() -> dict[str, object]:
    """WAL and IMMEDIATE: a transaction that reads first and writes later waits for its turn
    instead of failing at once with "database is locked".

    The log is taken over into the file when it has 32 MB, not 4: a first sync writes the same
    pages of the indexes again and again. What a connection maps of the file counts as its process's
    memory, so that is bounded too, to 64 MB: a sync of any size stays under 250.
    """
    return {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000; "
            "PRAGMA mmap_size=67108864; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=8000;"
        ),
    }


def database() -> dict[str, object]:
    """The one database: DATABASE_URL, or a SQLite file in the data folder."""
    settings = env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'dealpost.sqlite3'}")
    if settings["ENGINE"].endswith("sqlite3"):
        settings["OPTIONS"] = {**sqlite_options(), **settings.get("OPTIONS", {})}
    else:
        settings["CONN_HEALTH_CHECKS"] = True
        # For the workers; the web process keeps none (config.asgi).
        settings.setdefault("CONN_MAX_AGE", 60)
        # Compiling a query takes PostgreSQL longer than any of ours takes to run: a page of
        # activities was three quarters compilation.
        settings["OPTIONS"] = {"options": "-c jit=off", **settings.get("OPTIONS", {})}
    return settings
