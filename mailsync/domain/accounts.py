"""Connecting, changing, pausing and removing mail accounts.

States: `ok` is the rule. Trouble leads to `throttled`, `unreachable`, `disk_full` (tried again by
themselves) or `auth_failed` (waits for the user: `reconnect`). The user leads to `paused` and
back by `resume`. `disabled` is what becomes of the accounts of a user who left, and of removed
ones whose mail stays. `removing` is final: the address is free at once, the mail goes in the
background.

Beside its state an account may be locked (`locked_at`): its mail is nobody's to read as his own
until it is connected again, on the server it had.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from common.addresses import normalise_address
from common.vault import conceal
from mailsync.domain import blobs, filters
from mailsync.domain.mailboxes import is_gmail
from mailsync.domain.news import note, tell_account_changed
from mailsync.domain.removal import delete_emails
from mailsync.enums import AccountScope, AccountState, ChangeState, Direction
from mailsync.models import (
    AccountMember,
    Email,
    MailAccount,
    RemoteChange,
    ServerSettings,
    Thread,
)
from notifications.domain import live
from sharing.enums import ThreadVisibility
from users.models import Company, User

SETTINGS = (
    "sender_name",
    "default_visibility",
    "item_linking",
    "sync_since",
    "chosen_folders_only",
    "contacts_only",
    "leave_out_internal",
    "mirror_archive",
    "mirror_delete",
    "follow_deletions",
    "keeps_drafts",
)
# Neither counts towards the limits.
OUT_OF_USE = (AccountState.REMOVING, AccountState.DISABLED)
# Settings that decide which mail is wanted.
CHOICES = ("sync_since", "contacts_only", "leave_out_internal")


class AccountError(Exception):
    """Why an account cannot be connected or changed, in a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server as the user entered it."""

    host: str
    port: int
    security: str
    user_name: str
    secret: str = field(repr=False)
    pinned_certificate: str = ""


@transaction.atomic
def connect_account(
    user: User,
    *,
    address: str,
    incoming: Server,
    outgoing: Server | None = None,
    scope: str = AccountScope.PERSONAL,
    members: Iterable[User] = (),
    **settings: Any,
) -> MailAccount:
    """A new account that starts syncing when the transaction is committed."""
    _check_limits(user, scope=scope)
    unknown = set(settings) - set(SETTINGS)
    if unknown:
        raise TypeError(f"not settings of an account: {sorted(unknown)}")
    if scope == AccountScope.TEAM:
        settings.setdefault("default_visibility", ThreadVisibility.SHARED)
    account = _revive(
        user, address=address, scope=scope, incoming=incoming, settings=settings
    ) or _create(user, address=address, scope=scope, settings=settings)
    _save_server(account, Direction.INCOMING, incoming)
    if outgoing:
        _save_server(account, Direction.OUTGOING, outgoing)
    if scope == AccountScope.TEAM:
        set_members(account, members, by=user)
    note(account, "connected")
    _sync_soon(account)
    return account


@transaction.atomic
def set_members(account: MailAccount, members: Iterable[User], *, by: User) -> None:
    """Who works in a team account."""
    if account.scope != AccountScope.TEAM or not by.is_administrator:
        raise AccountError(_("Only administrators choose who works in a team account."))
    before = set(account.member_rows.values_list("user", flat=True))
    wanted = {member.pk for member in members if member.is_active}
    account.member_rows.exclude(user__in=wanted).delete()
    AccountMember.objects.bulk_create(
        [AccountMember(account=account, user_id=number) for number in wanted],
        ignore_conflicts=True,
    )
    if before and before != wanted:
        note(account, "members_changed", number=len(wanted))
        # Those who came, and those who went: their open pages show it.
        live.ring(before ^ wanted, "sync-changed")
        live.ring(before ^ wanted, "mail-changed")


@transaction.atomic
def change_server(
    account: MailAccount, direction: Direction, *, server: Server, secret_is_new: bool = False
) -> None:
    """Changes where an account signs in. A changed host, port, security or user name without
    a new secret clears the old one: nobody sends a stored password to a server of his own."""
    row = account.servers.filter(direction=direction).first()
    is_moved = row is None or any(
        getattr(row, name) != getattr(server, name)
        for name in ("host", "port", "security", "user_name")
    )
    if row and not is_moved and not secret_is_new:
        return
    _save_server(account, direction, server if secret_is_new else _without_secret(server))
    note(account, "server_changed", direction=str(direction))


@transaction.atomic
def reconnect(account: MailAccount, *, secrets: Mapping[Direction, str]) -> None:
    """New credentials for the same account: settings, watermarks and links stay, and the gap
    since the last good sync is filled by the next round."""
    for direction, secret in secrets.items():
        row = account.servers.get(direction=direction)
        conceal(row, "secret", secret)
        row.save(update_fields=["secret"])
    start_again(account, code="reconnected", locked_at=None)


def require_its_own_server(account: MailAccount, *, host: str, user_name: str) -> None:
    """A locked account opens by its password, and that is proved by its own server alone:
    whoever took over the login would otherwise name a server that takes any password."""
    if account.locked_at is None:
        return
    known = account.servers.filter(direction=Direction.INCOMING).first()
    if known and (known.host.casefold(), known.user_name) != (host.casefold(), user_name):
        raise AccountError(
            _(
                "This account is locked. Sign in to the server that it had: %(host)s, with the "
                "user name %(user)s."
            )
            % {"host": known.host, "user": known.user_name}
        )


@transaction.atomic
def pause(account: MailAccount) -> None:
    """No new mail, nothing sent to the mailbox; what is here stays."""
    count = (
        MailAccount.objects.filter(pk=account.pk)
        .exclude(state__in=(AccountState.REMOVING, AccountState.DISABLED, AccountState.PAUSED))
        .update(state=AccountState.PAUSED, next_poll_at=None, lease_until=None)
    )
    if count:
        account.refresh_from_db()
        note(account, "paused")
        tell_account_changed(account)


@transaction.atomic
def resume(account: MailAccount) -> None:
    rows = MailAccount.objects.filter(pk=account.pk, state=AccountState.PAUSED, locked_at=None)
    if rows.exists():
        start_again(account, code="resumed")


@transaction.atomic
def change_settings(account: MailAccount, **settings: Any) -> None:
    """Changes an account's choices. What is wanted now and was not before is fetched; nothing
    that is here goes."""
    unknown = set(settings) - set(SETTINGS)
    if unknown:
        raise TypeError(f"not settings of an account: {sorted(unknown)}")
    for name, value in settings.items():
        setattr(account, name, value)
    account.save(update_fields=list(settings))
    if set(settings) & set(CHOICES):
        from mailsync.tasks import reconsider_mail  # leaf: tasks import the domain

        reconsider_mail.delay_on_commit(account.pk)


@transaction.atomic
def choose_mailboxes(account: MailAccount, mailbox_ids: Iterable[int]) -> None:
    """Which folders are synced from now on; mail of the others stays."""
    chosen = set(mailbox_ids)
    # What was not followed for a while is compared as a whole.
    account.mailboxes.filter(pk__in=chosen, is_chosen=False).update(
        is_chosen=True, exists_seen=None
    )
    account.mailboxes.exclude(pk__in=chosen).update(is_chosen=False)
    if is_gmail(account):
        from mailsync.tasks import reconsider_mail  # leaf: tasks import the domain

        # There folders are labels, and All Mail is looked into in any case.
        reconsider_mail.delay_on_commit(account.pk)
    _sync_soon(account)


def reconsider_mail(account_id: int) -> None:
    """After a changed choice: lets in what is wanted now."""
    account = MailAccount.objects.filter(pk=account_id).first()
    if account and filters.reconsider(account):
        _sync_soon(account)


def reconsider_contacts() -> None:
    """There is a new contact: accounts that take contacts' mail only may want more now."""
    from mailsync.tasks import reconsider_mail  # leaf: tasks import the domain

    for number in MailAccount.objects.filter(contacts_only=True).values_list("id", flat=True):
        reconsider_mail.delay_on_commit(number)


@transaction.atomic
def remove_account(account: MailAccount, *, keep_mail: bool) -> None:
    """Stops syncing for good and forgets the credentials. The address can be connected anew at
    once. Kept mail stays where it is; other mail is deleted in the background."""
    if (
        not MailAccount.objects.filter(pk=account.pk)
        .exclude(state=AccountState.REMOVING)
        .update(
            state=AccountState.DISABLED if keep_mail else AccountState.REMOVING,
            next_poll_at=None,
            lease_until=None,
            fence=F("fence") + 1,
            is_default=False,
        )
    ):
        return
    account.refresh_from_db()
    account.servers.update(secret="")
    RemoteChange.objects.filter(account=account, state=ChangeState.PENDING).update(
        state=ChangeState.DROPPED, done_at=timezone.now()
    )
    note(account, "removed", keep_mail=keep_mail)
    tell_account_changed(account)
    if not keep_mail:
        from mailsync.tasks import remove_account as finish  # leaf: tasks import the domain

        finish.delay_on_commit(account.pk)


def finish_removal(account_id: int) -> None:
    """Deletes a removed account's rows and bytes in small transactions. Safe to cut off."""
    account = MailAccount.objects.filter(pk=account_id, state=AccountState.REMOVING).first()
    if account is None:
        return
    while ids := list(Email.objects.filter(account=account).values_list("id", flat=True)[:500]):
        with transaction.atomic():
            delete_emails(account, ids)
    while ids := list(Thread.objects.filter(account=account).values_list("id", flat=True)[:500]):
        with transaction.atomic():
            Thread.objects.filter(pk__in=ids).delete()
    with transaction.atomic():
        account.submissions.all().delete()
        account.delete()
    blobs.erase_account(account_id)


def _create(user: User, *, address: str, scope: str, settings: Mapping[str, Any]) -> MailAccount:
    try:
        with transaction.atomic():
            return MailAccount.objects.create(
                owner=user,
                address=normalise_address(address),
                scope=scope,
                is_default=not user.mail_accounts.exclude(state__in=OUT_OF_USE).exists(),
                next_poll_at=timezone.now(),
                **settings,
            )
    except IntegrityError as error:
        raise AccountError(_("This address is connected already.")) from error


def _revive(
    user: User, *, address: str, scope: str, incoming: Server, settings: Mapping[str, Any]
) -> MailAccount | None:
    """An address that was removed and whose mail was kept comes back to that mail."""
    account = MailAccount.objects.filter(
        address=normalise_address(address),
        owner=user,
        scope=scope,
        state=AccountState.DISABLED,
    ).first()
    if account:
        require_its_own_server(account, host=incoming.host, user_name=incoming.user_name)
        for name, value in settings.items():
            setattr(account, name, value)
        account.save(update_fields=list(settings))
        start_again(account, code="reconnected", locked_at=None)
    return account


def _check_limits(user: User, *, scope: str) -> None:
    company = Company.current()
    live = MailAccount.objects.exclude(state__in=OUT_OF_USE)
    if scope == AccountScope.TEAM:
        if not user.is_administrator:
            raise AccountError(_("Only administrators connect team accounts."))
        limit = company.team_accounts if company else None
        count = live.filter(scope=AccountScope.TEAM).count()
    else:
        limit = company.accounts_per_user if company else None
        count = live.filter(scope=AccountScope.PERSONAL, owner=user).count()
    if limit is not None and count >= limit:
        raise AccountError(_("Your company's limit of mail accounts is reached."))


def _save_server(account: MailAccount, direction: Direction, server: Server) -> None:
    row = account.servers.filter(direction=direction).first() or ServerSettings(
        account=account, direction=direction
    )
    row.host, row.port, row.security = server.host, server.port, server.security
    row.user_name = server.user_name
    row.pinned_certificate = server.pinned_certificate
    conceal(row, "secret", server.secret)
    row.save()


def _without_secret(server: Server) -> Server:
    return Server(
        host=server.host,
        port=server.port,
        security=server.security,
        user_name=server.user_name,
        secret="",
        pinned_certificate=server.pinned_certificate,
    )


def start_again(account: MailAccount, *, code: str, **fields: Any) -> None:
    """Whatever stopped it, it syncs again from now on; not when it is being removed."""
    count = (
        MailAccount.objects.filter(pk=account.pk)
        .exclude(state=AccountState.REMOVING)
        .update(
            state=AccountState.OK,
            error_code="",
            failures=0,
            throttled_until=None,
            next_poll_at=timezone.now(),
            **fields,
        )
    )
    if count:
        account.refresh_from_db()
        note(account, code)
        tell_account_changed(account)
        _sync_soon(account)


def _sync_soon(account: MailAccount) -> None:
    from mailsync.domain.schedule import wake  # leaf: schedule imports the engine

    wake(account.pk)
