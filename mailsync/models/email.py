from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.addresses import MAX_LENGTH
from common.opaque import seal
from mailsync.enums import EmailKind, Keyword, ParseState
from mailsync.mime.types import SIGNATURES


class EmailQuerySet(models.QuerySet["Email"]):
    def visible_to(self, user: Any) -> Self:
        from mailsync.models.thread import Thread  # leaf

        return self.filter(thread__in=Thread.objects.visible_to(user))


class Email(models.Model):
    """A stored message: one row per account and content, however many folders hold it."""

    account = models.ForeignKey(
        "mailsync.MailAccount",
        on_delete=models.CASCADE,
        related_name="emails",
        db_index=False,
    )
    thread = models.ForeignKey(
        "mailsync.Thread",
        on_delete=models.CASCADE,
        related_name="emails",
        db_index=False,
    )
    # Digest of the raw bytes; null while only the index stage has run.
    digest = models.BinaryField(max_length=32, null=True)
    provider_id = models.CharField(max_length=255, blank=True)
    message_id = models.CharField(max_length=998, blank=True)
    message_id_hash = models.BigIntegerField(default=0)
    # Message-IDs of In-Reply-To and References, oldest first (bounded).
    references = models.JSONField(default=list)

    subject = models.CharField(max_length=1000, blank=True)
    # Hash of the subject without Re:, Fwd: and the like; for the strict subject rule only.
    subject_hash = models.BigIntegerField(default=0)
    from_name = models.CharField(max_length=200, blank=True)
    from_address = models.CharField(max_length=MAX_LENGTH, blank=True)
    # [["to", "Ada Byron", "ada@acme.example"], …] with roles to, cc, bcc, reply-to.
    recipients = models.JSONField(default=list)
    sent_at = models.DateTimeField(null=True, blank=True, help_text=_("The Date field."))
    received_at = models.DateTimeField(help_text=_("Arrival; sorts everything."))
    size = models.PositiveBigIntegerField(default=0)
    preview = models.CharField(max_length=250, blank=True)
    keywords = models.PositiveSmallIntegerField(default=0)
    is_outgoing = models.BooleanField(default=False)
    has_attachments = models.BooleanField(default=False)
    kind = models.CharField(max_length=10, choices=EmailKind.choices, default=EmailKind.PERSON)
    parse_state = models.CharField(
        max_length=10, choices=ParseState.choices, default=ParseState.COMPLETE
    )
    parse_note = models.CharField(max_length=40, blank=True)
    # False while only headers are here: the content comes with the second stage or on demand.
    has_content = models.BooleanField(default=True)
    blob = models.ForeignKey(
        "mailsync.Blob",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    gone_from_server_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=_("Deleted in the mailbox, kept here because linked."),
    )

    objects = EmailQuerySet.as_manager()

    class Meta:
        verbose_name = _("email")
        verbose_name_plural = _("emails")
        constraints = [
            models.UniqueConstraint(fields=["account", "digest"], name="digest_once_per_account"),
            models.UniqueConstraint(
                fields=["account", "provider_id"],
                condition=~models.Q(provider_id=""),
                name="provider_id_once_per_account",
            ),
        ]
        indexes = [
            models.Index(fields=["thread", "received_at"], name="email_in_thread"),
            models.Index(fields=["account", "message_id_hash"], name="email_by_message_id"),
            models.Index(
                fields=["account", "subject_hash"],
                condition=~models.Q(subject_hash=0),
                name="email_by_subject",
            ),
        ]

    def __str__(self) -> str:
        return f"Email {self.pk}"

    @property
    def key(self) -> str:
        return seal("email", self.pk)

    @property
    def is_unread(self) -> bool:
        return not self.keywords & Keyword.SEEN


class EmailBody(models.Model):
    """The readable text of an email. HTML is read from the raw bytes and cleaned when shown."""

    email = models.OneToOneField(
        Email, on_delete=models.CASCADE, primary_key=True, related_name="body"
    )
    text = models.TextField(blank=True)
    has_html = models.BooleanField(default=False)

    class Meta:
        verbose_name = "email body"
        verbose_name_plural = "email bodies"

    def __str__(self) -> str:
        return f"EmailBody {self.pk}"


class Attachment(models.Model):
    """A file in a message. Bytes are cut out of the raw message when asked for."""

    email = models.ForeignKey(Email, on_delete=models.CASCADE, related_name="attachments")
    # IMAP section number (RFC 9051 6.4.5): the place of the part in the message.
    section = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=127)
    size = models.PositiveBigIntegerField(default=0)
    content_id = models.CharField(max_length=255, blank=True)
    is_inline = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")

    def __str__(self) -> str:
        return f"Attachment {self.pk}"

    @property
    def key(self) -> str:
        return seal("attachment", self.pk)

    @property
    def is_signature(self) -> bool:
        """Part of the message and no file beside it."""
        return self.is_inline and self.content_type in SIGNATURES

    @property
    def is_file(self) -> bool:
        """What the HTML names by cid is a picture in it, not a file beside it."""
        return not self.is_signature and not (self.is_inline and self.content_id)
