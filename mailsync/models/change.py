from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.opaque import seal
from mailsync.enums import ChangeOperation, ChangeState


class RemoteChange(models.Model):
    """A local act to be replayed in the mailbox, written with the act itself.

    Changes of one mail are carried out strictly in the order of their ids. Rows stay for 30
    days, so that a user can see and take back what we did in his mailbox.
    """

    account = models.ForeignKey(
        "mailsync.MailAccount", on_delete=models.CASCADE, related_name="changes"
    )
    entry = models.ForeignKey(
        "mailsync.MailboxEntry",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="changes",
    )
    email = models.ForeignKey(
        "mailsync.Email",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="changes",
    )
    operation = models.CharField(max_length=10, choices=ChangeOperation.choices)
    # What should be so afterwards, and what was so before: {"add": 1}, {"mailbox": 12}, …
    wanted = models.JSONField(default=dict)
    base = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=ChangeState.choices, default=ChangeState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("change in the mailbox")
        verbose_name_plural = _("changes in the mailbox")
        indexes = [
            models.Index(
                fields=["account", "id"],
                condition=models.Q(state__in=["pending", "running"]),
                name="change_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"RemoteChange {self.pk}"

    @property
    def key(self) -> str:
        return seal("change", self.pk)
