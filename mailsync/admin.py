"""Operators see that accounts and queues are well: ids, states, times. Never mail, never an
address of a correspondent, never the owner's own address beside his figures."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from mailsync.enums import AccountState, ChangeState, SubmissionState
from mailsync.models import MailAccount, RemoteChange, Submission
from users.operators import Figure, OperatorModelAdmin, register_figure


class QueueAdmin(OperatorModelAdmin):
    """What waits, and what could not be done. What is through is no queue any more: its rows
    would count how much an account's people write and file, and when."""

    through: tuple[str, ...]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).exclude(state__in=self.through)


@admin.register(MailAccount)
class MailAccountAdmin(OperatorModelAdmin):
    list_display = ("id", "kind", "scope", "state", "error_code", "failures", "last_synced_at")
    list_filter = ("state", "scope", "kind")
    fields = (
        "id",
        "kind",
        "scope",
        "state",
        "error_code",
        "failures",
        "throttled_until",
        "last_synced_at",
        "next_poll_at",
        "lease_owner",
        "lease_until",
        "capabilities",
        "created_at",
    )
    ordering = ("id",)


@admin.register(RemoteChange)
class RemoteChangeAdmin(QueueAdmin):
    """What waits to be done in mailboxes."""

    through = (ChangeState.DONE, ChangeState.DROPPED)
    list_display = (
        "id",
        "account_id",
        "operation",
        "state",
        "attempts",
        "error_code",
        "created_at",
    )
    list_filter = ("state", "operation")
    fields = (
        "id",
        "account_id",
        "operation",
        "state",
        "attempts",
        "next_try_at",
        "error_code",
        "created_at",
        "done_at",
    )
    ordering = ("-id",)


@admin.register(Submission)
class SubmissionAdmin(QueueAdmin):
    """What waits to be sent."""

    through = (SubmissionState.SENT, SubmissionState.CANCELLED)
    list_display = ("id", "account_id", "state", "attempts", "error_code", "send_at")
    list_filter = ("state",)
    fields = (
        "id",
        "account_id",
        "state",
        "attempts",
        "error_code",
        "send_at",
        "lease_until",
        "handed_over_at",
        "sent_at",
    )
    ordering = ("-id",)


ACCOUNTS = "/operator/mailsync/mailaccount/"
CHANGES = "/operator/mailsync/remotechange/"
SUBMISSIONS = "/operator/mailsync/submission/"

for figure in (
    Figure(_("Mail accounts"), ACCOUNTS, MailAccount.objects.count),
    Figure(
        _("Accounts that need to sign in again"),
        f"{ACCOUNTS}?state__exact={AccountState.AUTH_FAILED.value}",
        MailAccount.objects.filter(state=AccountState.AUTH_FAILED).count,
        is_worry=True,
    ),
    Figure(
        _("Accounts whose server is not reached"),
        f"{ACCOUNTS}?state__exact={AccountState.UNREACHABLE.value}",
        MailAccount.objects.filter(state=AccountState.UNREACHABLE).count,
        is_worry=True,
    ),
    Figure(
        _("Mails waiting to be sent"),
        f"{SUBMISSIONS}?state__exact={SubmissionState.QUEUED.value}",
        Submission.objects.filter(state=SubmissionState.QUEUED).count,
    ),
    Figure(
        _("Mails perhaps sent"),
        f"{SUBMISSIONS}?state__exact={SubmissionState.UNKNOWN.value}",
        Submission.objects.filter(state=SubmissionState.UNKNOWN).count,
        is_worry=True,
    ),
    Figure(
        _("Changes waiting for mailboxes"),
        f"{CHANGES}?state__exact={ChangeState.PENDING.value}",
        RemoteChange.objects.filter(state=ChangeState.PENDING).count,
    ),
):
    register_figure(figure)
