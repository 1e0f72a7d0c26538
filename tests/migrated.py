"""The migrated, empty database, kept between runs: to migrate takes longer than most test files,
and what comes of it depends on the migrations alone.

Kept in pytest's cache, under a name made of every migration and of the versions at work; a fresh
checkout migrates. PostgreSQL always does.
"""

import hashlib
import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

import django
import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.backends.sqlite3.creation import DatabaseCreation

migrate = DatabaseCreation.create_test_db


def fingerprint() -> str:
    digest = hashlib.sha256(f"{sys.version} {sqlite3.sqlite_version} {django.__version__}".encode())
    digest.update(" ".join(settings.INSTALLED_APPS).encode())
    for config in sorted(apps.get_app_configs(), key=lambda one: one.label):
        for path in sorted(Path(config.path).glob("migrations/*.py")):
            digest.update(f"{config.label} {path.name} ".encode() + path.read_bytes())
    return digest.hexdigest()[:32]


def create(creation: Any, kept: Path, *args: Any, **options: Any) -> str:
    """Django's `create_test_db`, from what is kept where there is something."""
    try:
        content = kept.read_bytes()
    except FileNotFoundError:
        name = migrate(creation, *args, **options)
        _keep(kept)
    else:
        name = creation._get_test_db_name()
        connection.close()
        settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name
        connection.ensure_connection()
        fill(connection.connection, content)
    # What the process remembers is the same either way: no test's queries depend on how it began.
    ContentType.objects.clear_cache()
    ContentType.objects.get_for_models(*apps.get_models())
    return name


def fill(target: sqlite3.Connection, content: bytes) -> None:
    """The database holds what `content` (of `serialize`) says, and nothing else."""
    # By way of a second one: what is filled at once could not be shared by several threads.
    source = sqlite3.connect(":memory:")
    source.deserialize(content)
    source.backup(target)
    source.close()


def _keep(kept: Path) -> None:
    for old in kept.parent.glob("*.sqlite3"):
        old.unlink(missing_ok=True)
    # Several workers do this at once: each writes aside.
    aside = kept.with_suffix(f".{os.getpid()}")
    aside.write_bytes(connection.connection.serialize())
    aside.replace(kept)


def keep_migrated(config: pytest.Config) -> None:
    """From now on the test database is made this way."""
    if connection.vendor != "sqlite" or not hasattr(config, "cache"):
        return
    kept = config.cache.mkdir("migrated") / f"{fingerprint()}.sqlite3"
    DatabaseCreation.create_test_db = lambda creation, *args, **options: create(
        creation, kept, *args, **options
    )
