from django.db import models


class Blob(models.Model):
    """Where the raw bytes of a message or part lie: a stretch of a pack file.

    Blobs belong to one account. Two accounts with the same message have two blobs, so that
    removing one account's mail never touches the other's.
    """

    account = models.ForeignKey(
        "mailsync.MailAccount",
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
    )
    digest = models.BinaryField(max_length=32)
    pack = models.PositiveIntegerField()
    offset = models.PositiveBigIntegerField()
    size = models.PositiveBigIntegerField()

    class Meta:
        verbose_name = "blob"
        verbose_name_plural = "blobs"
        constraints = [
            models.UniqueConstraint(fields=["account", "digest"], name="blob_once_per_account"),
        ]

    def __str__(self) -> str:
        return f"Blob {self.pk}"
