from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _


class Company(models.Model):
    """The one company of this installation and what holds for all of it."""

    name = models.CharField(_("name"), max_length=150)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    created_at = models.DateTimeField(auto_now_add=True)
    accounts_per_user = models.PositiveSmallIntegerField(
        _("mail accounts per user"),
        null=True,
        blank=True,
        help_text=_("Empty means as many as a user wants."),
    )
    team_accounts = models.PositiveSmallIntegerField(
        _("team accounts"),
        null=True,
        blank=True,
        help_text=_("Empty means as many as the company wants."),
    )

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="one_company"),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> Self | None:
        """The company, or None before the first visitor has made it."""
        return cls.objects.filter(pk=1).first()
