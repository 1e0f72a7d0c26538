"""What an error does to an account: which state, how long to wait, who is told.

Sorted by the reaction an error asks for, never by its text. Every change of state leaves a line
in the account's diary and rings its people; repeating the same trouble does not.
"""

import random
from datetime import timedelta

from django.utils import timezone

from mailsync.domain.news import note, tell_account_changed
from mailsync.enums import AccountState
from mailsync.models import MailAccount
from mailsync.providers.base import ProviderError, Reaction

# Before an account is said to be signed out the server has refused twice, this far apart.
SECOND_SIGN_IN_AFTER = timedelta(minutes=10)
SETTINGS_AGAIN_AFTER = timedelta(minutes=30)
DISK_AGAIN_AFTER = timedelta(minutes=1)
THROTTLE_FIRST, THROTTLE_LONGEST = timedelta(minutes=1), timedelta(hours=1)
LATER_FIRST, LATER_LONGEST = timedelta(seconds=5), timedelta(minutes=15)
# Failures in a row that nobody needs to hear of: servers restart.
QUIET_FAILURES = 3
# After so many failures of ours the account waits as long as it can.
MAX_COUNTED = 30


def react(account: MailAccount, error: ProviderError, *, cause: str = "") -> None:
    """Notes the trouble and when to try again. Only a running account changes its state."""
    failures = min(account.failures + 1, MAX_COUNTED)
    state, wait = _judge(account, error, failures)
    until = timezone.now() + wait if wait is not None else None
    _change(
        account,
        state=state,
        error_code=error.code,
        failures=failures,
        next_poll_at=until,
        throttled_until=until if state == AccountState.THROTTLED else None,
        cause=cause,
    )


def recovered(account: MailAccount, *, next_poll: timedelta) -> None:
    """A whole round went well."""
    now = timezone.now()
    _change(
        account,
        state=AccountState.OK,
        error_code="",
        failures=0,
        next_poll_at=now + next_poll,
        throttled_until=None,
        last_synced_at=now,
    )


def wait_for_disk(account: MailAccount) -> None:
    _change(
        account,
        state=AccountState.DISK_FULL,
        error_code="disk_full",
        next_poll_at=timezone.now() + DISK_AGAIN_AFTER,
    )


def _judge(
    account: MailAccount, error: ProviderError, failures: int
) -> tuple[AccountState, timedelta | None]:
    current = AccountState(account.state)
    if error.reaction == Reaction.SIGN_IN:
        if account.error_code == error.code and failures > 1:
            return AccountState.AUTH_FAILED, None
        # The first refusal may be the server's own trouble; a second decides. Never more, so
        # that we do not lock our user out of his account.
        return current, SECOND_SIGN_IN_AFTER
    if error.reaction == Reaction.SETTINGS:
        return AccountState.UNREACHABLE, SETTINGS_AGAIN_AFTER
    if error.reaction == Reaction.THROTTLED:
        if error.retry_after is not None:
            return AccountState.THROTTLED, timedelta(seconds=error.retry_after)
        return AccountState.THROTTLED, _doubled(THROTTLE_FIRST, THROTTLE_LONGEST, failures)
    wait = _doubled(LATER_FIRST, LATER_LONGEST, failures)
    return (AccountState.UNREACHABLE if failures >= QUIET_FAILURES else current), wait


def _doubled(first: timedelta, longest: timedelta, failures: int) -> timedelta:
    """With some chance in it, so that accounts of one dead server do not come back as one."""
    exact = min(first * 2 ** min(failures - 1, 20), longest)
    return timedelta(seconds=exact.total_seconds() * random.uniform(0.8, 1.2))


def _change(
    account: MailAccount, *, state: AccountState, cause: str = "", **fields: object
) -> None:
    """Compare-and-set: what the user stopped or removed meanwhile stays so."""
    before, code_before = account.state, account.error_code
    count = (
        MailAccount.objects.filter(pk=account.pk, state=before)
        .exclude(
            state__in=(AccountState.PAUSED, AccountState.DISABLED, AccountState.REMOVING),
        )
        .update(state=state, **fields)
    )
    if not count:
        return
    account.state = state
    for name, value in fields.items():
        setattr(account, name, value)
    code = str(fields["error_code"])
    if state != before:
        note(account, code or "recovered", state=str(state), **({"cause": cause} if cause else {}))
        tell_account_changed(account)
    elif code != code_before and code:
        note(account, code, **({"cause": cause} if cause else {}))
