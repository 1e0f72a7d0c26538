"""Secrets in the database, sealed with keys that are not in it.

AES-256-GCM with the row bound in as associated data: a ciphertext moved to another row, another
field or another host does not open. Each text begins with the id of its key, so that keys
can be changed one row at a time (`manage.py rotate_keys`).
"""

import base64
import hashlib
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models

NONCE_LENGTH = 12  # NIST SP 800-38D 5.2.1.1
VERSION = "v1"


class VaultError(Exception):
    """A sealed text does not open: a wrong key, a moved row, or damage."""


def _key(secret: str) -> tuple[str, AESGCM]:
    material = hashlib.blake2b(secret.encode(), person=b"vault-key", digest_size=32).digest()
    key_id = hashlib.blake2b(material, person=b"vault-key-id", digest_size=4).hexdigest()
    return key_id, AESGCM(material)


def current_key_id() -> str:
    """The id of the key that new texts are sealed with."""
    return _key(settings.VAULT_KEYS[0])[0]


def key_ids() -> list[str]:
    """The ids of all keys that this installation has."""
    return [_key(secret)[0] for secret in settings.VAULT_KEYS]


def key_id_of(sealed: str) -> str:
    """The id of the key that a text was sealed with."""
    return sealed.split("$")[1] if sealed.count("$") == 2 else ""


def seal_text(text: str, *, bound: str) -> str:
    """The text sealed with the first key; opens only with the same `bound`."""
    key_id, cipher = _key(settings.VAULT_KEYS[0])
    nonce = os.urandom(NONCE_LENGTH)
    sealed = cipher.encrypt(nonce, text.encode(), bound.encode())
    return f"{VERSION}${key_id}${base64.b64encode(nonce + sealed).decode()}"


def open_text(sealed: str, *, bound: str) -> str:
    """The text that was sealed. Raises VaultError when it does not open."""
    try:
        version, key_id, payload = sealed.split("$")
        raw = base64.b64decode(payload, validate=True)
    except ValueError as error:
        raise VaultError("not a sealed text") from error
    ring = dict(_key(secret) for secret in settings.VAULT_KEYS)
    if version != VERSION or key_id not in ring:
        raise VaultError("sealed with a key that this installation does not have")
    try:
        return ring[key_id].decrypt(raw[:NONCE_LENGTH], raw[NONCE_LENGTH:], bound.encode()).decode()
    except InvalidTag as error:
        raise VaultError("the row this belongs to is another one") from error


class SealedField(models.TextField):  # type: ignore[type-arg]  # generic for the checker alone
    """A column that holds a sealed text. Reading it gives the sealed form; `reveal` opens it.

    `bound_to` names the columns whose values the text is bound to: when one of them changes,
    the old text no longer opens.
    """

    def __init__(self, *args: Any, bound_to: tuple[str, ...] = (), **kwargs: Any) -> None:
        self.bound_to = bound_to
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs

    def binding(self, row: models.Model) -> str:
        values = [str(getattr(row, name)) for name in self.bound_to]
        return "|".join([row._meta.label_lower, self.name, *values])


def conceal(row: models.Model, field_name: str, text: str) -> None:
    """Puts the text into the row's sealed field; the caller saves the row."""
    bound = _sealed_field(row, field_name).binding(row)
    setattr(row, field_name, seal_text(text, bound=bound) if text else "")


def reveal(row: models.Model, field_name: str) -> str:
    """The text in the row's sealed field; empty when there is none. Raises VaultError."""
    sealed = getattr(row, field_name)
    bound = _sealed_field(row, field_name).binding(row)
    return open_text(sealed, bound=bound) if sealed else ""


def _sealed_field(row: models.Model, field_name: str) -> SealedField:
    field = row._meta.get_field(field_name)
    if not isinstance(field, SealedField):
        raise TypeError(f"{field_name} is not sealed")
    return field
