"""What an account's folders are for: the server says it, else their names, else the user.

The user's word stands above both. A changed role changes where the mail of that folder counts as
lying; that is written by the account's next slice, bit by bit (`place_again`), because a folder
may hold years of mail.
"""

from collections.abc import Iterable, Mapping

from django.db import transaction

from mailsync.domain.fetching import Work
from mailsync.domain.mailboxes import PLACE_OF_ROLE, is_gmail
from mailsync.domain.news import tell_threads_changed
from mailsync.domain.thread_figures import refresh_threads
from mailsync.enums import ChangeOperation, ChangeState, MailboxRole, MailboxState, Place
from mailsync.models import (
    Email,
    MailAccount,
    Mailbox,
    MailboxEntry,
    RemoteChange,
    Submission,
)

# In the order in which they are asked for.
ASKED = (
    MailboxRole.SENT,
    MailboxRole.ARCHIVE,
    MailboxRole.TRASH,
    MailboxRole.DRAFTS,
    MailboxRole.JUNK,
)
BATCH = 400


def open_questions(accounts: Iterable[MailAccount]) -> dict[int, list[MailboxRole]]:
    """Uses that nobody has named a folder for and that something depends on, by account. What
    was sent elsewhere is told by its folder; archive and trash matter where acts follow."""
    rows = {account.pk: account for account in accounts if not is_gmail(account)}
    known: dict[int, set[str]] = {}
    for number, role in (
        Mailbox.objects.filter(account__in=rows)
        .exclude(state=MailboxState.GONE)
        .values_list("account", "role")
    ):
        known.setdefault(number, set()).add(role)
    found = {}
    # Without a list there is nothing to choose from yet.
    for number, roles in known.items():
        account = rows[number]
        answered = roles | set(account.roles_without)
        if open_ones := [role for role in _needed(account) if role not in answered]:
            found[number] = open_ones
    return found


def _needed(account: MailAccount) -> Iterable[MailboxRole]:
    yield MailboxRole.SENT
    if account.mirror_archive:
        yield MailboxRole.ARCHIVE
    if account.mirror_delete:
        yield MailboxRole.TRASH


def candidates(account: MailAccount) -> list[Mailbox]:
    """The folders that may be given a use. INBOX has its own."""
    rows = account.mailboxes.filter(is_selectable=True).exclude(state=MailboxState.GONE)
    return list(rows.exclude(role__in=(MailboxRole.INBOX, MailboxRole.ALL)).order_by("path"))


@transaction.atomic
def choose_roles(account: MailAccount, choice: Mapping[MailboxRole, Mailbox | None]) -> None:
    """The user says what folders are for; None says that there is no folder for it."""
    from mailsync.domain.schedule import wake  # leaf: schedule imports the engine

    for role, mailbox in choice.items():
        others = account.mailboxes.filter(role=role)
        if mailbox is not None:
            others = others.exclude(pk=mailbox.pk)
        # Chosen too: the server's word would give the use back to them.
        others.update(role=MailboxRole.NONE, role_is_chosen=True)
    for role, mailbox in choice.items():
        if mailbox is not None:
            account.mailboxes.filter(pk=mailbox.pk).update(role=role, role_is_chosen=True)
    without = {role for role, mailbox in choice.items() if mailbox is None}
    kept = {role for role in account.roles_without if role not in choice}
    account.roles_without = sorted(map(str, without | kept))
    account.save(update_fields=["roles_without"])
    wake(account.pk)


def place_again(work: Work, mailbox: Mailbox) -> None:
    """Makes this mailbox's mail lie where its role says, so many in a transaction: cut off, it
    goes on where it was."""
    role = MailboxRole(mailbox.role)
    if role != MailboxRole.ALL:
        place = PLACE_OF_ROLE[role]
        # A wish that is not carried out yet hides where the server has a copy.
        moving = RemoteChange.objects.filter(
            account=work.account,
            operation__in=(ChangeOperation.MOVE, ChangeOperation.DELETE),
            state__in=(ChangeState.PENDING, ChangeState.RUNNING),
            entry__isnull=False,
        )
        wrong = (
            MailboxEntry.objects.filter(mailbox=mailbox)
            .exclude(places=place)
            .exclude(pk__in=moving.values("entry"))
        )
        while entries := list(wrong.values_list("id", "email_id")[:BATCH]):
            with transaction.atomic():
                work.lease.renew()
                MailboxEntry.objects.filter(pk__in=[pk for pk, _ in entries]).update(places=place)
                _follow(work.account, {email for _, email in entries if email}, place=place)
    with transaction.atomic():
        work.lease.renew()
        mailbox.placed_as = role
        mailbox.save(update_fields=["placed_as"])


def _follow(account: MailAccount, email_ids: set[int], *, place: int) -> None:
    """Whose mail it is follows from the folder as it does when mail comes in."""
    emails = Email.objects.filter(pk__in=email_ids)
    if place == Place.SENT:
        emails.filter(is_outgoing=False).update(is_outgoing=True)
    else:
        sent = MailboxEntry.objects.filter(
            email__in=email_ids, gone_at=None, mailbox__role=MailboxRole.SENT
        )
        ours = Submission.objects.filter(email__in=email_ids)
        (
            emails.filter(is_outgoing=True)
            .exclude(from_address=account.address)
            .exclude(pk__in=sent.values("email"))
            .exclude(pk__in=ours.values("email"))
            .update(is_outgoing=False)
        )
    threads = set(emails.values_list("thread_id", flat=True))
    refresh_threads(threads)
    tell_threads_changed(account, threads)
