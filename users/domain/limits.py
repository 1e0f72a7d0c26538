"""Limits on guessing: sign-in, set-up code, reset mails. Counted in the database, so that
they hold over all processes.

An attempt is counted before the password is looked at: a thousand guesses at the same moment
are a thousand counted guesses. Three counts guard a sign-in: the address from this network
address, the address from anywhere, and the network address as such. Who has signed in from a
network address before is not held up there by guesses that others make elsewhere.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from common.addresses import normalise_address
from users.errors import TooManyAttemptsError
from users.models import AttemptLimit

FORGET_AFTER = timedelta(hours=24)
KNOWN_FOR = timedelta(days=90)
FIRST_WAIT = 30  # seconds; doubles with each further attempt
LONGEST_WAIT = 3600


@dataclass(frozen=True)
class Guard:
    """One count: `free` attempts without a wait, then 30 s, 60 s, 120 s … up to an hour."""

    kind: str
    value: str
    free: int

    @property
    def key(self) -> str:
        return hmac.new(
            settings.SECRET_KEY.encode(), f"{self.kind}|{self.value}".encode(), hashlib.sha256
        ).hexdigest()


def sign_in_guards(*, email: str, ip: str) -> tuple[Guard, Guard, Guard]:
    address = normalise_address(email)
    return (
        Guard("pair", f"{address}|{ip}", free=5),
        Guard("address", address, free=15),
        Guard("ip", ip, free=30),
    )


def admit_sign_in(*, email: str, ip: str) -> None:
    """Counts a sign-in about to be tried. Raises TooManyAttemptsError when it has to wait."""
    pair, address, network = sign_in_guards(email=email, ip=ip)
    known = AttemptLimit.objects.filter(
        key=pair.key, succeeded_at__gt=timezone.now() - KNOWN_FOR
    ).exists()
    admit((pair, network) if known else (pair, address, network))


def sign_in_succeeded(*, email: str, ip: str) -> None:
    """Forgets what this person mistyped; the network address keeps what others tried."""
    pair, address, network = sign_in_guards(email=email, ip=ip)
    AttemptLimit.objects.filter(key=address.key).delete()
    now = timezone.now()
    AttemptLimit.objects.filter(key=pair.key).update(
        attempts=0, blocked_until=None, succeeded_at=now
    )
    give_back(network)


def forgive_address(email: str) -> None:
    """After a new password by mail nobody has to wait: the way out of a lock made by others."""
    AttemptLimit.objects.filter(key=Guard("address", normalise_address(email), 0).key).delete()


def admit_reset(*, email: str, ip: str) -> None:
    """Counts a wish for a reset mail. Raises TooManyAttemptsError."""
    admit((Guard("reset", normalise_address(email), free=5), Guard("reset-ip", ip, free=20)))


def admit_code(*, ip: str) -> None:
    """Counts a try of the set-up code. Raises TooManyAttemptsError."""
    admit((Guard("set-up", ip, free=5), Guard("set-up", "everybody", free=50)))


@transaction.atomic
def admit(guards: Iterable[Guard]) -> None:
    """Counts one attempt on every guard, or raises TooManyAttemptsError and counts nothing."""
    now = timezone.now()
    # Locked in one order whatever the caller's, so that two requests never wait for each other.
    rows = []
    for guard in sorted(guards, key=lambda guard: guard.key):
        AttemptLimit.objects.get_or_create(key=guard.key, defaults={"last_at": now})
        rows.append((guard, AttemptLimit.objects.select_for_update().get(key=guard.key)))
    waits = [row.blocked_until - now for _, row in rows if row.blocked_until]
    longest = max(waits, default=timedelta())
    if longest > timedelta():
        raise TooManyAttemptsError(seconds=int(longest.total_seconds()) + 1)
    for guard, row in rows:
        row.attempts = 1 if now - row.last_at > FORGET_AFTER else row.attempts + 1
        over = row.attempts - guard.free
        wait = min(FIRST_WAIT * 2 ** min(over, 16), LONGEST_WAIT) if over >= 0 else 0
        row.blocked_until = now + timedelta(seconds=wait) if wait else None
        row.last_at = now
        row.save(update_fields=["attempts", "blocked_until", "last_at"])


@transaction.atomic
def give_back(guard: Guard) -> None:
    """Takes one counted attempt back: it turned out to be a rightful one."""
    row = AttemptLimit.objects.select_for_update().filter(key=guard.key).first()
    if row and row.attempts:
        row.attempts -= 1
        row.blocked_until = None if row.attempts < guard.free else row.blocked_until
        row.save(update_fields=["attempts", "blocked_until"])


def prune_limits() -> int:
    """Removes counts that no longer matter; returns how many."""
    now = timezone.now()
    old = AttemptLimit.objects.filter(last_at__lt=now - FORGET_AFTER).exclude(
        succeeded_at__gt=now - KNOWN_FOR
    )
    return old.delete()[0]
