"""What people do to conversations in the lists: here at once, in the mailbox by `mirror`.

Each act takes the conversations that the user may act on (his own and his teams'; to see one is
not to act on it), changes those that are not yet so, and keeps what takes the act back.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from inbox.enums import Act
from inbox.models import Label, ThreadLabel, UndoToken
from mailsync.domain import blocking, filing, mirror
from mailsync.domain.news import tell_threads_changed
from mailsync.domain.thread_figures import refresh_threads
from mailsync.domain.thread_joins import holding_hidden_mail
from mailsync.enums import AccountScope
from mailsync.models import AccountMember, MailAccount, Mailbox, Thread
from notifications.domain import bell
from sharing.enums import ThreadVisibility
from users.models import User

# How long an act can be taken back by its toast or by key. Deleting lasts longer: Trash.
UNDO_TIME = timedelta(minutes=5)
CHUNK = 500

ASSIGNED = "assigned"

# thread id -> what the opposite act needs to know
Memory = dict[int, Any]


class TriageError(Exception):
    """The act cannot be done as asked; the page says why."""


@dataclass(frozen=True)
class Done:
    """What became of an act."""

    act: Act
    thread_ids: list[int]
    undo: UndoToken | None
    # Whose mail is left out from now on.
    blocked: str = ""
    # Where it was moved to.
    folder: str = ""

    @property
    def number(self) -> int:
        return len(self.thread_ids)


@dataclass(frozen=True)
class Detail:
    """What an act needs beside the conversations."""

    by: Any
    until: datetime | None = None
    label: Label | None = None
    assignee: Any = None
    mailbox: Mailbox | None = None
    # Of moves that are taken back: where the conversations were placed, and since which change.
    filed: tuple[str, int] | None = None


def perform(
    act: Act,
    thread_ids: Iterable[int],
    *,
    by: Any,
    until: datetime | None = None,
    label: Label | None = None,
    assignee: Any = None,
    mailbox: Mailbox | None = None,
) -> Done:
    """Does the act to those of the conversations that are this user's to act on."""
    detail = Detail(by=by, until=until, label=label, assignee=assignee, mailbox=mailbox)
    memory: Memory = {}
    ids = list(dict.fromkeys(thread_ids))
    for start in range(0, len(ids), CHUNK):
        with transaction.atomic():
            memory |= apply(act, ids[start : start + CHUNK], detail)
    return Done(
        act=act,
        thread_ids=list(memory),
        undo=remember(act, memory, by=by),
        folder=mailbox.full_name if mailbox else "",
    )


def block_sender(thread: Thread, address: str, *, by: Any) -> Done:
    """Leaves out mail from this address from now on, and puts the conversation into Trash. Taken
    back as one. Raises blocking.BlockError."""
    with transaction.atomic():
        row, is_new = blocking.block(address, by=by)
        memory = apply(Act.TRASH, [thread.pk], Detail(by=by))
        token = None
        if memory or is_new:
            token = UndoToken.objects.create(
                user=by,
                act=Act.RESTORE,
                threads=memory,
                blocked=row if is_new else None,
                expires_at=timezone.now() + UNDO_TIME,
            )
    return Done(act=Act.TRASH, thread_ids=list(memory), undo=token, blocked=row.pattern)


def remember(act: Act, memory: Memory, *, by: Any) -> UndoToken | None:
    """Keeps what takes the act back; None when nothing was changed."""
    if not memory or act not in OPPOSITE:
        return None
    return UndoToken.objects.create(
        user=by, act=OPPOSITE[act], threads=memory, expires_at=timezone.now() + UNDO_TIME
    )


def undo(token: str, *, by: Any) -> Done | None:
    """Takes an act back, once. None when the token is unknown, used, too old or another's."""
    row = UndoToken.objects.usable_by(by).filter(token=token).select_related("blocked").first()
    if row is None:
        return None
    claimed = UndoToken.objects.filter(pk=row.pk, used_at=None).update(used_at=timezone.now())
    if not claimed:
        return None
    if row.blocked and row.blocked.user_id == by.pk:
        blocking.unblock(row.blocked)
    changed: Memory = {}
    for act, detail, remembered in _by_detail(row, by):
        ids = _still_shareable(remembered) if act == Act.SHARE else remembered
        for start in range(0, len(ids), CHUNK):
            with transaction.atomic():
                changed |= apply(act, ids[start : start + CHUNK], detail)
    pattern = row.blocked.pattern if row.blocked else ""
    return Done(act=Act(row.act), thread_ids=list(changed), undo=None, blocked=pattern)


def _still_shareable(thread_ids: list[int]) -> list[int]:
    """Without those into which hidden mail has come since: to take an act back is no wish to
    publish that. Together they were hidden, so none of them hides another's mail."""
    holding = holding_hidden_mail(thread_ids, but_of=thread_ids)
    return [pk for pk in thread_ids if pk not in holding]


def newest_undo(user: Any) -> UndoToken | None:
    """What the undo key takes back."""
    return UndoToken.objects.usable_by(user).order_by("-pk").first()


def forget_old_undo() -> int:
    """Removes tokens that nobody can use any more."""
    return UndoToken.objects.filter(expires_at__lt=timezone.now()).delete()[0]


def _by_detail(row: UndoToken, by: Any) -> list[tuple[Act, Detail, list[int]]]:
    """The remembered conversations, grouped by what is to be put back."""
    groups: dict[Any, list[int]] = {}
    for thread_id, remembered in row.threads.items():
        groups.setdefault(remembered, []).append(int(thread_id))
    found = []
    for remembered, ids in groups.items():
        act, until, label, assignee, filed = Act(row.act), None, None, None, None
        if act == Act.UNFOLDER:
            placement, _dot, after = remembered.partition(".")
            filed = (placement, int(after))
        if act in (Act.SNOOZE, Act.UNSNOOZE) and remembered:
            # Snoozed anew or woken: back to the moment that stood there, unless it has passed.
            until = datetime.fromisoformat(remembered)
            act = Act.SNOOZE if until > timezone.now() else Act.UNSNOOZE
        if act in (Act.LABEL, Act.UNLABEL):
            label = Label.objects.filter(pk=remembered).first()
            if label is None:
                continue
        if act in (Act.ASSIGN, Act.UNASSIGN):
            # Back to whoever had it, or to nobody.
            assignee = User.objects.active().filter(pk=remembered).first()
            act = Act.ASSIGN if assignee else Act.UNASSIGN
        detail = Detail(by=by, until=until, label=label, assignee=assignee, filed=filed)
        found.append((act, detail, ids))
    return found


def apply(act: Act, ids: list[int], detail: Detail) -> Memory:
    """The act on a handful of conversations, in the caller's transaction: what was changed, with
    what takes it back."""
    threads = list(
        Thread.objects.of_accounts_of(detail.by)
        .filter(pk__in=ids)
        .select_related("account")
        .distinct()
    )
    memory = HANDLERS[act](threads, detail) if threads else {}
    if memory:
        _tell([thread for thread in threads if thread.pk in memory])
    return memory


def _tell(threads: list[Thread]) -> None:
    """News of the change to the accounts' people."""
    by_account: dict[MailAccount, list[int]] = {}
    for thread in threads:
        by_account.setdefault(thread.account, []).append(thread.pk)
    for account, thread_ids in by_account.items():
        tell_threads_changed(account, thread_ids)


# --- Acts that live here alone ----------------------------------------------------------------


def _set(threads: list[Thread], column: str, value: Any) -> Memory:
    """Sets a column where it differs; remembers what stood there."""
    memory = {}
    for thread in threads:
        old = getattr(thread, column)
        if old != value:
            memory[thread.pk] = old.isoformat() if isinstance(old, datetime) else old
    Thread.objects.filter(pk__in=memory).update(**{column: value})
    return memory


def _snooze(threads: list[Thread], detail: Detail) -> Memory:
    if detail.until is None or detail.until <= timezone.now():
        raise TriageError("until")
    return _set(threads, "snoozed_until", detail.until)


def _unsnooze(threads: list[Thread], detail: Detail) -> Memory:
    return _set(threads, "snoozed_until", None)


def _mute(threads: list[Thread], detail: Detail) -> Memory:
    return _set([t for t in threads if t.muted_at is None], "muted_at", timezone.now())


def _unmute(threads: list[Thread], detail: Detail) -> Memory:
    """Mail that came meanwhile comes into the inbox with the conversation."""
    memory = _set(threads, "muted_at", None)
    refresh_threads(memory)
    return memory


def _share(threads: list[Thread], detail: Detail) -> Memory:
    return _set(threads, "visibility", ThreadVisibility.SHARED)


def _hide(threads: list[Thread], detail: Detail) -> Memory:
    """Private in a personal account, the team's own in a team account."""
    memory: Memory = {}
    for thread in threads:
        is_team = thread.account.scope == AccountScope.TEAM
        own = ThreadVisibility.TEAM if is_team else ThreadVisibility.PRIVATE
        memory |= _set([thread], "visibility", own)
    return memory


def _label(threads: list[Thread], detail: Detail) -> Memory:
    if detail.label is None:
        raise TriageError("label")
    ids = [thread.pk for thread in threads]
    has = set(
        ThreadLabel.objects.filter(label=detail.label, thread__in=ids).values_list(
            "thread", flat=True
        )
    )
    ThreadLabel.objects.bulk_create(
        [
            ThreadLabel(thread_id=pk, label=detail.label, put_by=detail.by)
            for pk in ids
            if pk not in has
        ],
        ignore_conflicts=True,
    )
    return {pk: detail.label.pk for pk in ids if pk not in has}


def _unlabel(threads: list[Thread], detail: Detail) -> Memory:
    if detail.label is None:
        raise TriageError("label")
    rows = ThreadLabel.objects.filter(label=detail.label, thread__in=threads)
    memory = dict.fromkeys(rows.values_list("thread", flat=True), detail.label.pk)
    rows.delete()
    return memory


def _assign(threads: list[Thread], detail: Detail) -> Memory:
    """To a member of the conversation's team account; others have no business with it."""
    assignee = detail.assignee
    if assignee is None:
        raise TriageError("assignee")
    own = set(
        AccountMember.objects.filter(
            user=assignee, account__in={thread.account_id for thread in threads}
        ).values_list("account", flat=True)
    )
    memory = _set([t for t in threads if t.account_id in own], "assigned_to_id", assignee.pk)
    if assignee.pk != detail.by.pk:
        for thread_id in memory:
            bell.notify([assignee], kind=ASSIGNED, subject_id=thread_id)
    return memory


def _unassign(threads: list[Thread], detail: Detail) -> Memory:
    return _set(threads, "assigned_to_id", None)


def assigned_lines(reader: Any, thread_ids: set[int]) -> Mapping[int, bell.Line]:
    """The words behind the bell, while the conversation is still the reader's."""
    threads = Thread.objects.of_accounts_of(reader).filter(pk__in=thread_ids, assigned_to=reader)
    return {
        thread.pk: bell.Line(
            text=_("Assigned to you: %(subject)s") % {"subject": thread.subject or _("No subject")},
            url=reverse("inbox:thread", args=[thread.key]),
            icon="user-plus",
        )
        for thread in threads
    }


# --- Acts that the mailbox follows --------------------------------------------------------------


def _to_folder(threads: list[Thread], detail: Detail) -> Memory:
    """Conversations of another account than the folder's stay where they are."""
    if detail.mailbox is None:
        raise TriageError("mailbox")
    moves = filing.move_threads(threads, detail.mailbox, by=detail.by)
    return {pk: f"{placement}.{moves.after}" for pk, placement in moves.placements.items()}


def _from_folder(threads: list[Thread], detail: Detail) -> Memory:
    if detail.filed is None:
        raise TriageError("filed")
    placement, after = detail.filed
    changed = filing.move_threads_back(threads, after=after, placement=placement, by=detail.by)
    return dict.fromkeys(changed)


def _mirrored(name: str) -> Callable[[list[Thread], Detail], Memory]:
    def act(threads: list[Thread], detail: Detail) -> Memory:
        return dict.fromkeys(mirror.perform(name, threads, by=detail.by).thread_ids)

    return act


HANDLERS: dict[Act, Callable[[list[Thread], Detail], Memory]] = {
    Act.ARCHIVE: _mirrored("archive"),
    Act.UNARCHIVE: _mirrored("unarchive"),
    Act.TRASH: _mirrored("trash"),
    Act.RESTORE: _mirrored("untrash"),
    Act.READ: _mirrored("mark_read"),
    Act.UNREAD: _mirrored("mark_unread"),
    Act.STAR: _mirrored("flag"),
    Act.UNSTAR: _mirrored("unflag"),
    Act.MUTE: _mute,
    Act.UNMUTE: _unmute,
    Act.SNOOZE: _snooze,
    Act.UNSNOOZE: _unsnooze,
    Act.LABEL: _label,
    Act.UNLABEL: _unlabel,
    Act.SHARE: _share,
    Act.HIDE: _hide,
    Act.ASSIGN: _assign,
    Act.UNASSIGN: _unassign,
    Act.FOLDER: _to_folder,
    Act.UNFOLDER: _from_folder,
}
OPPOSITE = {
    Act.ARCHIVE: Act.UNARCHIVE,
    Act.TRASH: Act.RESTORE,
    Act.READ: Act.UNREAD,
    Act.STAR: Act.UNSTAR,
    Act.MUTE: Act.UNMUTE,
    Act.SNOOZE: Act.UNSNOOZE,
    Act.LABEL: Act.UNLABEL,
    Act.SHARE: Act.HIDE,
    Act.ASSIGN: Act.UNASSIGN,
}
OPPOSITE |= {opposite: act for act, opposite in OPPOSITE.items()}
OPPOSITE[Act.FOLDER] = Act.UNFOLDER  # there and back, and no further
