"""The first step that this app knows of: an administrator has colleagues."""

from django.utils.translation import gettext_lazy as _

from users.domain.welcome import Step, register_step
from users.models import Invitation, User


def has_colleagues(user: User) -> bool:
    return User.objects.exclude(pk=user.pk).exists() or Invitation.objects.exists()


def register() -> None:
    register_step(
        Step(
            name="invite",
            title=_("Invite your colleagues"),
            text=_("They get a link by mail. What is private stays with each of them."),
            action=_("Invite"),
            url="/settings/users/invite/",
            is_done=has_colleagues,
            position=40,
            for_administrators=True,
        )
    )
