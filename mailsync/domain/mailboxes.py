"""The account's list of mailboxes: which there are, what for, which are synced.

Gmail shows a message in All Mail and again in the mailbox of each label. There only All Mail,
Spam and Trash are walked, and a message's labels say where it lies.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from mailsync.domain.leases import Lease
from mailsync.domain.news import note
from mailsync.enums import MailboxRole, MailboxState, Place
from mailsync.models import MailAccount, Mailbox, MailboxEntry
from mailsync.providers.base import MailStore, RemoteMailbox

GMAIL = "X-GM-EXT-1"
GMAIL_VIEWS = ("[Gmail]/", "[Google Mail]/")
MOVED_TO = (MailboxRole.INBOX, MailboxRole.ARCHIVE, MailboxRole.NONE, MailboxRole.JUNK)
GMAIL_WALKED = (MailboxRole.ALL, MailboxRole.JUNK, MailboxRole.TRASH)
# Missing twice an hour apart is gone; a list may come back short once.
GONE_AFTER = timedelta(hours=1)

PLACE_OF_ROLE = {
    MailboxRole.INBOX: Place.INBOX,
    MailboxRole.ARCHIVE: Place.ARCHIVE,
    MailboxRole.DRAFTS: Place.DRAFTS,
    MailboxRole.SENT: Place.SENT,
    MailboxRole.JUNK: Place.JUNK,
    MailboxRole.TRASH: Place.TRASH,
    MailboxRole.ALL: Place.ARCHIVE,
    MailboxRole.NONE: Place.OTHER,
}
PLACE_OF_LABEL = {
    "\\inbox": Place.INBOX,
    "\\sent": Place.SENT,
    "\\draft": Place.DRAFTS,
    "\\drafts": Place.DRAFTS,
}
LABEL_OF_ROLE = {
    MailboxRole.INBOX: "\\Inbox",
    MailboxRole.SENT: "\\Sent",
    MailboxRole.DRAFTS: "\\Draft",
}
ORDER = (
    MailboxRole.INBOX,
    MailboxRole.SENT,
    MailboxRole.ALL,
    MailboxRole.DRAFTS,
    MailboxRole.ARCHIVE,
    MailboxRole.NONE,
    MailboxRole.TRASH,
    MailboxRole.JUNK,
)


def is_gmail(account: MailAccount) -> bool:
    return GMAIL in account.capabilities


def places_of(mailbox: Mailbox, labels: Sequence[str]) -> int:
    """Where a copy in this mailbox lies, as bits of Place."""
    if mailbox.role != MailboxRole.ALL:
        return PLACE_OF_ROLE[MailboxRole(mailbox.role)]
    places = 0
    for label in labels:
        places |= PLACE_OF_LABEL.get(label.lower(), 0)
    return places or Place.ARCHIVE


def label_of(mailbox: Mailbox) -> str:
    """What a message in this mailbox has for a label on Gmail; nothing in All Mail."""
    if mailbox.role in (MailboxRole.ALL, MailboxRole.ARCHIVE):
        return ""
    return LABEL_OF_ROLE.get(MailboxRole(mailbox.role), mailbox.path)


def moves_by_label(account: MailAccount, target: Mailbox) -> bool:
    """Whether a message gets there by its labels alone: on Gmail everywhere but to Spam and
    Trash, which are no labels."""
    return is_gmail(account) and target.role not in (MailboxRole.JUNK, MailboxRole.TRASH)


def places_after(places: int, target: Mailbox, *, by_label: bool) -> int:
    """Where a copy lies after it has been moved there."""
    if not by_label:
        return PLACE_OF_ROLE[MailboxRole(target.role)]
    kept = places & (Place.SENT | Place.DRAFTS)
    return kept | Place.INBOX if target.role == MailboxRole.INBOX else kept or Place.ARCHIVE


def walked_rows(account: MailAccount) -> QuerySet[Mailbox]:
    """The mailboxes that the sync looks into."""
    rows = account.mailboxes.filter(is_selectable=True).exclude(state=MailboxState.GONE)
    if is_gmail(account):
        # What is chosen there are labels, and All Mail has the messages of all of them.
        return rows.filter(Q(role=MailboxRole.ALL) | Q(role__in=GMAIL_WALKED, is_chosen=True))
    # Elsewhere "all" is a view of the other mailboxes.
    return rows.filter(is_chosen=True).exclude(role=MailboxRole.ALL)


def walked(account: MailAccount) -> list[Mailbox]:
    """The mailboxes that are synced, the ones people look at first in front."""
    rows = walked_rows(account)
    return sorted(rows, key=lambda row: (ORDER.index(MailboxRole(row.role)), row.path))


def with_role(account: MailAccount, role: MailboxRole) -> Mailbox | None:
    """The account's mailbox for this use."""
    return (
        account.mailboxes.filter(role=role, is_selectable=True)
        .exclude(state=MailboxState.GONE)
        .order_by("-role_is_chosen", "id")
        .first()
    )


def folders_to_move_to(account: MailAccount) -> list[Mailbox]:
    """Where a person may put a conversation. Sent and Drafts are of what one writes, Trash is
    another act, and what Gmail keeps in its own folder are views."""
    rows = account.mailboxes.filter(is_selectable=True, role__in=MOVED_TO)
    found = [
        row
        for row in rows.exclude(state=MailboxState.GONE)
        if row.role or not row.path.startswith(GMAIL_VIEWS)
    ]
    return sorted(found, key=lambda row: (ORDER.index(MailboxRole(row.role)), row.path))


def refresh_mailboxes(account: MailAccount, store: MailStore, *, lease: Lease) -> None:
    """Makes our list that of the server: new ones, renamed ones, missing ones."""
    remote = store.mailboxes()
    with transaction.atomic():
        lease.renew()
        capabilities = sorted(store.capabilities)
        if account.capabilities != capabilities:
            account.capabilities = capabilities
            account.save(update_fields=["capabilities"])
        known = {row.path: row for row in account.mailboxes.all()}
        _follow_renames(known, remote)
        for one in remote:
            row = known.pop(one.path, None)
            if row is None:
                account.mailboxes.create(
                    path=one.path,
                    delimiter=one.delimiter,
                    role=one.role,
                    placed_as=one.role,
                    is_selectable=one.is_selectable,
                    is_chosen=not account.chosen_folders_only,
                    object_id=one.object_id,
                )
            else:
                _update(row, one)
        _note_missing(account, known.values())


def count_left_out(account: MailAccount, store: MailStore, *, lease: Lease) -> None:
    """How much there is in folders that were never synced, so that figures add up. Of one that
    was, the count is what its next round compares with. On Gmail labels hold nothing by themselves."""
    if is_gmail(account):
        return
    rows = list(
        account.mailboxes.filter(is_chosen=False, is_selectable=True, state=MailboxState.NEW)
    )
    if not rows:
        return
    figures = store.status([row.path for row in rows])
    with transaction.atomic():
        lease.renew()
        for row in rows:
            if row.path in figures and figures[row.path].exists != row.exists_seen:
                row.exists_seen = figures[row.path].exists
                row.save(update_fields=["exists_seen"])


def _follow_renames(known: dict[str, Mailbox], remote: Iterable[RemoteMailbox]) -> None:
    """A mailbox with a known MAILBOXID (RFC 8474) under a new name keeps its row."""
    listed = {one.path for one in remote}
    by_id = {row.object_id: row for row in known.values() if row.object_id}
    for one in remote:
        row = by_id.get(one.object_id) if one.object_id else None
        if row and row.path != one.path and one.path not in known and row.path not in listed:
            del known[row.path]
            row.path = one.path
            row.save(update_fields=["path"])
            known[one.path] = row


def _update(row: Mailbox, one: RemoteMailbox) -> None:
    changes = {
        "delimiter": one.delimiter,
        "is_selectable": one.is_selectable,
        "object_id": one.object_id or row.object_id,
        "missing_since": None,
    }
    if not row.role_is_chosen:
        changes["role"] = one.role
    if row.state == MailboxState.GONE:
        changes["state"] = MailboxState.NEW
    if all(getattr(row, name) == value for name, value in changes.items()):
        return
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=list(changes))


def _note_missing(account: MailAccount, missing: Iterable[Mailbox]) -> None:
    now = timezone.now()
    for row in missing:
        if row.state == MailboxState.GONE:
            continue
        if row.missing_since is None:
            row.missing_since = now
            row.save(update_fields=["missing_since"])
        elif now - row.missing_since >= GONE_AFTER:
            row.state = MailboxState.GONE
            row.save(update_fields=["state"])
            row.entries.filter(gone_at=None).update(gone_at=now)
            note(account, "mailbox_gone", mailbox=row.pk)


def entries_count(mailbox: Mailbox) -> int:
    """Live copies we know of in this mailbox."""
    return MailboxEntry.objects.filter(
        mailbox=mailbox, uidvalidity=mailbox.uidvalidity or 0, gone_at=None
    ).count()
