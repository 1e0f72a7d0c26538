"""The first step of a new user that has to do with writing (users.domain.welcome)."""

from django.utils.translation import gettext_lazy as _

from inbox.models import Signature
from users.domain.welcome import Step, register_step
from users.models import User


def has_signature(user: User) -> bool:
    return Signature.objects.usable_by(user).exists()


def register() -> None:
    register_step(
        Step(
            name="signature",
            title=_("Set your signature"),
            text=_("What stands under every mail you write: your name, and how to reach you."),
            action=_("Write it"),
            url="/settings/email/signatures/new/",
            icon="signature",
            is_done=has_signature,
            position=35,
        )
    )
