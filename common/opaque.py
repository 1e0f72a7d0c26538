"""Ids in URLs that tell nothing.

A row number in a URL says how many rows there are, so a colleague could count the private
conversations between two of his own. Keys here are the row number and the kind of row sealed
in one AES block: nobody can guess another row's key, count rows, or use a key of one kind
where another is expected.
"""

import base64
import hashlib
import struct
from functools import lru_cache

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.conf import settings

LENGTH = 22  # 16 bytes in base64 without padding


@lru_cache(maxsize=4)
def _cipher(secret: str) -> Cipher[modes.ECB]:
    key = hashlib.blake2b(secret.encode(), person=b"opaque-keys", digest_size=32).digest()
    # One block per key and never a longer text, so ECB has no pattern to show.
    return Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 -- single block, see above


@lru_cache(maxsize=64)
def _tag(kind: str) -> bytes:
    return hashlib.blake2b(kind.encode(), digest_size=8).digest()


def seal(kind: str, number: int) -> str:
    """The key under which row `number` of this kind appears in URLs and forms."""
    encryptor = _cipher(settings.SECRET_KEY).encryptor()
    block = encryptor.update(_tag(kind) + struct.pack(">q", number))
    return base64.urlsafe_b64encode(block).decode().rstrip("=")


def unseal(kind: str, key: str) -> int | None:
    """The row number behind a key; None when the key is not one of ours of this kind."""
    if len(key) != LENGTH:
        return None
    try:
        block = base64.b64decode(key + "==", altchars=b"-_", validate=True)
    except ValueError:
        return None
    decryptor = _cipher(settings.SECRET_KEY).decryptor()
    text = decryptor.update(block)
    return struct.unpack(">q", text[8:])[0] if text[:8] == _tag(kind) else None


class OpaqueConverter:
    """Path converter base: `<thread:pk>` gives the row number or no match (404)."""

    regex = f"[A-Za-z0-9_-]{{{LENGTH}}}"
    kind: str

    def to_python(self, value: str) -> int:
        number = unseal(self.kind, value)
        if number is None:
            raise ValueError("not a key of ours")
        return number

    def to_url(self, value: int | str) -> str:
        return value if isinstance(value, str) else seal(self.kind, value)


def opaque_converter(kind: str) -> type[OpaqueConverter]:
    """The converter class for one kind of row, for `register_converter`."""
    return type(f"{kind.title()}KeyConverter", (OpaqueConverter,), {"kind": kind})
