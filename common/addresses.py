"""E-mail addresses as keys: one spelling per mailbox, so that equal addresses compare equal."""

import contextlib
import unicodedata

MAX_LENGTH = 320


def normalise_address(address: str) -> str:
    """The address in the spelling we store and compare.

    Lower case throughout: RFC 5321 2.4 allows a case-sensitive local part, no provider has
    one, and people type capitals. The domain is written in its ASCII form (RFC 5891).
    An address without a domain comes back trimmed and lower-cased, not refused.
    """
    address = unicodedata.normalize("NFC", address.strip()).casefold()
    local, at, domain = address.rpartition("@")
    if not at:
        return address[:MAX_LENGTH]
    with contextlib.suppress(UnicodeError):
        domain = domain.encode("idna").decode("ascii")
    return f"{local}@{domain}"[:MAX_LENGTH]


def domain_of(address: str) -> str:
    """The part after the @, in lower case; empty without one."""
    return normalise_address(address).rpartition("@")[2] if "@" in address else ""
