from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.attached import AttachedToRecord, exactly_one


class Note(AttachedToRecord):
    """Plain text that somebody wrote down about a record."""

    text = models.TextField(_("text"))
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    pinned_at = models.DateTimeField(_("pinned"), null=True, blank=True)
    created_at = models.DateTimeField(_("written"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ("-created_at", "-id")
        default_related_name = "notes"
        constraints = [
            models.CheckConstraint(condition=exactly_one(), name="note_on_one_record"),
        ]

    def __str__(self) -> str:
        return f"Note {self.pk}"
