"""From an account's settings to a signed-in connection: the only door to the adapters."""

from mailsync.enums import AccountKind
from mailsync.providers.base import MailStore, ServerAddress, Submitter
from mailsync.providers.imap import IMAPStore
from mailsync.providers.presets import preset_for_host
from mailsync.providers.smtp import SMTPSubmitter


def open_store(
    kind: str, server: ServerAddress, *, without: frozenset[str] = frozenset()
) -> MailStore:
    """A signed-in store. `without` names extensions to leave unused (a host that breaks them,
    beside those we know of). Raises ProviderError."""
    _must_be_known(kind)
    known = preset_for_host(server.host)
    return IMAPStore.connect(server, without=without | (known.without if known else frozenset()))


def open_submitter(kind: str, server: ServerAddress) -> Submitter:
    """A signed-in way out. Raises ProviderError."""
    _must_be_known(kind)
    known = preset_for_host(server.host)
    return SMTPSubmitter.connect(server, saves_sent_copy=bool(known and known.saves_sent_copy))


def _must_be_known(kind: str) -> None:
    if kind != AccountKind.IMAP:
        raise ValueError(f"no provider of kind {kind!r}")
