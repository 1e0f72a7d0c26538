"""Operators see that accounts and queues are well: ids, states, times. Never mail, never an
address of a correspondent, never the owner's own address beside his figures."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from mailsync.enums import AccountState, ChangeState, SubmissionState
from mailsync.models import MailAccount, RemoteChange, Submission
from users.operators import Figure, OperatorModelAdmin, register_figure


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
class RemoteChangeAdmin(OperatorModelAdmin):
    """What waits to be done in mailboxes."""

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
class SubmissionAdmin(OperatorModelAdmin):
    """What waits to be sent."""

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
