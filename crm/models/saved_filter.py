from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.enums import ListKind


class SavedFilter(models.Model):
    """A list as one user likes to see it: the query part of its URL under a name."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters"
    )
    list_kind = models.CharField(max_length=12, choices=ListKind.choices)
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=1000)

    class Meta:
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint(
                fields=["user", "list_kind", "name"], name="filter_name_once_per_list"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ChosenColumns(models.Model):
    """The columns of a list that one user wants to see."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="chosen_columns"
    )
    list_kind = models.CharField(max_length=12, choices=ListKind.choices)
    # Words, so that they are read with the saved filters by one query.
    names = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("chosen columns")
        verbose_name_plural = _("chosen columns")
        constraints = [
            models.UniqueConstraint(fields=["user", "list_kind"], name="columns_once_per_list"),
        ]

    def __str__(self) -> str:
        return f"ChosenColumns {self.pk}"
