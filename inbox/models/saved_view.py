from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from inbox.enums import Box
from mailsync.models import MailAccount


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def open_to(self, user: Any) -> Self:
        """The user's own. What he looks for tells of his mail, so they wait for the same key."""
        return self.filter(~Exists(MailAccount.objects.locked_for(user)), user=user)


class SavedView(models.Model):
    """A filtered box or a search under a name, for one user: the query part of its address."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mail_views"
    )
    name = models.CharField(_("name"), max_length=60)
    box = models.CharField(max_length=10, choices=Box.choices, blank=True, help_text="Or a search.")
    query = models.CharField(max_length=1000)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="view_name_once_per_user"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        path = reverse("inbox:box", args=[self.box]) if self.box else reverse("inbox:search")
        return f"{path}?{self.query}"
