from typing import Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from users.enums import Density, EmailLinks, ItemLinking, Theme


class Preferences(models.Model):
    """How one user likes the product to look and behave."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True
    )
    language = models.CharField(_("language"), max_length=10, default="en")
    time_zone = models.CharField(_("time zone"), max_length=50, default="UTC")
    theme = models.CharField(max_length=10, choices=Theme.choices, default=Theme.SYSTEM)
    density = models.CharField(max_length=12, choices=Density.choices, default=Density.COSY)
    single_keys = models.BooleanField(_("single-key shortcuts"), default=True)
    undo_seconds = models.PositiveSmallIntegerField(
        _("time to undo sending"), default=10, validators=[MaxValueValidator(30)]
    )
    email_links = models.CharField(
        max_length=10, choices=EmailLinks.choices, default=EmailLinks.HERE
    )
    item_linking = models.CharField(
        max_length=10, choices=ItemLinking.choices, default=ItemLinking.AUTOMATIC
    )
    # What became of the first steps that no row tells of: {"keys": "done", "people": "skipped"}.
    welcome_steps = models.JSONField(default=dict, blank=True)
    welcome_dismissed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("preferences")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return f"Preferences {self.pk}"

    @classmethod
    def of(cls, user: Any) -> Self:
        """The user's preferences; the defaults, not saved, while nothing was chosen yet."""
        try:
            return user.preferences
        except cls.DoesNotExist:
            return cls(user=user)
