from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.enums import Hue


class Label(models.Model):
    """A coloured mark for conversations, the same for the whole company."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    hue = models.CharField(_("colour"), max_length=10, choices=Hue.choices, default=Hue.BLUE)

    class Meta:
        verbose_name = _("label")
        verbose_name_plural = _("labels")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ThreadLabel(models.Model):
    """A label on a conversation."""

    thread = models.ForeignKey(
        "mailsync.Thread", on_delete=models.CASCADE, related_name="label_rows", db_index=False
    )
    label = models.ForeignKey(Label, on_delete=models.CASCADE, related_name="thread_rows")
    put_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("label on a conversation")
        verbose_name_plural = _("labels on conversations")
        constraints = [
            models.UniqueConstraint(fields=["thread", "label"], name="label_once_per_thread"),
        ]

    def __str__(self) -> str:
        return f"ThreadLabel {self.pk}"
