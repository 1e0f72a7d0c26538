"""The arithmetic of the limits; what a visitor meets of them is in test_sign_in.py."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from users.domain.limits import Guard, admit, give_back, prune_limits, sign_in_guards
from users.errors import TooManyAttemptsError
from users.models import AttemptLimit

pytestmark = pytest.mark.django_db
DOOR = Guard("door", "203.0.113.7", free=3)


def refused_for(*guards: Guard) -> int:
    with pytest.raises(TooManyAttemptsError) as refusal:
        admit(guards)
    return refusal.value.seconds


def test_free_attempts_then_a_wait_that_doubles_up_to_an_hour() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(3):
            admit([DOOR])
        waits = []
        for _ in range(9):
            waits.append(refused_for(DOOR) - 1)
            clock.shift(timedelta(seconds=waits[-1] + 1))
            admit([DOOR])
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_a_refused_attempt_counts_nowhere() -> None:
    other = Guard("other", "203.0.113.7", free=100)
    for _ in range(3):
        admit([DOOR])
    refused_for(other, DOOR)
    assert not AttemptLimit.objects.filter(key=other.key).exists()


def test_a_day_without_attempts_is_forgotten() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(3):
            admit([DOOR])
        clock.shift(timedelta(hours=25))
        admit([DOOR])
        assert AttemptLimit.objects.get().attempts == 1


def test_a_rightful_attempt_is_given_back() -> None:
    for _ in range(3):
        admit([DOOR])
    give_back(DOOR)
    admit([DOOR])
    refused_for(DOOR)
    never_tried = Guard("door", "198.51.100.1", free=3)
    give_back(never_tried)
    assert not AttemptLimit.objects.filter(key=never_tried.key).exists()


def test_keys_tell_neither_address_nor_network() -> None:
    for guard in sign_in_guards(email="Ada@Acme.Example", ip="203.0.113.7"):
        assert re.fullmatch("[0-9a-f]{64}", guard.key)


def test_old_counts_go_and_known_visitors_stay() -> None:
    now = timezone.now()
    old = now - timedelta(hours=25)
    AttemptLimit.objects.create(key="old", last_at=old)
    AttemptLimit.objects.create(key="new", last_at=now)
    AttemptLimit.objects.create(key="known", last_at=old, succeeded_at=now - timedelta(days=89))
    AttemptLimit.objects.create(key="gone", last_at=old, succeeded_at=now - timedelta(days=91))
    assert prune_limits() == 2
    assert set(AttemptLimit.objects.values_list("key", flat=True)) == {"new", "known"}
