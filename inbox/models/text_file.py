from django.db import models
from django.utils.translation import gettext_lazy as _

from common.opaque import seal


class TextFile(models.Model):
    """A picture of a text, referred to by `cid:` in its HTML, or a file that goes with it."""

    name = models.CharField(_("name"), max_length=255)
    content_type = models.CharField(max_length=127)
    size = models.PositiveBigIntegerField()
    content = models.FileField(upload_to="texts/%Y/%m", max_length=200)
    content_id = models.CharField(max_length=100, blank=True)

    class Meta:
        abstract = True
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{type(self).__name__} {self.pk}"

    @property
    def key(self) -> str:
        return seal("textfile", self.pk)


class TemplateFile(TextFile):
    template = models.ForeignKey(
        "inbox.MailTemplate", on_delete=models.CASCADE, related_name="files"
    )

    class Meta(TextFile.Meta):
        verbose_name = _("file of a template")
        verbose_name_plural = _("files of templates")


class SignatureFile(TextFile):
    signature = models.ForeignKey("inbox.Signature", on_delete=models.CASCADE, related_name="files")

    class Meta(TextFile.Meta):
        verbose_name = _("picture of a signature")
        verbose_name_plural = _("pictures of signatures")
