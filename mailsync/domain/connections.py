"""From an account's rows to a signed-in connection. The one place that opens sealed secrets."""

from collections.abc import Iterator
from contextlib import contextmanager

from common.vault import VaultError, reveal
from mailsync.enums import Direction
from mailsync.models import MailAccount, ServerSettings
from mailsync.providers import registry
from mailsync.providers.base import (
    MailStore,
    ProviderError,
    Reaction,
    ServerAddress,
    Submitter,
)


def server_address(settings: ServerSettings) -> ServerAddress:
    """Where to connect, with the secret open. Raises ProviderError without one."""
    try:
        secret = reveal(settings, "secret")
    except VaultError as error:
        raise ProviderError("sign_in_refused", Reaction.SIGN_IN) from error
    if not secret:
        raise ProviderError("sign_in_refused", Reaction.SIGN_IN)
    return ServerAddress(
        host=settings.host,
        port=settings.port,
        security=settings.security,
        user_name=settings.user_name,
        secret=secret,
        pinned=settings.pinned_certificate,
    )


def open_store(account: MailAccount) -> MailStore:
    """A connection to the account's mailboxes. The caller closes it."""
    settings = account.servers.filter(direction=Direction.INCOMING).first()
    if settings is None:
        raise ProviderError("sign_in_refused", Reaction.SIGN_IN)
    without = frozenset(account.quirks.get("without", []))
    return registry.open_store(account.kind, server_address(settings), without=without)


def open_submitter(account: MailAccount) -> Submitter:
    """The account's way to hand mail over. The caller closes it."""
    settings = account.servers.filter(direction=Direction.OUTGOING).first()
    if settings is None:
        raise ProviderError("sign_in_refused", Reaction.SIGN_IN)
    return registry.open_submitter(account.kind, server_address(settings))


@contextmanager
def connected(account: MailAccount) -> Iterator[MailStore]:
    """A connection for the length of a block."""
    store = open_store(account)
    try:
        yield store
    finally:
        store.close()
