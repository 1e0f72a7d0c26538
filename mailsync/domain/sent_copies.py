"""The provider's Sent mailbox: did a perhaps-sent mail arrive there, and is the one copy there?

Whatever the provider does there is exactly one copy: where it saves its own we store none; else
we look for the Message-ID, two minutes later for the first time, and store ours only where it is
missing. A failed look or store is repeated; it never sends anything.
"""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from mailsync.domain import blobs
from mailsync.domain.connections import open_store
from mailsync.enums import MailboxRole, SentCopy, SubmissionState
from mailsync.models import MailAccount, Submission
from mailsync.providers.base import Keyword, MailStore, ProviderError, Reaction

LOOK_AFTER = tuple(timedelta(minutes=minutes) for minutes in (2, 10, 60, 240, 1440))
# A worker that dies while it looks is followed by another after this.
LOOKING = timedelta(minutes=5)

# A long list of addresses goes over several lines (RFC 5322 2.2.3).
FOLDED_COMMA = ",\r\n "

S = SubmissionState


def due_looks() -> list[int]:
    """Ids of mail to look for in the Sent mailbox: perhaps-sent ones, and missing copies."""
    rows = Submission.objects.filter(state__in=(S.UNKNOWN, S.SENT), look_at__lte=timezone.now())
    return list(rows.order_by("look_at").values_list("pk", flat=True)[:500])


def look(submission_id: int, *, store: MailStore | None = None) -> None:
    """Looks for a mail in the provider's Sent mailbox: a perhaps-sent one that is there was sent;
    a sent one that is not there is stored there once; one that the provider added to ours later
    takes the place of ours."""
    submission = _claim_look(submission_id)
    if submission is None:
        return
    path = _sent_path(submission)
    opened = store
    try:
        uids: list[int] = []
        if path:
            opened = opened or open_store(submission.account)
            opened.open(path, writable=submission.state == S.SENT)
            uids = opened.find(submission.message_id)
        if submission.copy_uid is not None and opened:
            _settle_double(submission, uids, opened)
        elif uids:
            _note_found(submission)
        elif submission.state == S.SENT and path and opened:
            moved = opened.append(path, _with_bcc(submission), keywords=Keyword.SEEN)
            _note_stored(submission, moved.new_uid)
        else:
            _look_later(submission)
    except ProviderError:
        _look_later(submission)
    finally:
        if opened and not store:
            opened.close()


def is_there(submission: Submission, *, store: MailStore | None = None) -> bool:
    """Whether the Sent mailbox has this mail now. Raises ProviderError when nobody can say."""
    path = _sent_path(submission)
    if not path:
        return False
    opened = store or open_store(submission.account)
    try:
        opened.open(path)
        return bool(opened.find(submission.message_id))
    finally:
        if not store:
            opened.close()


def first_look(submission: Submission) -> timedelta:
    """How long after sending: a provider that has put its copy there before gets more time."""
    return LOOK_AFTER[1 if provider_keeps_copies(submission.account) else 0]


def provider_keeps_copies(account: MailAccount) -> bool:
    """Whether what this account sent last was put into Sent by its provider. Servers that nobody
    knows are learnt from."""
    last = (
        Submission.objects.filter(
            account=account, sent_copy__in=(SentCopy.STORED, SentCopy.FOUND), look_at=None
        )
        .order_by("-pk")
        .values_list("sent_copy", flat=True)
        .first()
    )
    return last == SentCopy.FOUND


def _claim_look(submission_id: int) -> Submission | None:
    """Of two workers one looks: both would store a copy."""
    submission = Submission.objects.select_related("account", "blob").get(pk=submission_id)
    now = timezone.now()
    if submission.look_at is None or submission.look_at > now:
        return None
    until = now + LOOKING
    count = Submission.objects.filter(pk=submission_id, look_at=submission.look_at).update(
        look_at=until
    )
    return submission if count else None


def _sent_path(submission: Submission) -> str | None:
    return (
        submission.account.mailboxes.filter(role=MailboxRole.SENT, is_selectable=True)
        .values_list("path", flat=True)
        .first()
    )


def _note_found(submission: Submission) -> None:
    row = Submission.objects.filter(pk=submission.pk)
    row.filter(state=S.UNKNOWN).update(
        state=S.SENT,
        sent_at=submission.handed_over_at,
        error_code="",
        version=F("version") + 1,
    )
    row.filter(state=S.SENT).update(sent_copy=SentCopy.FOUND, look_at=None)


def _note_stored(submission: Submission, uid: int | None) -> None:
    """Ours is there now. A provider that nobody knows may still add its own a little later."""
    is_known = (
        Submission.objects.filter(
            account=submission.account_id, sent_copy=SentCopy.STORED, look_at=None
        )
        .exclude(pk=submission.pk)
        .exists()
    )
    is_checked = uid and not is_known
    Submission.objects.filter(pk=submission.pk).update(
        sent_copy=SentCopy.STORED,
        copy_uid=uid,
        looks=0,
        look_at=timezone.now() + LOOK_AFTER[1] if is_checked else None,
    )


def _settle_double(submission: Submission, uids: list[int], store: MailStore) -> None:
    """The provider's own copy came after ours: ours goes, into Trash, where nothing is lost."""
    row = Submission.objects.filter(pk=submission.pk)
    if len(uids) < 2 or submission.copy_uid not in uids:
        is_over = submission.looks > 0
        again = None if is_over else timezone.now() + LOOK_AFTER[2]
        row.update(looks=submission.looks + 1, look_at=again)
        return
    trash = (
        submission.account.mailboxes.filter(role=MailboxRole.TRASH, is_selectable=True)
        .values_list("path", flat=True)
        .first()
    )
    if trash:
        store.move([submission.copy_uid], trash)
    row.update(sent_copy=SentCopy.FOUND, copy_uid=None, look_at=None)


def _look_later(submission: Submission) -> None:
    looks = submission.looks + 1
    again = looks < len(LOOK_AFTER)
    row = Submission.objects.filter(pk=submission.pk)
    row.update(looks=looks, look_at=timezone.now() + LOOK_AFTER[looks] if again else None)
    if not again:
        row.filter(state=S.SENT, sent_copy=SentCopy.WAITING).update(sent_copy=SentCopy.FAILED)


def bytes_of(submission: Submission) -> bytes:
    if submission.blob is None:
        raise ProviderError("message_not_had", Reaction.REFUSED)
    return blobs.read(submission.blob)


def _with_bcc(submission: Submission) -> bytes:
    """The sent bytes with the field that no recipient got (RFC 5322 3.6.3, second way)."""
    raw = bytes_of(submission)
    if not submission.bcc:
        return raw
    return f"Bcc: {FOLDED_COMMA.join(submission.bcc)}\r\n".encode() + raw
