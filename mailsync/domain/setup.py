"""From an address to a connected account: guess, try, connect.

Nothing is stored as an account before both servers have taken the credentials. The trial runs
in the background, because a mail server may take its time; the page asks for the row's state.
"""

import json
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db import transaction
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
from mailsync.providers.discovery import Source, suggest
from mailsync.providers.presets import (
    PRESETS,
    Preset,
    UserName,
    preset,
    preset_for_domain,
    preset_for_host,
)
from mailsync.providers.probe import Step, StepResult, probe_incoming, probe_outgoing
from mailsync.providers.registry import open_store

LIFETIME = timedelta(days=1)
# Trials an hour: enough for a person who mistypes, too few for somebody who scans a network.
TRIALS_PER_HOUR = 10
# Every trial that fails takes at least this long, so that its time does not tell what answered.
SHORTEST_TRIAL = 1.0
# After this long without an answer of the look-up the page offers the usual names.
LOOK_UP_TIME = timedelta(seconds=15)
LONGEST_SERVER_TEXT = 300
# The providers that most people have, in the order of the tiles.
POPULAR = ("gmail", "microsoft365", "outlook", "yahoo", "icloud", "fastmail", "gmx", "aol")
OTHER = "other"


class TooManyTrialsError(Exception):
    """This user has tried too often within the hour."""


def providers() -> list[tuple[str, str]]:
    """Key and name of every provider that is known, the popular ones first."""
    names = {one.key: one.name for one in PRESETS}
    rest = sorted(names.keys() - set(POPULAR), key=lambda key: names[key].casefold())
    return [(key, names[key]) for key in (*POPULAR, *rest)]


def begin(user: Any, *, address: str, scope: str, provider: str = "") -> AccountSetup:
    """A new set-up, prefilled with what is known of the provider; else its servers are looked
    up in the background. `provider` is a key of `providers`, OTHER, or empty: by the address."""
    address = normalise_address(address)
    known = preset(provider) if provider else preset_for_domain(domain_of(address))
    setup = AccountSetup(
        user=user,
        address=address,
        scope=scope,
        state=SetupState.TYPING if known or provider else SetupState.LOOKING,
        servers=_guess(address, known),
        found={"source": Source.DOMAIN, "preset": known.key} if known else {},
    )
    setup.save()
    if setup.state == SetupState.LOOKING:
        from mailsync.tasks import look_up_setup  # leaf: tasks import the domain

        look_up_setup.delay_on_commit(setup.pk)
    return setup


def look_up(setup_id: int) -> None:
    """Asks the address's domain for its servers. Safe to run twice."""
    setup = AccountSetup.objects.filter(pk=setup_id, state=SetupState.LOOKING).first()
    if setup is None:
        return
    found = next(iter(suggest(setup.address)), None)
    changed: dict[str, Any] = {"state": SetupState.TYPING}
    if found:
        changed["found"] = {
            "source": found.source,
            "preset": found.preset.key if found.preset else "",
            "needs_confirmation": list(found.needs_confirmation),
        }
        changed["servers"] = setup.servers | {
            str(direction): {
                "host": host.name,
                "port": host.port,
                "security": str(host.security),
                "user_name": user_name,
            }
            for direction, host, user_name in (
                (Direction.INCOMING, found.incoming, found.incoming_user),
                (Direction.OUTGOING, found.outgoing, found.outgoing_user),
            )
            if host
        }
    AccountSetup.objects.filter(pk=setup.pk, state=SetupState.LOOKING).update(**changed)


def is_looking(setup: AccountSetup) -> bool:
    return setup.state == SetupState.LOOKING and timezone.now() < setup.created_at + LOOK_UP_TIME


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
    if setup.account:
        return preset_for_host(setup.server(Direction.INCOMING).get("host", ""))
    return preset(setup.found.get("preset", ""))


def _guess(address: str, known: Preset | None) -> dict[str, Any]:
    domain = domain_of(address)
    local = address.rpartition("@")[0]
    usual = {
        Direction.INCOMING: ("imap." + domain, 993, Security.TLS),
        Direction.OUTGOING: ("smtp." + domain, 465, Security.TLS),
    }
    if known and known.incoming:
        host = known.incoming
        name = host.name.format(domain=domain)
        usual[Direction.INCOMING] = (name, host.port, host.security)
    if known and known.outgoing:
        host = known.outgoing
        name = host.name.format(domain=domain)
        usual[Direction.OUTGOING] = (name, host.port, host.security)
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
    _count_trial(setup.user)
    setup.servers = servers
    if secret:
        conceal(setup, "secret", secret)
    conceal(setup, "outgoing_secret", outgoing_secret)
    setup.state, setup.results, setup.folders = SetupState.TESTING, {}, []
    setup.steps, setup.server_texts = {}, ""
    setup.tries += 1
    setup.save()
    from mailsync.tasks import try_setup  # leaf: tasks import the domain

    try_setup.delay_on_commit(setup.pk)


def _count_trial(user: Any) -> None:
    """Counted apart from the set-up, which one can throw away and begin anew."""
    hour = int(timezone.now().timestamp() // 3600)
    key = f"mailsync.trials.{user.pk}.{hour}"
    cache.add(key, 0, timeout=3600)
    if cache.incr(key) > TRIALS_PER_HOUR:
        raise TooManyTrialsError


def run_trial(setup_id: int) -> None:
    """Tries both servers step by step and reads the list of folders. Safe to run twice."""
    setup = AccountSetup.objects.filter(pk=setup_id, state=SetupState.TESTING).first()
    if setup is None:
        return
    said: dict[str, str] = {}
    for direction in Direction:
        started = time.monotonic()
        steps = _try(setup, direction)
        failure = next((step for step in steps if step.code), None)
        if failure:
            time.sleep(max(0.0, SHORTEST_TRIAL - (time.monotonic() - started)))
            said[str(direction)] = _readable(failure.server_text)
        setup.results[str(direction)] = failure.code if failure else ""
        setup.steps[str(direction)] = [[step.step, step.code] for step in steps]
        conceal(setup, "server_texts", json.dumps(said) if any(said.values()) else "")
        if direction == Direction.OUTGOING:
            setup.state = SetupState.TESTED
        kept = AccountSetup.objects.filter(
            pk=setup.pk, state=SetupState.TESTING, tries=setup.tries
        ).update(
            state=setup.state,
            results=setup.results,
            steps=setup.steps,
            server_texts=setup.server_texts,
            folders=setup.folders,
        )
        if not kept:  # tried anew with other values meanwhile
            return


def _try(setup: AccountSetup, direction: Direction) -> list[StepResult]:
    address = _address(setup, direction)
    if direction == Direction.OUTGOING:
        return [_neutral(step) for step in probe_outgoing(address).steps]
    steps = list(probe_incoming(address).steps)
    if all(step.is_ok for step in steps):
        try:
            setup.folders = _folders(address)
        except ProviderError as error:
            steps[-1] = StepResult(Step.MAILBOXES, error.code, error.server_text)
    return [_neutral(step) for step in steps]


def _neutral(step: StepResult) -> StepResult:
    """What answers on a port, if it is no mail server, is not told from what does not answer."""
    if step.code == "not_a_mail_server":
        return StepResult(step.step, "not_reached")
    return step


def _readable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:LONGEST_SERVER_TEXT]


def take_server_texts(setup: AccountSetup) -> dict[str, str]:
    """What the servers said themselves, by direction. Once: afterwards nobody finds it here."""
    text = reveal(setup, "server_texts")
    if not text or setup.state != SetupState.TESTED:
        return {}
    taken = AccountSetup.objects.filter(pk=setup.pk, server_texts=setup.server_texts)
    if not taken.update(server_texts=""):
        return {}
    return dict(json.loads(text))


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


def _folders(address: ServerAddress) -> list[dict[str, Any]]:
    store = open_store(AccountKind.IMAP, address)
    try:
        return _list(store)
    finally:
        store.close()


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
    if account is None:
        raise ValueError("a set-up of a new account")
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
