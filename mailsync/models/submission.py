from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.opaque import seal
from mailsync.enums import SentCopy, SubmissionState


class Submission(models.Model):
    """An email on its way out (RFC 8621 7). Bytes and Message-ID never change once queued."""

    account = models.ForeignKey(
        "mailsync.MailAccount", on_delete=models.CASCADE, related_name="submissions"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    thread = models.ForeignKey(
        "mailsync.Thread",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="submissions",
    )
    email = models.OneToOneField(
        "mailsync.Email",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="submission",
    )
    blob = models.ForeignKey(
        "mailsync.Blob",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    message_id = models.CharField(max_length=998)
    subject = models.CharField(max_length=1000, blank=True)
    envelope_from = models.CharField(max_length=320)
    envelope_to = models.JSONField(default=list)
    # Recipients that stand in no header field of the sent bytes; the copy in Sent names them.
    bcc = models.JSONField(default=list, blank=True)
    state = models.CharField(
        max_length=12, choices=SubmissionState.choices, default=SubmissionState.QUEUED
    )
    # Grows with each edit or claim; a stale writer finds no row.
    version = models.PositiveIntegerField(default=1)
    send_at = models.DateTimeField(_("send at"))
    undo_until = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # What the newest attempt took of the account's room (mailsync.domain.pacing).
    counted_at = models.DateTimeField(null=True, blank=True)
    recipient_count = models.PositiveSmallIntegerField(default=0)
    new_recipient_count = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    handed_over_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    # address -> {"code": 250, "state": "accepted"}
    results = models.JSONField(default=dict, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    # When to look into Sent next: to resolve `unknown`, or to store a copy that is not there.
    look_at = models.DateTimeField(null=True, blank=True)
    looks = models.PositiveSmallIntegerField(default=0)
    sent_copy = models.CharField(max_length=8, choices=SentCopy.choices, default=SentCopy.WAITING)
    # UID of the copy that we stored, until it is known that the provider adds none of its own.
    copy_uid = models.BigIntegerField(null=True, blank=True)
    # The same message to recipients that the server put off while it took the others.
    remainder_of = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="remainders"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("outgoing mail")
        verbose_name_plural = _("outgoing mail")
        indexes = [
            models.Index(fields=["state", "send_at"], name="submission_due"),
            models.Index(fields=["account", "-id"], name="submission_outbox"),
            models.Index(fields=["account", "counted_at"], name="submission_counted"),
        ]

    def __str__(self) -> str:
        return f"Submission {self.pk}"

    @property
    def key(self) -> str:
        return seal("submission", self.pk)


class OutboxClock(models.Model):
    """When the outbox was last seen at work: one row (mailsync.domain.outages)."""

    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = "clock of the outbox"
        verbose_name_plural = "clock of the outbox"

    def __str__(self) -> str:
        return "OutboxClock"
