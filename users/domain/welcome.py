"""The first steps of a new user. Apps above say which of them are done.

An app registers a step in its `ready()`:

    register_step(Step(name="connect", title=_("Connect your mail"), text=_("…"),
                       action=_("…"), url="/settings/email/add/",
                       is_done=has_account, position=10))

A step that leaves no row behind has no `is_done`: its page calls `mark_step`. Each step can be
skipped, and taken up again later.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise

from common.navigation import is_page
from users.enums import StepState
from users.models import Preferences, User


@dataclass(frozen=True)
class Step:
    """One line of the checklist. `is_done` gets the user and asks one cheap question."""

    name: str
    title: str | Promise
    text: str | Promise
    action: str | Promise
    url: str
    icon: str
    is_done: Callable[[User], bool] | None = None
    position: int = 100
    for_administrators: bool = False


@dataclass(frozen=True)
class ShownStep:
    step: Step
    number: int
    state: StepState

    @property
    def is_open(self) -> bool:
        return self.state == StepState.OPEN

    @property
    def is_done(self) -> bool:
        return self.state == StepState.DONE


_steps: dict[str, Step] = {}


def register_step(step: Step) -> None:
    _steps[step.name] = step


def steps_for(user: User) -> list[ShownStep]:
    marks = Preferences.of(user).welcome_steps
    steps = sorted(
        (
            one
            for one in _steps.values()
            if (user.is_administrator or not one.for_administrators) and is_page(one.url)
        ),
        key=lambda step: step.position,
    )
    return [
        ShownStep(step=step, number=number, state=_state(step, user, marks.get(step.name)))
        for number, step in enumerate(steps, start=1)
    ]


def _state(step: Step, user: User, mark: str | None) -> StepState:
    if mark == StepState.DONE or (step.is_done is not None and step.is_done(user)):
        return StepState.DONE
    return StepState.SKIPPED if mark == StepState.SKIPPED else StepState.OPEN


def is_step(name: str) -> bool:
    return name in _steps


def mark_step(user: User, *, name: str, state: StepState) -> None:
    """Notes what became of a step. What is done stays done."""
    with transaction.atomic():
        Preferences.objects.get_or_create(user=user)
        preferences = Preferences.objects.select_for_update().get(user=user)
        if preferences.welcome_steps.get(name) != StepState.DONE:
            preferences.welcome_steps[name] = state.value
            preferences.save(update_fields=["welcome_steps"])


def dismiss(user: User) -> None:
    Preferences.objects.update_or_create(
        user=user, defaults={"welcome_dismissed_at": timezone.now()}
    )


def is_dismissed(user: User) -> bool:
    return Preferences.of(user).welcome_dismissed_at is not None
