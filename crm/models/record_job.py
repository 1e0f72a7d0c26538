from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.enums import BulkAct, ListKind


class RecordJob(models.Model):
    """An act on so many records, or activities, that it goes on in the background.

    The records are those that the list held when the user asked. A worker that takes the job
    over goes on at `done_number`.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=ListKind.choices)
    act = models.CharField(max_length=10, choices=BulkAct.choices)
    # The key of a colleague or of the label, the visibility, or a day.
    value = models.CharField(max_length=40, blank=True)
    record_ids = models.JSONField(default=list)
    # How many of record_ids are through, and how many of those were changed.
    done_number = models.PositiveIntegerField(default=0)
    changed_number = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    # When a worker was last seen at it.
    touched_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("act on many records")
        verbose_name_plural = _("acts on many records")

    def __str__(self) -> str:
        return f"RecordJob {self.pk}"

    @property
    def number(self) -> int:
        return len(self.record_ids)
