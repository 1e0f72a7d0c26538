import secrets

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models.attached import AttachedToRecord, exactly_one


def stored_name(_file: "RecordFile", _name: str) -> str:
    """A name that says nothing: what the uploader called it never reaches the disk."""
    key = secrets.token_hex(16)
    return f"records/{key[:2]}/{key}"


class RecordFile(AttachedToRecord):
    """A file somebody uploaded to a record. The stored name says nothing about its content."""

    name = models.CharField(_("name"), max_length=255)
    content = models.FileField(_("content"), upload_to=stored_name, max_length=200)
    content_type = models.CharField(max_length=127, blank=True)
    size = models.PositiveBigIntegerField(_("size"), default=0)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ("-created_at", "-id")
        default_related_name = "files"
        constraints = [
            models.CheckConstraint(condition=exactly_one(), name="file_on_one_record"),
        ]

    def __str__(self) -> str:
        return f"File {self.pk}"
