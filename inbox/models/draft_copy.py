from django.db import models
from django.utils.translation import gettext_lazy as _


class DraftCopy(models.Model):
    """A draft's copy in the Drafts mailbox of its account (inbox.domain.draft_copies)."""

    # Without one the copy is to go.
    draft = models.ForeignKey(
        "inbox.Draft", on_delete=models.SET_NULL, null=True, blank=True, related_name="copies"
    )
    account = models.ForeignKey(
        "mailsync.MailAccount", on_delete=models.CASCADE, related_name="draft_copies"
    )
    # Stays over all versions: other mail programs keep it when they change the draft.
    message_id = models.CharField(max_length=998)
    # Of the newest message that we stored or were about to store: its own header field says it.
    mark = models.CharField(max_length=32, blank=True)
    digest = models.BinaryField(max_length=32, null=True)
    uidvalidity = models.PositiveBigIntegerField(null=True, blank=True)
    uid = models.PositiveBigIntegerField(null=True, blank=True)
    # The draft's version that the copy says.
    version = models.PositiveIntegerField(default=0)
    # What is being stored: committed before the command goes out. Found set, it was cut off.
    storing_version = models.PositiveIntegerField(null=True, blank=True)
    # The draft has other files than the copy.
    is_behind = models.BooleanField(default=False)
    due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    missing_since = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = _("copy of a draft")
        verbose_name_plural = _("copies of drafts")
        constraints = [
            models.UniqueConstraint(fields=["draft", "account"], name="draft_once_per_account"),
        ]

    def __str__(self) -> str:
        return f"DraftCopy {self.pk}"
