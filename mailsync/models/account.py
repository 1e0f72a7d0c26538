from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.opaque import seal
from common.vault import SealedField
from mailsync.enums import AccountKind, AccountScope, AccountState, Direction, Security
from sharing.enums import ThreadVisibility
from users.enums import ItemLinking


class MailAccountQuerySet(models.QuerySet["MailAccount"]):
    def usable_by(self, user: Any) -> Self:
        """Accounts whose mail is this user's own: personal ones owned, team ones joined. A
        locked one is not: its mail opens when its owner has connected it again."""
        return self.belonging_to(user).filter(locked_at=None)

    def locked_for(self, user: Any) -> Self:
        """The user's accounts that wait for being connected again."""
        return self.belonging_to(user).filter(locked_at__isnull=False)

    def belonging_to(self, user: Any) -> Self:
        """Accounts that the user's settings show, the locked ones too. No way to their mail."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.filter(
            Q(scope=AccountScope.PERSONAL, owner=user.pk)
            | Q(scope=AccountScope.TEAM, members=user.pk)
        ).exclude(state=AccountState.REMOVING)


class MailAccount(models.Model):
    """A connected address, personal or of a team. Its mail belongs to its owner or members."""

    address = models.EmailField(_("e-mail address"))
    sender_name = models.CharField(_("sender name"), max_length=150, blank=True)
    kind = models.CharField(max_length=10, choices=AccountKind.choices, default=AccountKind.IMAP)
    scope = models.CharField(
        _("kind of account"),
        max_length=10,
        choices=AccountScope.choices,
        default=AccountScope.PERSONAL,
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="mail_accounts",
        help_text=_("Whose mail it is; of a team account, the administrator who made it."),
    )
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="AccountMember", related_name="team_accounts"
    )
    is_default = models.BooleanField(_("first in the From list"), default=False)

    state = models.CharField(max_length=12, choices=AccountState.choices, default=AccountState.OK)
    # A code of mailsync.errors; the page turns it into a sentence. Never the server's text.
    error_code = models.CharField(max_length=40, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    # Somebody else changed the address that the owner signs in with: nobody reads the mail as
    # his own until the account is connected again with its password.
    locked_at = models.DateTimeField(null=True, blank=True)
    throttled_until = models.DateTimeField(null=True, blank=True)
    last_synced_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    default_visibility = models.CharField(
        _("new conversations are"),
        max_length=8,
        choices=ThreadVisibility.choices,
        default=ThreadVisibility.SHARED,
    )
    item_linking = models.CharField(
        _("link to deals, leads and projects"),
        max_length=10,
        choices=ItemLinking.choices,
        blank=True,
        help_text=_("Empty: as the user's own preference says."),
    )
    sync_since = models.DateTimeField(_("mail since"), null=True, blank=True)
    chosen_folders_only = models.BooleanField(_("only chosen folders"), default=False)
    contacts_only = models.BooleanField(_("only mail with contacts"), default=False)
    leave_out_internal = models.BooleanField(_("leave out company-internal mail"), default=False)
    mirror_archive = models.BooleanField(_("archive in the mailbox too"), default=False)
    mirror_delete = models.BooleanField(_("delete in the mailbox too"), default=False)
    follow_deletions = models.BooleanField(
        _("delete linked mail that is deleted in the mailbox"), default=False
    )

    # Uses for which the user said that the mailbox has no folder.
    roles_without = models.JSONField(default=list, blank=True)

    keeps_drafts = models.BooleanField(
        _("keep drafts in the mailbox too"),
        default=True,
        help_text=_("What you write here is among the drafts of your mail program, and back."),
    )

    capabilities = models.JSONField(default=list, blank=True)
    quirks = models.JSONField(default=dict, blank=True)
    # The lease: one process at a time syncs an account. `fence` grows with each take-over, so
    # that a worker that lost the lease without noticing cannot write any more.
    lease_owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    next_poll_at = models.DateTimeField(null=True, blank=True, db_index=True)

    objects = MailAccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("mail account")
        verbose_name_plural = _("mail accounts")
        constraints = [
            # An address is personal or team, never both, and connected once.
            models.UniqueConstraint(
                fields=["address"],
                condition=~Q(state="removing"),
                name="address_connected_once",
            ),
        ]

    def __str__(self) -> str:
        return f"MailAccount {self.pk}"

    @property
    def key(self) -> str:
        return seal("account", self.pk)


class AccountMember(models.Model):
    """A user who works in a team account."""

    account = models.ForeignKey(MailAccount, on_delete=models.CASCADE, related_name="member_rows")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("account member")
        verbose_name_plural = _("account members")
        constraints = [
            models.UniqueConstraint(fields=["account", "user"], name="member_once_per_account"),
        ]

    def __str__(self) -> str:
        return f"AccountMember {self.pk}"


class ServerSettings(models.Model):
    """Where and how an account signs in. Changing host, port, security or user name clears the
    secret, so that nobody can send a stored password to a server of his own."""

    account = models.ForeignKey(MailAccount, on_delete=models.CASCADE, related_name="servers")
    direction = models.CharField(max_length=10, choices=Direction.choices)
    host = models.CharField(_("server"), max_length=253)
    port = models.PositiveIntegerField(_("port"))
    security = models.CharField(_("security"), max_length=10, choices=Security.choices)
    user_name = models.CharField(_("user name"), max_length=254)
    secret = SealedField(bound_to=("account_id", "direction", "host"))
    # SHA-256 of a certificate that the operator allows although no authority signed it.
    pinned_certificate = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("server settings")
        verbose_name_plural = _("server settings")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "direction"], name="one_server_per_direction"
            ),
        ]

    def __str__(self) -> str:
        return f"ServerSettings {self.pk}"
