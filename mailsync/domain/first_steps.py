"""The first steps of a new user that have to do with mail accounts (users.domain.welcome)."""

from django.utils.translation import gettext_lazy as _

from mailsync.models import MailAccount
from users.domain.welcome import Step, register_step
from users.models import User

PEOPLE_STEP = "people"


def has_account(user: User) -> bool:
    return MailAccount.objects.usable_by(user).exists()


def has_synced(user: User) -> bool:
    return MailAccount.objects.usable_by(user).filter(last_synced_at__isnull=False).exists()


def register() -> None:
    register_step(
        Step(
            name="connect",
            title=_("Connect your mail"),
            text=_(
                "Your own mailbox, with its password or an app password. It is tried out first."
            ),
            action=_("Connect"),
            url="/settings/email/add/",
            icon="mail-plus",
            is_done=has_account,
            position=10,
        )
    )
    register_step(
        Step(
            name="sync",
            title=_("Choose what comes in"),
            text=_(
                "Folders, how far back, and who may see it. The newest mail comes first, and "
                "you can work while the rest arrives."
            ),
            action=_("Choose"),
            url="/settings/email/",
            icon="adjustments-horizontal",
            is_done=has_synced,
            position=20,
        )
    )
    register_step(
        Step(
            name=PEOPLE_STEP,
            title=_("Bring in the people you write to"),
            text=_(
                "While the mail comes in: tick those of the last 90 days who belong into your "
                "contacts, and their mail is linked to them."
            ),
            action=_("Choose people"),
            url="/welcome/people/",
            icon="users",
            position=30,
        )
    )
