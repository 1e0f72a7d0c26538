"""What all machines of an installation must have in common: two keys, and two folders for bytes.

The first start writes into the database whose they are. A start that has others ends with one
line, instead of storing mails where no other machine finds them, or sealing passwords that no
other machine opens. `manage.py adopt` takes what is here when the change was meant.
"""

import hashlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from common import vault
from ops.errors import StartError
from ops.models import Belonging

MARK = ".dealpost"
MEANT = "If that is meant, run: .venv/bin/python manage.py adopt"


@dataclass(frozen=True)
class Found:
    """A key or folder of this machine. `older` are values that may be replaced without asking."""

    name: str
    value: str
    refusal: str
    older: frozenset[str] = frozenset()


def require_belongings() -> None:
    """Raises StartError unless this machine has the keys and folders of the installation."""
    for found in _found():
        kept, _ = Belonging.objects.get_or_create(name=found.name, defaults={"value": found.value})
        if kept.value in found.older:
            Belonging.objects.filter(pk=kept.pk).update(value=found.value)
        elif kept.value != found.value:
            raise StartError(f"{found.refusal} {MEANT}")


def adopt_belongings() -> None:
    """This machine's keys and folders are the installation's from now on."""
    for found in _found(is_making_marks=True):
        Belonging.objects.update_or_create(name=found.name, defaults={"value": found.value})


def _found(*, is_making_marks: bool = False) -> Iterator[Found]:
    yield Found(
        "secret_key",
        _fingerprint(settings.SECRET_KEY),
        "This machine's secret key is not the one this database was set up with. Give all machines "
        "the same DEALPOST_SECRET_KEY, or the file secret_key from the first one's data folder.",
    )
    yield Found(
        "vault_key",
        vault.current_key_id(),
        "This machine's vault key is not the one this database was set up with. Give all machines "
        "the same DEALPOST_VAULT_KEYS, or the file vault_key from the first one's data folder.",
        older=frozenset(vault.key_ids()),
    )
    for name, variable, folder in (
        ("blobs", "DEALPOST_BLOBS", Path(settings.BLOB_DIR)),
        ("files", "DEALPOST_FILES", Path(settings.MEDIA_ROOT)),
    ):
        is_new = is_making_marks or not Belonging.objects.filter(name=name).exists()
        yield Found(
            name,
            _mark_of(folder, is_new=is_new),
            f"{folder} is not the folder that this database's {name} lie in: is it mounted? All "
            f"machines share one, named by {variable}.",
        )


def _fingerprint(secret: str) -> str:
    return hashlib.blake2b(secret.encode(), person=b"belonging", digest_size=8).hexdigest()


def _mark_of(folder: Path, *, is_new: bool) -> str:
    """The name that the folder bears, given to it when `is_new`; empty when it bears none."""
    path = folder / MARK
    try:
        if is_new:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _give_name(path)
        return path.read_text().strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StartError(f"{folder} cannot be used: {error.strerror}.") from None


def _give_name(path: Path) -> None:
    # Written aside and linked: of two machines that start at once one wins, and no name is half.
    aside = path.with_name(f"{MARK}.{secrets.token_hex(8)}")
    aside.write_text(secrets.token_hex(16) + "\n")
    try:
        os.link(aside, path)
    except FileExistsError:
        pass
    finally:
        aside.unlink()
