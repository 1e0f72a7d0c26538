from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.enums import ActivityKind
from crm.models.attached import RECORD_FIELDS, sees_every_record


class ActivityQuerySet(models.QuerySet["Activity"]):
    def visible_to(self, user: Any) -> "ActivityQuerySet":
        """One's own, and those about records of which none is hidden from this user."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        about_nothing = Q(**{f"{name}__isnull": True for name in RECORD_FIELDS})
        own = Q(assigned_to=user) | Q(created_by=user)
        return self.filter(own | (~about_nothing & sees_every_record(user)))

    def planned(self) -> "ActivityQuerySet":
        return self.filter(done_at__isnull=True)


class Activity(models.Model):
    """Something to do, with a day and perhaps a time, for somebody, about records."""

    kind = models.CharField(
        _("kind"),
        max_length=10,
        choices=ActivityKind.choices,
        default=ActivityKind.TASK,
    )
    title = models.CharField(_("title"), max_length=200)
    note = models.TextField(_("note"), blank=True)
    due_date = models.DateField(_("due"), null=True, blank=True)
    due_time = models.TimeField(_("at"), null=True, blank=True)
    duration = models.DurationField(_("duration"), null=True, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="activities",
        verbose_name=_("assigned to"),
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(_("added"), auto_now_add=True)
    person = models.ForeignKey(
        "crm.Person",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="activities",
    )
    organization = models.ForeignKey(
        "crm.Organization",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="activities",
    )
    deal = models.ForeignKey(
        "crm.Deal",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="activities",
    )
    lead = models.ForeignKey(
        "crm.Lead",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="activities",
    )
    project = models.ForeignKey(
        "crm.Project",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="activities",
    )

    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        indexes = [
            models.Index(fields=["assigned_to", "done_at", "due_date"], name="activity_agenda"),
            models.Index(fields=["due_date", "id"], name="activity_by_due"),
        ]

    def __str__(self) -> str:
        return self.title
