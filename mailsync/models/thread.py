from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.addresses import MAX_LENGTH
from common.opaque import seal
from common.remembered import remembered
from mailsync.enums import Placement
from sharing.enums import ThreadVisibility


class ThreadQuerySet(models.QuerySet["Thread"]):
    def visible_to(self, user: Any) -> Self:
        """The conversations this user may know of: his own and his teams', and shared ones
        linked to a record that he may see. The only door; there is no exception for roles."""
        from mailsync.rules import (
            visible_threads,
        )  # leaf: rules need the models of three apps

        return self.filter(remembered(visible_threads, self.model, user))

    def of_accounts_of(self, user: Any) -> Self:
        """The conversations of this user's own and team accounts: what an inbox lists."""
        from mailsync.models.account import MailAccount  # leaf

        return self.filter(account__in=MailAccount.objects.usable_by(user), merged_into=None)


class Thread(models.Model):
    """Emails of one account that belong together. Threads never span accounts.

    Figures and flags are copies of what its emails say, kept by mailsync.domain.threads, so
    that a list of conversations is one query on one index.
    """

    account = models.ForeignKey(
        "mailsync.MailAccount",
        on_delete=models.CASCADE,
        related_name="threads",
        db_index=False,
    )
    subject = models.CharField(max_length=1000, blank=True)
    # Hash of the subject without Re:, Fwd: and the like; for the strict subject rule only.
    subject_hash = models.BigIntegerField(default=0)
    provider_thread_id = models.CharField(max_length=255, blank=True)
    visibility = models.CharField(max_length=8, choices=ThreadVisibility.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    # For lists.
    people = models.JSONField(default=list, help_text=_("Names for the row, oldest first."))
    preview = models.CharField(max_length=250, blank=True)
    email_count = models.PositiveIntegerField(default=0)
    unread_count = models.PositiveIntegerField(default=0)
    has_attachments = models.BooleanField(default=False)
    is_flagged = models.BooleanField(default=False)
    first_email_at = models.DateTimeField(null=True, blank=True)
    last_email_at = models.DateTimeField(null=True, blank=True)
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    last_outbound_at = models.DateTimeField(null=True, blank=True)
    in_inbox = models.BooleanField(default=False)
    in_sent = models.BooleanField(default=False)
    in_archive = models.BooleanField(default=False)
    in_trash = models.BooleanField(default=False)
    in_junk = models.BooleanField(default=False)

    # What people decided.
    trashed_at = models.DateTimeField(null=True, blank=True)
    # Archived or brought back here, whatever the mailbox says; mail that arrives after
    # `placed_at` brings an archived conversation back to the inbox.
    placement = models.CharField(max_length=8, choices=Placement.choices, blank=True)
    placed_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    muted_at = models.DateTimeField(null=True, blank=True)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="assigned_threads",
    )
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="merged_from",
    )
    # How many open items fit when the rules could not choose; 0 when there is no question.
    possible_items = models.PositiveSmallIntegerField(default=0)

    objects = ThreadQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        indexes = [
            models.Index(
                fields=["account", "-last_email_at", "-id"],
                condition=models.Q(in_inbox=True),
                name="thread_inbox",
            ),
            models.Index(
                fields=["account", "-last_email_at", "-id"],
                condition=models.Q(in_sent=True),
                name="thread_sent",
            ),
            models.Index(
                fields=["account", "-last_email_at", "-id"],
                condition=models.Q(in_archive=True),
                name="thread_archive",
            ),
            models.Index(
                fields=["account", "-last_email_at", "-id"],
                condition=models.Q(in_inbox=True, unread_count__gt=0),
                name="thread_inbox_unread",
            ),
            models.Index(
                fields=["account", "-last_email_at", "-id"],
                condition=models.Q(in_trash=True),
                name="thread_trash",
            ),
            models.Index(
                fields=["account", "-last_email_at", "-id"],
                condition=models.Q(in_junk=True),
                name="thread_junk",
            ),
            models.Index(
                fields=["account", "snoozed_until"],
                condition=models.Q(snoozed_until__isnull=False),
                name="thread_snoozed",
            ),
            models.Index(fields=["account", "-last_email_at", "-id"], name="thread_newest"),
            models.Index(fields=["account", "subject_hash"], name="thread_by_subject"),
            models.Index(
                fields=["account", "provider_thread_id"],
                condition=~models.Q(provider_thread_id=""),
                name="thread_by_provider_id",
            ),
        ]

    def __str__(self) -> str:
        return f"Thread {self.pk}"

    @property
    def key(self) -> str:
        return seal("thread", self.pk)


class ThreadAddress(models.Model):
    """An address that takes part in a thread: what linking by address asks."""

    thread = models.ForeignKey(
        Thread, on_delete=models.CASCADE, related_name="addresses", db_index=False
    )
    address = models.CharField(max_length=MAX_LENGTH, db_index=True)
    name = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = "thread address"
        verbose_name_plural = "thread addresses"
        constraints = [
            models.UniqueConstraint(fields=["thread", "address"], name="address_once_per_thread"),
        ]

    def __str__(self) -> str:
        return f"ThreadAddress {self.pk}"


class EmailReference(models.Model):
    """A Message-ID that a thread's emails have or name (RFC 5322 3.6.4), arrived or not.

    Unknown parents are placeholders here, so that the order of arrival does not matter.
    """

    account = models.ForeignKey(
        "mailsync.MailAccount",
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
    )
    message_id_hash = models.BigIntegerField()
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="references")

    class Meta:
        verbose_name = "email reference"
        verbose_name_plural = "email references"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "message_id_hash"], name="reference_once_per_account"
            ),
        ]

    def __str__(self) -> str:
        return f"EmailReference {self.pk}"


class ThreadSeparation(models.Model):
    """Two conversations that a user took apart: no rule joins them again."""

    first = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("separation")
        verbose_name_plural = _("separations")
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="separated_once"),
            # The smaller id first, so that a pair has one spelling.
            models.CheckConstraint(
                condition=models.Q(first__lt=models.F("second")),
                name="separation_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"ThreadSeparation {self.pk}"
