from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from users.enums import UserChangeKind


class UserChange(models.Model):
    """Who did what to a user, and when. Never the old or new value."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="changes"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    kind = models.CharField(_("what"), max_length=20, choices=UserChangeKind.choices)
    created_at = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        verbose_name = _("change to a user")
        verbose_name_plural = _("changes to users")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"UserChange {self.pk}"
