"""Addresses and domains whose mail is left out.

What is blocked is looked at when mail comes in (mailsync.domain.filters): a message is left out
when the blocked one is its only other party.
"""

import re
from typing import Any

from common.addresses import normalise_address
from mailsync.enums import BlockScope
from mailsync.models import BlockedAddress, MailAccount
from users.models import User

_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
# Half the world writes from here: blocking one of these is almost never what is meant.
COMMON_DOMAINS = frozenset(
    ["gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "gmx.net", "gmx.de"]
)


class BlockError(Exception):
    """The pattern cannot be blocked. `code` is a key of the page's sentences."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def block(pattern: str, *, by: Any) -> tuple[BlockedAddress, bool]:
    """Blocks an address or `@domain` for this user; whether it was not so yet. Blocking it again
    changes nothing."""
    scope, pattern = read_pattern(pattern)
    if _is_ours(scope, pattern):
        raise BlockError("own")
    return BlockedAddress.objects.get_or_create(user=by, pattern=pattern, defaults={"scope": scope})


def domain_of(address: str) -> str:
    """The domain that could be blocked instead of this address; empty when it is our own or half
    the world's."""
    domain = normalise_address(address).rpartition("@")[2]
    if domain in COMMON_DOMAINS or _is_ours(BlockScope.DOMAIN, domain):
        return ""
    return domain


def unblock(row: BlockedAddress) -> None:
    """Lets it in again, with what was left out meanwhile and is still on the server."""
    from mailsync.tasks import reconsider_mail  # leaf: tasks import the domain

    accounts = MailAccount.objects.filter(owner=row.user_id) if row.user_id else ()
    account_ids = [account.pk for account in accounts]
    row.delete()
    for account_id in account_ids:
        reconsider_mail.delay_on_commit(account_id)


def read_pattern(text: str) -> tuple[BlockScope, str]:
    """`ada@acme.example` is an address, `@acme.example` and `acme.example` are a domain."""
    text = normalise_address(text)
    local, _at, domain = text.rpartition("@")
    if not _DOMAIN.fullmatch(domain):
        raise BlockError("not_an_address")
    if local:
        if re.search(r"[\s<>,;]", local):
            raise BlockError("not_an_address")
        return BlockScope.ADDRESS, text
    return BlockScope.DOMAIN, domain


def _is_ours(scope: BlockScope, pattern: str) -> bool:
    """A colleague or one of our own accounts: mail of the company is left out by another switch."""
    if scope == BlockScope.ADDRESS:
        return (
            User.objects.filter(email=pattern).exists()
            or MailAccount.objects.filter(address=pattern).exists()
        )
    ending = f"@{pattern}"
    return (
        User.objects.active().filter(email__endswith=ending).exists()
        and pattern not in COMMON_DOMAINS
    )
