from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.opaque import seal
from inbox.enums import Act


class BulkJob(models.Model):
    """An act on so many conversations that it goes on in the background.

    The conversations are those that the list held when the user asked; only ids are kept. A
    worker that takes the job over goes on at `done_number`.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    act = models.CharField(max_length=10, choices=Act.choices)
    thread_ids = models.JSONField(default=list)
    until = models.DateTimeField(null=True, blank=True)
    label = models.ForeignKey(
        "inbox.Label", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    mailbox = models.ForeignKey(
        "mailsync.Mailbox", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    # How many of thread_ids are through, changed or not.
    done_number = models.PositiveIntegerField(default=0)
    # thread id -> what the opposite act needs to know of it, as in UndoToken.
    memory = models.JSONField(default=dict)
    undo = models.ForeignKey(
        "inbox.UndoToken", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    # When a worker was last seen at it.
    touched_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("act on many conversations")
        verbose_name_plural = _("acts on many conversations")

    def __str__(self) -> str:
        return f"BulkJob {self.pk}"

    @property
    def key(self) -> str:
        return seal("bulkjob", self.pk)

    @property
    def number(self) -> int:
        return len(self.thread_ids)

    @property
    def changed_ids(self) -> list[Any]:
        return [int(pk) for pk in self.memory]
