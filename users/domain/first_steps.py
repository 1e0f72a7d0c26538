"""The first steps that this app knows of: colleagues, and the keys that save most clicks."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from users.domain.welcome import Step, register_step
from users.models import Invitation, User

KEYS_STEP = "keys"


@dataclass(frozen=True)
class KeyLesson:
    """A key to be pressed, by the id of its command (common.commands)."""

    command: str
    key: str
    text: str | Promise


KEY_LESSONS = (
    KeyLesson("row-next", "j", _("Go to the next conversation; k goes back up.")),
    KeyLesson("archive", "e", _("Archive it: done with, out of the way, still to be found.")),
    KeyLesson("reply", "r", _("Answer the conversation that is open.")),
    KeyLesson("compose", "c", _("Write a new mail, from wherever you are.")),
    KeyLesson("help", "?", _("See all other keys.")),
)


def has_colleagues(user: User) -> bool:
    return User.objects.exclude(pk=user.pk).exists() or Invitation.objects.exists()


def register() -> None:
    register_step(
        Step(
            name=KEYS_STEP,
            title=_("Learn five keys"),
            text=_("Press each of them once. The rest of the day goes quicker."),
            action=_("Try them"),
            url="/welcome/keys/",
            icon="keyboard",
            position=40,
        )
    )
    register_step(
        Step(
            name="invite",
            title=_("Invite your colleagues"),
            text=_("They get a link by mail. What is private stays with each of them."),
            action=_("Invite"),
            url="/settings/users/invite/",
            icon="user-plus",
            is_done=has_colleagues,
            position=50,
            for_administrators=True,
        )
    )
