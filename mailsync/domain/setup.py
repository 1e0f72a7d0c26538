"""From an address to a connected account: guess, try, connect.

Nothing is stored as an account before both servers have taken the credentials. The trial runs
in the background, because a mail server may take its time; the page asks for the row's state.
"""

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from common.addresses import domain_of, normalise_address
from common.vault import conceal, reveal
from mailsync.domain.accounts import (
    Server,
    connect_account,
    reconnect,
    require_its_own_server,
)
from mailsync.domain.accounts import change_server as change_account_server
from mailsync.enums import AccountKind, Direction, MailboxRole, Security, SetupState
from mailsync.models import AccountSetup, MailAccount
from mailsync.providers.base import MailStore, ProviderError, ServerAddress
from mailsync.providers.presets import Preset, UserName, preset_for_domain
from mailsync.providers.registry import open_store, open_submitter

LIFETIME = timedelta(days=1)
# Trials an hour: enough for a person who mistypes, too few for somebody who scans a network.
TRIALS_PER_HOUR = 20
# Every trial takes at least this long, so that its time does not tell what answered (T20).
SHORTEST_TRIAL = 1.0


class TooManyTrialsError(Exception):
    """This user has tried too often within the hour."""


def begin(user: Any, *, address: str, scope: str) -> tuple[AccountSetup, Preset | None]:
    """A new set-up, prefilled with what is known of the provider; else with the usual names."""
    address = normalise_address(address)
    known = preset_for_domain(domain_of(address))
    setup = AccountSetup.objects.create(
        user=user, address=address, scope=scope, servers=_guess(address, known)
    )
    return setup, known


def begin_again(account: MailAccount, *, by: Any) -> AccountSetup:
    """A set-up for an account that has to sign in anew, with its servers as they are."""
    AccountSetup.objects.filter(account=account, user=by).delete()
    servers = {
        row.direction: {
            "host": row.host,
            "port": row.port,
            "security": row.security,
            "user_name": row.user_name,
        }
        for row in account.servers.all()
    }
    return AccountSetup.objects.create(
        user=by, account=account, address=account.address, scope=account.scope, servers=servers
    )


def provider_of(setup: AccountSetup) -> Preset | None:
    return preset_for_domain(domain_of(setup.address))


def _guess(address: str, known: Preset | None) -> dict[str, Any]:
    domain = domain_of(address)
    local = address.rpartition("@")[0]
    usual = {
        Direction.INCOMING: ("imap." + domain, 993, Security.TLS),
        Direction.OUTGOING: ("smtp." + domain, 465, Security.TLS),
    }
    if known and known.incoming:
        host = known.incoming
        usual[Direction.INCOMING] = (host.name, host.port, host.security)
    if known and known.outgoing:
        host = known.outgoing
        usual[Direction.OUTGOING] = (host.name, host.port, host.security)
    is_local = bool(known and known.incoming_user == UserName.LOCAL)
    return {
        str(direction): {
            "host": host,
            "port": port,
            "security": str(security),
            "user_name": local if is_local and direction == Direction.INCOMING else address,
        }
        for direction, (host, port, security) in usual.items()
    }


@transaction.atomic
def start_trial(
    setup: AccountSetup, *, servers: dict[str, Any], secret: str, outgoing_secret: str = ""
) -> None:
    """Keeps what was typed and tries it in the background. Raises AccountError for a locked
    account on another server."""
    incoming = servers[str(Direction.INCOMING)]
    if setup.account:
        require_its_own_server(
            setup.account, host=incoming["host"], user_name=incoming["user_name"]
        )
    since = timezone.now() - timedelta(hours=1)
    recent = AccountSetup.objects.filter(user=setup.user, created_at__gte=since)
    if (recent.aggregate(number=Sum("tries"))["number"] or 0) >= TRIALS_PER_HOUR:
        raise TooManyTrialsError
    setup.servers = servers
    if secret:
        conceal(setup, "secret", secret)
    conceal(setup, "outgoing_secret", outgoing_secret)
    setup.state, setup.results, setup.folders = SetupState.TESTING, {}, []
    setup.tries += 1
    setup.save()
    from mailsync.tasks import try_setup  # leaf: tasks import the domain

    try_setup.delay_on_commit(setup.pk)


def run_trial(setup_id: int) -> None:
    """Signs in to both servers and reads the list of folders. Safe to run twice."""
    setup = AccountSetup.objects.filter(pk=setup_id, state=SetupState.TESTING).first()
    if setup is None:
        return
    started = time.monotonic()
    folders: list[dict[str, Any]] = []
    results = {
        str(Direction.INCOMING): _try_incoming(setup, folders),
        str(Direction.OUTGOING): _try_outgoing(setup),
    }
    if any(results.values()):
        time.sleep(max(0.0, SHORTEST_TRIAL - (time.monotonic() - started)))
    AccountSetup.objects.filter(pk=setup.pk, state=SetupState.TESTING).update(
        state=SetupState.TESTED, results=results, folders=folders
    )


def _address(setup: AccountSetup, direction: Direction) -> ServerAddress:
    server = setup.server(direction)
    secret = reveal(setup, "secret")
    if direction == Direction.OUTGOING:
        secret = reveal(setup, "outgoing_secret") or secret
    return ServerAddress(
        host=server["host"],
        port=server["port"],
        security=server["security"],
        user_name=server["user_name"],
        secret=secret,
    )


def _try_incoming(setup: AccountSetup, folders: list[dict[str, Any]]) -> str:
    try:
        store = open_store(AccountKind.IMAP, _address(setup, Direction.INCOMING))
    except ProviderError as error:
        return error.code
    try:
        folders += _list(store)
    except ProviderError as error:
        return error.code
    finally:
        store.close()
    return ""


def _list(store: MailStore) -> list[dict[str, Any]]:
    listed = store.mailboxes()
    counts = store.status([one.path for one in listed if one.is_selectable])
    return [
        {
            "path": one.path,
            "role": one.role,
            "delimiter": one.delimiter,
            "is_selectable": one.is_selectable,
            "number": counts[one.path].exists if one.path in counts else None,
        }
        for one in listed
    ]


def _try_outgoing(setup: AccountSetup) -> str:
    try:
        open_submitter(AccountKind.IMAP, _address(setup, Direction.OUTGOING)).close()
    except ProviderError as error:
        return error.code
    return ""


@transaction.atomic
def finish(setup: AccountSetup, *, folders: Iterable[str] | None, **settings: Any) -> MailAccount:
    """The account, connected. `folders` are paths to sync; None for all."""
    account = connect_account(
        setup.user,
        address=setup.address,
        scope=setup.scope,
        incoming=_server(setup, Direction.INCOMING),
        outgoing=_server(setup, Direction.OUTGOING),
        chosen_folders_only=folders is not None,
        **settings,
    )
    if folders is not None:
        chosen = set(folders)
        for one in setup.folders:
            account.mailboxes.create(
                path=one["path"],
                role=one["role"],
                delimiter=one["delimiter"],
                is_selectable=one["is_selectable"],
                is_chosen=one["path"] in chosen or one["role"] == MailboxRole.INBOX,
            )
    setup.delete()
    return account


@transaction.atomic
def finish_again(setup: AccountSetup) -> MailAccount:
    """The account signs in with what was tried; everything else about it stays."""
    account = setup.account
    assert account is not None  # the caller asked for it
    for direction in Direction:
        change_account_server(
            account, direction, server=_server(setup, direction), secret_is_new=True
        )
    reconnect(account, secrets={})
    setup.delete()
    return account


def _server(setup: AccountSetup, direction: Direction) -> Server:
    address = _address(setup, direction)
    return Server(
        host=address.host,
        port=address.port,
        security=address.security,
        user_name=address.user_name,
        secret=address.secret,
    )


def forget_old_setups() -> int:
    """Removes set-ups that nobody finished, with the passwords in them."""
    return AccountSetup.objects.filter(created_at__lt=timezone.now() - LIFETIME).delete()[0]
