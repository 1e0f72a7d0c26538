from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class AttemptLimit(models.Model):
    """How often something guessable was tried. `key` is a keyed digest: no address is kept."""

    key = models.CharField(max_length=64, primary_key=True)
    attempts = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(db_index=True)
    blocked_until = models.DateTimeField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("limit on attempts")
        verbose_name_plural = _("limits on attempts")

    def __str__(self) -> str:
        return "AttemptLimit"


class ResetRequest(models.Model):
    """Somebody asked for a new password. Written for known and unknown addresses alike, so that
    the answer takes the same time; a task looks at it and removes it."""

    email = models.EmailField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("request for a new password")
        verbose_name_plural = _("requests for a new password")

    def __str__(self) -> str:
        return f"ResetRequest {self.pk}"


class AddressNotice(models.Model):
    """A login address that was changed and whose old mailbox is still to be told. The task that
    does it carries this row's id and no address, and removes the row."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    old_email = models.EmailField()

    class Meta:
        verbose_name = _("notice of a changed address")
        verbose_name_plural = _("notices of changed addresses")

    def __str__(self) -> str:
        return f"AddressNotice {self.pk}"
