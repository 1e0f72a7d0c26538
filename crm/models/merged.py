from django.db import models

from crm.enums import RecordKind


class MergedRecord(models.Model):
    """Where a record went that became part of another: old addresses of its page still lead on."""

    kind = models.CharField(max_length=12, choices=RecordKind.choices)
    gone_id = models.BigIntegerField()
    kept_id = models.BigIntegerField()
    merged_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "merged record"
        verbose_name_plural = "merged records"
        constraints = [
            models.UniqueConstraint(fields=["kind", "gone_id"], name="merged_once"),
        ]

    def __str__(self) -> str:
        return f"MergedRecord {self.pk}"
