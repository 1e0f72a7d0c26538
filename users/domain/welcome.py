"""The first steps of a new user. Apps above say which of them are done.

An app registers a step in its `ready()`:

    register_step(Step(name="connect", title=_("Connect your mail"), text=_("…"),
                       action=_("…"), url="/settings/email/add/",
                       is_done=has_account, position=10))
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone
from django.utils.functional import Promise

from common.navigation import is_page
from users.models import Preferences, User


@dataclass(frozen=True)
class Step:
    """One line of the checklist. `is_done` gets the user and asks one cheap question."""

    name: str
    title: str | Promise
    text: str | Promise
    action: str | Promise
    url: str
    is_done: Callable[[User], bool]
    position: int = 100
    for_administrators: bool = False


@dataclass(frozen=True)
class ShownStep:
    name: str
    number: int
    title: str | Promise
    text: str | Promise
    action: str | Promise
    url: str
    done: bool


_steps: dict[str, Step] = {}


def register_step(step: Step) -> None:
    _steps[step.name] = step


def steps_for(user: User) -> list[ShownStep]:
    steps = sorted(
        (
            one
            for one in _steps.values()
            if (user.is_administrator or not one.for_administrators) and is_page(one.url)
        ),
        key=lambda step: step.position,
    )
    return [
        ShownStep(
            name=step.name,
            number=number,
            title=step.title,
            text=step.text,
            action=step.action,
            url=step.url,
            done=step.is_done(user),
        )
        for number, step in enumerate(steps, start=1)
    ]


def dismiss(user: User) -> None:
    Preferences.objects.update_or_create(
        user=user, defaults={"welcome_dismissed_at": timezone.now()}
    )


def is_dismissed(user: User) -> bool:
    return Preferences.of(user).welcome_dismissed_at is not None
