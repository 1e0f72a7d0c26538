from django.db import models
from django.utils.translation import gettext_lazy as _


class ItemVisibility(models.TextChoices):
    """Who sees a deal, lead, person, organization or project."""

    OWNER = "owner", _("Owner only")
    GROUP = "group", _("Owner's visibility group")
    COMPANY = "company", _("Entire company")


class ThreadVisibility(models.TextChoices):
    """Who sees a conversation. `private` is for personal accounts, `team` for team accounts."""

    PRIVATE = "private", _("Private")
    TEAM = "team", _("Team only")
    SHARED = "shared", _("Shared")
