from django.db import models


class SearchEntry(models.Model):
    """The place of an email in the full-text index.

    `key` is the arrival in seconds with the email's number below it, so the index read backwards
    gives the newest mail first and stops after a page. The words themselves are in the table
    `mailsync_search` that each database keeps in its own form (see the migration).
    """

    key = models.BigIntegerField(primary_key=True)
    email = models.OneToOneField(
        "mailsync.Email", on_delete=models.CASCADE, related_name="search_entry"
    )

    class Meta:
        verbose_name = "search entry"
        verbose_name_plural = "search entries"

    def __str__(self) -> str:
        return f"SearchEntry {self.pk}"
