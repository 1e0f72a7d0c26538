"""What becomes of the mail accounts of somebody who leaves, comes back, or gets another address to
sign in with.

Team accounts are the company's: only his place in them is touched.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from mailsync.domain.accounts import OUT_OF_USE, start_again
from mailsync.domain.news import note, tell_account_changed
from mailsync.domain.removal import delete_emails
from mailsync.enums import AccountScope, AccountState
from mailsync.models import (
    AccountMember,
    AccountSetup,
    Email,
    MailAccount,
    Thread,
    ThreadLink,
)
from sharing.enums import ThreadVisibility
from users.models import User

KEPT_AFTER_LEAVING = timedelta(days=30)
# Why an account is disabled, where its owner's leaving is the reason.
OWNER_LEFT = "owner_left"
LOCKED = {
    "state": AccountState.AUTH_FAILED,
    "error_code": "account_locked",
    "next_poll_at": None,
}


@transaction.atomic
def disable_accounts_of(user: User) -> None:
    """A user left: his personal accounts stop at once, his place in teams is free. What he had
    paused himself stays paused: it is not synced either, and comes back as he left it."""
    rows = MailAccount.objects.filter(owner=user, scope=AccountScope.PERSONAL).exclude(
        state__in=(*OUT_OF_USE, AccountState.PAUSED)
    )
    for account in rows:
        note(account, "owner_left")
    rows.update(
        state=AccountState.DISABLED,
        error_code=OWNER_LEFT,
        next_poll_at=None,
        lease_until=None,
        fence=F("fence") + 1,
    )
    AccountMember.objects.filter(user=user).delete()


@transaction.atomic
def enable_accounts_of(user: User) -> None:
    """A user may sign in again: what stopped when he left syncs again. Accounts that he had
    removed, and locked ones, stay as they are."""
    rows = MailAccount.objects.filter(
        owner=user,
        scope=AccountScope.PERSONAL,
        state=AccountState.DISABLED,
        error_code=OWNER_LEFT,
    )
    for account in rows:
        if account.locked_at is None:
            start_again(account, code="owner_back")
        else:
            MailAccount.objects.filter(pk=account.pk).update(**LOCKED)


@transaction.atomic
def lock_accounts_of(user: User) -> None:
    """Somebody else changed the address this user signs in with: whoever signs in now has to
    know the mailboxes' passwords before personal mail opens and syncs again. Mail kept from
    removed accounts is locked as well; it opens when its address is connected anew.

    Of a team's mailbox he need not know the password, so his place there ends: an administrator
    who works in it himself gives it back. Else any administrator would read a team's mail through
    one of its people.
    """
    rows = MailAccount.objects.filter(owner=user, scope=AccountScope.PERSONAL).exclude(
        state=AccountState.REMOVING
    )
    for account in rows:
        account.servers.update(secret="")
        note(account, "login_address_changed")
    for account in MailAccount.objects.filter(scope=AccountScope.TEAM, members=user):
        note(account, "member_address_changed")
    AccountMember.objects.filter(user=user).delete()
    # A set-up that was begun holds a password that was tried.
    AccountSetup.objects.filter(user=user).delete()
    rows.update(locked_at=timezone.now(), lease_until=None, fence=F("fence") + 1)
    rows.exclude(state=AccountState.DISABLED).update(**LOCKED)
    for account in rows:
        tell_account_changed(account)


def erase_mail_of_leavers() -> int:
    """What `erase_unshared_mail_of` says, for everybody whose thirty days are over."""
    left = User.objects.filter(
        is_active=False, deactivated_at__lt=timezone.now() - KEPT_AFTER_LEAVING
    )
    return sum(erase_unshared_mail_of(user) for user in left)


@transaction.atomic
def erase_unshared_mail_of(user: User) -> int:
    """Thirty days after a user left: his private and his unlinked mail goes, and his mailboxes'
    passwords. Returns how many threads; what is linked and shared stays for the company."""
    erased = 0
    for account in MailAccount.objects.filter(owner=user, scope=AccountScope.PERSONAL):
        kept = Thread.objects.filter(
            account=account,
            visibility=ThreadVisibility.SHARED,
            pk__in=ThreadLink.objects.standing().values("thread"),
        )
        gone = Thread.objects.filter(account=account).exclude(pk__in=kept.values("pk"))
        erased += gone.count()
        emails = Email.objects.filter(thread__in=gone.values("pk"))
        delete_emails(account, emails.values_list("id", flat=True))
        gone.filter(emails=None).delete()
        # Nobody is left who could have this mailbox synced.
        account.servers.update(secret="")
    AccountSetup.objects.filter(user=user).delete()
    return erased
