from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.addresses import MAX_LENGTH, domain_of
from common.opaque import seal
from common.vault import SealedField
from mailsync.enums import AccountScope, Direction, SetupState


class AccountSetup(models.Model):
    """An account on its way to being connected: what was typed, and what the trial said.

    It lives on the server so that nothing is typed twice and no password travels back to the
    browser. Removed when the account is connected, or after a day.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    # Set when an existing account signs in anew; the account keeps everything it has.
    account = models.ForeignKey(
        "mailsync.MailAccount", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    address = models.CharField(max_length=MAX_LENGTH)
    scope = models.CharField(
        max_length=10, choices=AccountScope.choices, default=AccountScope.PERSONAL
    )
    state = models.CharField(max_length=10, choices=SetupState.choices, default=SetupState.TYPING)
    tries = models.PositiveSmallIntegerField(default=0)
    # direction -> {"host", "port", "security", "user_name"}
    servers = models.JSONField(default=dict)
    # {"source", "preset", "needs_confirmation"} of mailsync.providers.discovery; empty for a guess
    found = models.JSONField(default=dict)
    secret = SealedField(bound_to=("user_id", "address"))
    outgoing_secret = SealedField(bound_to=("user_id", "address"))
    # direction -> error code of mailsync.errors, or "" for success
    results = models.JSONField(default=dict)
    # direction -> [[step, error code], …] of mailsync.providers.probe, as far as it got
    steps = models.JSONField(default=dict)
    # What the servers said themselves, {direction: text}; wiped when it is shown.
    server_texts = SealedField(bound_to=("user_id", "address"))
    # [{"path", "role", "number", "is_selectable"}, …] as the server listed them
    folders = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("account being set up")
        verbose_name_plural = _("accounts being set up")

    def __str__(self) -> str:
        return f"AccountSetup {self.pk}"

    @property
    def key(self) -> str:
        return seal("setup", self.pk)

    @property
    def domain(self) -> str:
        return domain_of(self.address)

    def server(self, direction: Direction) -> dict[str, Any]:
        return dict(self.servers.get(direction, {}))

    @property
    def is_good(self) -> bool:
        """Both servers took the credentials."""
        return self.state == SetupState.TESTED and not any(self.results.values())
