"""From an account's rows to a signed-in connection. The one place that opens sealed secrets.

A worker keeps the connection of an account's last slice for the next one: connecting, TLS and
signing in cost more than a round that finds nothing. Kept are a bounded number, each for less
time than servers and the boxes on the way wait; one is used by one slice at a time.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings as django_settings

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


KEPT_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class _Kept:
    store: MailStore
    # Everything that a connection depends on; another password or host makes it worthless.
    version: str
    until: float


_kept: OrderedDict[int, _Kept] = OrderedDict()
_lock = threading.Lock()


@contextmanager
def slice_store(account: MailAccount) -> Iterator[MailStore]:
    """The connection for a slice: the one before's if it still answers, or a new one. After
    trouble of any kind it is closed."""
    version = _version(account)
    store = _take(account, version) or open_store(account)
    is_fine = False
    try:
        yield store
        is_fine = True
    finally:
        if not (is_fine and _keep(account, store, version)):
            store.close()


def _version(account: MailAccount) -> str:
    rows = account.servers.filter(direction=Direction.INCOMING).values_list(
        "host", "port", "security", "user_name", "pinned_certificate", "secret"
    )
    return repr((list(rows), account.quirks.get("without")))


def _take(account: MailAccount, version: str) -> MailStore | None:
    with _lock:
        kept = _kept.pop(account.pk, None)
    _close_old()
    if kept is None:
        return None
    if kept.version == version and kept.until > time.monotonic() and kept.store.is_alive():
        return kept.store
    kept.store.close()
    return None


def _keep(account: MailAccount, store: MailStore, version: str) -> bool:
    most = django_settings.MAIL_CONNECTIONS_KEPT
    if not most or not store.settle():
        return False
    with _lock:
        before = _kept.pop(account.pk, None)
        _kept[account.pk] = _Kept(store, version, time.monotonic() + KEPT_SECONDS)
        surplus = [_kept.popitem(last=False)[1] for _ in range(len(_kept) - most)]
    for one in (*surplus, *([before] if before else ())):
        one.store.close()
    return True


def _close_old() -> None:
    now = time.monotonic()
    with _lock:
        # In the order in which they were kept, so the first that is not old ends the search.
        old = []
        while _kept and next(iter(_kept.values())).until <= now:
            old.append(_kept.popitem(last=False)[1])
    for one in old:
        one.store.close()


@contextmanager
def connected(account: MailAccount) -> Iterator[MailStore]:
    """A connection for the length of a block."""
    store = open_store(account)
    try:
        yield store
    finally:
        store.close()
