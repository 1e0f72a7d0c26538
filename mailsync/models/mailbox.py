from django.db import models
from django.utils.translation import gettext_lazy as _

from common.opaque import seal
from mailsync.enums import MailboxRole, MailboxState, Outcome


class Mailbox(models.Model):
    """A place on the server that mails are in (IMAP mailbox, Gmail label, Exchange folder).

    Two watermarks move independently: `high_uid` grows with new mail, `low_uid` falls to 1
    while older mail is fetched, newest first.
    """

    account = models.ForeignKey(
        "mailsync.MailAccount", on_delete=models.CASCADE, related_name="mailboxes"
    )
    path = models.CharField(_("name on the server"), max_length=1000)
    delimiter = models.CharField(max_length=4, blank=True)
    role = models.CharField(max_length=10, choices=MailboxRole.choices, blank=True)
    role_is_chosen = models.BooleanField(
        default=False,
        help_text=_("The user said so; the server's word no longer counts."),
    )
    # The role that the places of its entries were last written for.
    placed_as = models.CharField(max_length=10, blank=True)
    state = models.CharField(max_length=10, choices=MailboxState.choices, default=MailboxState.NEW)
    is_selectable = models.BooleanField(default=True)
    is_chosen = models.BooleanField(_("synced"), default=True)
    object_id = models.CharField(
        max_length=255,
        blank=True,
        help_text=_("MAILBOXID (RFC 8474): survives a rename."),
    )

    uidvalidity = models.PositiveBigIntegerField(null=True, blank=True)
    uidnext = models.PositiveBigIntegerField(null=True, blank=True)
    high_uid = models.PositiveBigIntegerField(default=0)
    low_uid = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        help_text=_("Everything from here up is known. 1 when done."),
    )
    modseq = models.PositiveBigIntegerField(null=True, blank=True)
    exists_seen = models.PositiveIntegerField(null=True, blank=True)
    generation = models.PositiveIntegerField(default=1)
    last_full_at = models.DateTimeField(null=True, blank=True)
    next_poll_at = models.DateTimeField(null=True, blank=True)
    missing_since = models.DateTimeField(null=True, blank=True)
    # How often in a row the server numbered this mailbox anew.
    resets = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        constraints = [
            models.UniqueConstraint(fields=["account", "path"], name="path_once_per_account"),
        ]

    def __str__(self) -> str:
        return f"Mailbox {self.pk}"

    @property
    def key(self) -> str:
        return seal("mailbox", self.pk)

    @property
    def parents(self) -> list[str]:
        """The names of the folders that this one lies in, the outermost first."""
        return self._parts[:-1]

    @property
    def name(self) -> str:
        """What a person calls it: by what it is for, else its own name without those around it."""
        return str(MailboxRole(self.role).label) if self.role else self._parts[-1]

    @property
    def full_name(self) -> str:
        return self.name if self.role else " / ".join(self._parts)

    @property
    def _parts(self) -> list[str]:
        parts = self.path.split(self.delimiter) if self.delimiter else [self.path]
        # INBOX is a word of the protocol in any case (RFC 9051 5.1), and some servers keep all
        # other folders in it.
        if parts[0].upper() == "INBOX":
            parts[0] = str(MailboxRole.INBOX.label)
        return parts


class MailboxEntry(models.Model):
    """One copy of a message in a mailbox, and the journal of what became of it.

    Every message seen on the server has a row, also the ones left out: so counts on the
    server, here and left out add up, and "where is my mail?" has an answer.
    """

    mailbox = models.ForeignKey(
        Mailbox, on_delete=models.CASCADE, related_name="entries", db_index=False
    )
    uidvalidity = models.PositiveBigIntegerField()
    uid = models.PositiveBigIntegerField()
    email = models.ForeignKey(
        "mailsync.Email",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="entries",
    )
    outcome = models.CharField(max_length=12, choices=Outcome.choices, default=Outcome.SEEN)
    # A code of mailsync.errors, for outcomes that have a reason.
    reason = models.CharField(max_length=40, blank=True)
    keywords = models.PositiveSmallIntegerField(default=0)
    # Bits of mailsync.enums.Place.
    places = models.PositiveSmallIntegerField(default=0)
    labels = models.JSONField(null=True, blank=True, help_text=_("X-GM-LABELS, on Gmail."))
    modseq = models.PositiveBigIntegerField(null=True, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    received_at = models.DateTimeField(null=True, blank=True)
    # From, subject, date and Message-ID of a message that was left out; null when stored.
    headers = models.JSONField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("mailbox entry")
        verbose_name_plural = _("mailbox entries")
        constraints = [
            models.UniqueConstraint(
                fields=["mailbox", "uidvalidity", "uid"], name="uid_once_per_mailbox"
            ),
        ]
        indexes = [
            models.Index(
                fields=["mailbox", "outcome"],
                condition=~models.Q(outcome__in=["stored", "duplicate"]),
                name="entry_not_stored",
            ),
            models.Index(
                fields=["mailbox", "gone_at"],
                condition=models.Q(gone_at__isnull=False, email__isnull=False),
                name="entry_gone_in_mailbox",
            ),
        ]

    def __str__(self) -> str:
        return f"MailboxEntry {self.pk}"

    @property
    def key(self) -> str:
        return seal("entry", self.pk)
