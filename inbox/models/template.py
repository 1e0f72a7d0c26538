from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _


class MailTemplateQuerySet(models.QuerySet["MailTemplate"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(Q(author=user) | Q(is_shared=True))

    def with_uses_of(self, user: Any) -> Self:
        """`used_count` and `last_used_at`: how often this user has used each, and when."""
        uses = TemplateUse.objects.filter(template=OuterRef("pk"), user=user)
        return self.annotate(
            used_count=Coalesce(Subquery(uses.values("count")), 0),
            last_used_at=Subquery(uses.values("last_at")),
        )


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
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = MailTemplateQuerySet.as_manager()

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        ordering = ("folder", "name")

    def __str__(self) -> str:
        return self.name


class TemplateUse(models.Model):
    """How often one user has used a template. Counted for each alone: what a template was used
    for by everybody would tell when a colleague writes private mail."""

    template = models.ForeignKey(MailTemplate, on_delete=models.CASCADE, related_name="uses")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        verbose_name = "use of a template"
        verbose_name_plural = "uses of templates"
        constraints = [
            models.UniqueConstraint(fields=["template", "user"], name="template_use_once"),
        ]

    def __str__(self) -> str:
        return f"TemplateUse {self.pk}"
