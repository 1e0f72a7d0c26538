from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.enums import DuplicatePolicy, ImportState, RecordKind


class RecordImport(models.Model):
    """One file of records on its way in. Rows that could not be taken are kept for download."""

    kind = models.CharField(max_length=12, choices=RecordKind.choices)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="record_imports",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # When a worker was last seen at it.
    touched_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(
        max_length=10, choices=ImportState.choices, default=ImportState.MAPPING
    )
    text = models.TextField(help_text=_("The file; emptied when the import has ended."))
    delimiter = models.CharField(max_length=1, default=",")
    # Column number (as text) to the name of the field it fills.
    mapping: "models.JSONField[dict[str, str]]" = models.JSONField(default=dict)
    duplicates = models.CharField(
        max_length=6, choices=DuplicatePolicy.choices, default=DuplicatePolicy.SKIP
    )
    total_count = models.PositiveIntegerField(default=0)
    done_count = models.PositiveIntegerField(default=0)
    made_count = models.PositiveIntegerField(default=0)
    updated_count = models.PositiveIntegerField(default=0)
    skipped_count = models.PositiveIntegerField(default=0)
    # [line number, reason, cells]
    refused_rows: "models.JSONField[list[Any]]" = models.JSONField(default=list)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"RecordImport {self.pk}"
