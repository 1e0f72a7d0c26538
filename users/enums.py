from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a user may do in the company. No role opens another person's mail.

    Who manages people manages a team of them, and so that is said of his place in the team.
    """

    ADMINISTRATOR = "administrator", _("Administrator")
    MEMBER = "member", _("User")


class Theme(models.TextChoices):
    SYSTEM = "system", _("As the computer")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class Density(models.TextChoices):
    COMFORTABLE = "comfortable", _("Comfortable")
    COSY = "cosy", _("Cosy")
    COMPACT = "compact", _("Compact")


class ItemLinking(models.TextChoices):
    """How a conversation finds its deal, lead or project; persons are always linked."""

    AUTOMATIC = "automatic", _("Automatic")
    MANUAL = "manual", _("Manual")


class EmailLinks(models.TextChoices):
    """Where a click on an e-mail address leads."""

    HERE = "here", _("Write in Dealpost")
    COMPUTER = "computer", _("Open the computer's mail program")


class UserChangeKind(models.TextChoices):
    """What may happen to a user; kept for the user and the administrators to read."""

    JOINED = "joined", _("Joined")
    ROLE_CHANGED = "role", _("Role changed")
    ADDRESS_CHANGED = "address", _("Login address changed")
    RESET_SENT = "reset", _("Link for a new password sent")
    PASSWORD_CHANGED = "password", _("Password changed")
    DEACTIVATED = "deactivated", _("Deactivated")
    REACTIVATED = "reactivated", _("Reactivated")


class StepState(models.TextChoices):
    """How far a user is with one of the first steps."""

    OPEN = "open", _("Open")
    DONE = "done", _("Done")
    SKIPPED = "skipped", _("Skipped")
