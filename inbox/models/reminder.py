from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Reminder(models.Model):
    """A conversation that comes back to its writer unless somebody answers in time."""

    thread = models.ForeignKey(
        "mailsync.Thread", on_delete=models.CASCADE, related_name="reminders"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    due_at = models.DateTimeField(_("due"), db_index=True)
    # An answer that came after this moment ends the waiting.
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints = [
            models.UniqueConstraint(fields=["thread", "user"], name="one_reminder_per_thread"),
        ]

    def __str__(self) -> str:
        return f"Reminder {self.pk}"
