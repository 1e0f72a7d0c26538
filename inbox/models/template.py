from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class MailTemplateQuerySet(models.QuerySet["MailTemplate"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(Q(author=user) | Q(is_shared=True))


class MailTemplate(models.Model):
    """A text to start a mail from, private or for the whole company, with smart fields."""

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="mail_templates"
    )
    name = models.CharField(_("name"), max_length=120)
    folder = models.CharField(_("folder"), max_length=120, blank=True)
    subject = models.CharField(_("subject"), max_length=500, blank=True)
    html = models.TextField(_("text"), blank=True)
    is_shared = models.BooleanField(_("shared with the company"), default=False)
    used_count = models.PositiveIntegerField(_("times used"), default=0)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = MailTemplateQuerySet.as_manager()

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        ordering = ("folder", "name")

    def __str__(self) -> str:
        return self.name
