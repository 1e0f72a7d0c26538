from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, Q
from django.utils.translation import gettext_lazy as _

from common.opaque import seal
from inbox.enums import DraftKind
from mailsync.enums import AccountScope
from mailsync.models import MailAccount
from sharing.enums import ThreadVisibility


class DraftQuerySet(models.QuerySet["Draft"]):
    def usable_by(self, user: Any) -> Self:
        """A user's own drafts, and those of his team accounts: a team writes together."""
        usable = MailAccount.objects.usable_by(user)
        teams = usable.filter(scope=AccountScope.TEAM)
        # A draft without an account is as private as the mail, so it waits for the same key.
        nowhere = Q(account__isnull=True) & ~Exists(MailAccount.objects.locked_for(user))
        own = Q(author=user) & (nowhere | Q(account__in=usable))
        return self.filter(own | Q(account__in=teams))

    def standing(self) -> Self:
        """Drafts that are neither sent nor thrown away."""
        return self.filter(discarded_at__isnull=True, submission__isnull=True)


class Draft(models.Model):
    """A mail being written. Each save names the version it was made from, so that of two
    devices none overwrites what it has not seen."""

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts"
    )
    account = models.ForeignKey(
        "mailsync.MailAccount",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="drafts",
        verbose_name=_("from"),
    )
    kind = models.CharField(max_length=10, choices=DraftKind.choices, default=DraftKind.NEW)
    # The email that this answers or forwards.
    parent = models.ForeignKey(
        "mailsync.Email", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # [["Ada Byron", "ada@acme.example"], …]
    to = models.JSONField(_("to"), default=list, blank=True)
    cc = models.JSONField(_("cc"), default=list, blank=True)
    bcc = models.JSONField(_("bcc"), default=list, blank=True)
    subject = models.CharField(_("subject"), max_length=1000, blank=True)
    # As the editor gave it: cleaned when shown and when sent, never trusted as stored.
    html = models.TextField(blank=True)
    includes_quote = models.BooleanField(default=True)
    signature = models.ForeignKey(
        "inbox.Signature", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    visibility = models.CharField(max_length=8, choices=ThreadVisibility.choices, blank=True)
    person = models.ForeignKey(
        "crm.Person", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    deal = models.ForeignKey(
        "crm.Deal", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    lead = models.ForeignKey(
        "crm.Lead", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    project = models.ForeignKey(
        "crm.Project", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    send_at = models.DateTimeField(_("send at"), null=True, blank=True)
    remind_at = models.DateTimeField(_("remind me if no reply by"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    # What another mail program made of this draft while it was changed here too.
    other_version = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    discarded_at = models.DateTimeField(null=True, blank=True)
    submission = models.OneToOneField(
        "mailsync.Submission",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="draft",
    )

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        indexes = [models.Index(fields=["author", "-updated_at"], name="draft_newest")]

    def __str__(self) -> str:
        return f"Draft {self.pk}"

    @property
    def key(self) -> str:
        return seal("draft", self.pk)


class DraftFile(models.Model):
    """A file or inline image of a draft. Inline ones are referred to by `cid:` in the HTML."""

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(_("name"), max_length=255)
    content_type = models.CharField(max_length=127)
    size = models.PositiveBigIntegerField()
    content = models.FileField(upload_to="drafts/%Y/%m", max_length=200)
    content_id = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("file of a draft")
        verbose_name_plural = _("files of drafts")
        ordering = ("id",)

    def __str__(self) -> str:
        return f"DraftFile {self.pk}"

    @property
    def key(self) -> str:
        return seal("draftfile", self.pk)
