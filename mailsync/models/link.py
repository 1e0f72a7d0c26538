from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.addresses import MAX_LENGTH
from crm.models.attached import RECORD_FIELDS, exactly_one
from mailsync.enums import LinkOrigin


class ThreadLinkQuerySet(models.QuerySet["ThreadLink"]):
    def standing(self) -> "ThreadLinkQuerySet":
        """Links in force: a removed one stays as a row, so that no rule puts it back."""
        return self.filter(removed_at__isnull=True)


class ThreadLink(models.Model):
    """Why a conversation shows on a record. One row per thread and record, for ever."""

    thread = models.ForeignKey("mailsync.Thread", on_delete=models.CASCADE, related_name="links")
    person = models.ForeignKey(
        "crm.Person",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="thread_links",
    )
    organization = models.ForeignKey(
        "crm.Organization",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="thread_links",
    )
    deal = models.ForeignKey(
        "crm.Deal",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="thread_links",
    )
    lead = models.ForeignKey(
        "crm.Lead",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="thread_links",
    )
    project = models.ForeignKey(
        "crm.Project",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="thread_links",
    )
    origin = models.CharField(max_length=12, choices=LinkOrigin.choices)
    # The address that made the link, where one did; the sentence is made when shown.
    address = models.CharField(max_length=MAX_LENGTH, blank=True)
    is_main = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )

    objects = ThreadLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        constraints = [
            models.CheckConstraint(condition=exactly_one(), name="link_to_one_record"),
            *(
                models.UniqueConstraint(
                    fields=["thread", name],
                    condition=Q(**{f"{name}__isnull": False}),
                    name=f"one_link_per_{name}",
                )
                for name in RECORD_FIELDS
            ),
            models.UniqueConstraint(
                fields=["thread"],
                condition=Q(is_main=True),
                name="one_main_link_per_thread",
            ),
        ]

    def __str__(self) -> str:
        return f"ThreadLink {self.pk}"


class RememberedLink(models.Model):
    """An answer kept: mail with this address belongs to this item, while the item is open."""

    account = models.ForeignKey(
        "mailsync.MailAccount",
        on_delete=models.CASCADE,
        related_name="remembered_links",
    )
    address = models.CharField(max_length=MAX_LENGTH)
    deal = models.ForeignKey("crm.Deal", on_delete=models.CASCADE, null=True, blank=True)
    lead = models.ForeignKey("crm.Lead", on_delete=models.CASCADE, null=True, blank=True)
    project = models.ForeignKey("crm.Project", on_delete=models.CASCADE, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("remembered answer")
        verbose_name_plural = _("remembered answers")
        default_related_name = "+"
        constraints = [
            models.CheckConstraint(
                condition=exactly_one(("deal", "lead", "project")),
                name="remembered_one_item",
            ),
            models.UniqueConstraint(fields=["account", "address"], name="one_answer_per_address"),
        ]

    def __str__(self) -> str:
        return f"RememberedLink {self.pk}"
