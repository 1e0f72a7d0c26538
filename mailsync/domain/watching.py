"""Which accounts the watcher holds, read from the rows every few seconds."""

from functools import partial

from django.db import close_old_connections, connection

from mailsync.domain.connections import server_address
from mailsync.enums import AccountKind, AccountState, Direction
from mailsync.models import ServerSettings
from mailsync.watcher import Watched


def watched_accounts() -> dict[int, Watched]:
    """Accounts in good order, by id. Others are followed by polling until they are again.

    The version is the settings themselves, sealed secret included: a new password or host makes
    a new connection.
    """
    # The watcher runs for weeks; inside somebody's transaction the connection is not ours to close.
    if not connection.in_atomic_block:
        close_old_connections()
    rows = ServerSettings.objects.filter(
        direction=Direction.INCOMING,
        account__kind=AccountKind.IMAP,
        account__state=AccountState.OK,
    )
    return {
        row.account_id: Watched(version=_version(row), address=partial(server_address, row))
        for row in rows
    }


def _version(row: ServerSettings) -> str:
    parts = (row.host, row.port, row.security, row.user_name, row.pinned_certificate, row.secret)
    return "|".join(map(str, parts))
