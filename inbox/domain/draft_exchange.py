"""Drafts in the Drafts mailbox of their account as well, and what other programs do to them there.

A copy is `due` when it does not say what the draft says. What is to be done follows from the two
rows at that moment, so an act may be repeated, and a lost bell costs time and nothing else:

    the draft stands in this account, and is newer than the copy   store it, then remove the older
    it was sent, thrown away, or given another account             remove the copy

Before each round the mailbox is looked at. A message there is ours when it carries the mark that
was committed before it was stored; so one that was cut off is found again and not stored twice.
Under the Message-ID of a copy and without its mark it is what somebody wrote into the draft
elsewhere: the draft takes it as a new version, or, when it was changed here too, both stand side
by side. Without either it is a draft begun elsewhere. A copy that is missing in two looks was
thrown away or sent there.

Servers without UIDPLUS (RFC 4315) are left alone: there an older copy cannot be removed without
removing what others marked deleted.
"""

import hashlib
import logging
import secrets
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from inbox.domain import draft_files, draft_mail, drafts
from inbox.domain.draft_copies import PAUSE, new_message_id, ring, stands
from inbox.enums import DraftKind
from inbox.models import Draft, DraftCopy
from mailsync.domain.fetching import Work
from mailsync.domain.leases import LeaseLostError
from mailsync.domain.mailboxes import with_role
from mailsync.domain.news import tell_outbox_changed
from mailsync.domain.schedule import visit
from mailsync.domain.subjects import key_of
from mailsync.enums import MailboxRole
from mailsync.models import Email, MailAccount
from mailsync.providers.base import Keyword, ProviderError, Reaction

logger = logging.getLogger(__name__)

MISSING_FOR = timedelta(minutes=2)
TRY_AGAIN = timedelta(minutes=10)
# Of a Drafts mailbox with more, only the newest are looked at.
MOST = 200
FOR_GOOD = (Reaction.REFUSED, Reaction.MESSAGE)


def exchange_now(account_id: int) -> None:
    """A round by itself. When another process has the account, the sweep rings again."""
    visit(account_id, exchange)


def exchange_in_slice(work: Work) -> None:
    """A round within the account's sync. A draft that we cannot take must not hold up its mail;
    what the server says goes on to the slice."""
    try:
        exchange(work)
    except (ProviderError, LeaseLostError, OperationalError):
        raise
    except Exception:
        logger.exception("account %s: drafts were not exchanged", work.account.pk)


def exchange(work: Work) -> None:
    """Looks at the Drafts mailbox, then brings the copies that are due up to date."""
    mailbox = with_role(work.account, MailboxRole.DRAFTS)
    if not work.account.keeps_drafts or mailbox is None:
        return
    if "UIDPLUS" not in work.store.capabilities:
        return
    status = work.store.open(mailbox.path, writable=True)
    _look(work, status.uidvalidity or 0)
    due = DraftCopy.objects.filter(account=work.account, due_at__lte=timezone.now())
    for copy in due.select_related("draft__account", "draft__author").order_by("pk"):
        try:
            _bring_up_to_date(work, copy, mailbox.path, status.uidvalidity or 0)
        except ProviderError as error:
            if error.reaction not in FOR_GOOD:
                raise
            _put_off(work, copy, error.code)


def _look(work: Work, uidvalidity: int) -> None:
    """Takes over what happened there since."""
    copies = list(
        DraftCopy.objects.filter(account=work.account).select_related("draft").order_by("pk")
    )
    everything = work.store.uids()
    there = everything[-MOST:]
    for copy in copies:
        if copy.uidvalidity != uidvalidity:
            copy.uid = None  # numbered anew: known again by what it says
    known = {copy.uid for copy in copies}
    surplus: list[int] = []
    for content in work.store.content([uid for uid in there if uid not in known]):
        surplus += _take(work, copies, content.uid, uidvalidity, content.raw)
    present = set(everything) - set(surplus)
    for copy in copies:
        _note_presence(work, copy, present)
    if surplus:
        work.store.expunge(surplus)


def _take(work: Work, copies: list[DraftCopy], uid: int, uidvalidity: int, raw: bytes) -> list[int]:
    """Settles whose a message is. Returns UIDs that it replaces."""
    digest = hashlib.sha256(raw).digest()
    mark = draft_mail.mark_of(raw)
    for copy in copies:
        is_same = copy.digest is not None and bytes(copy.digest) == digest
        was_cut_off = copy.storing_version is not None and mark and copy.mark == mark
        if is_same or was_cut_off:
            before = copy.uid
            version = copy.version if copy.storing_version is None else copy.storing_version
            _set(
                work,
                copy,
                uid=uid,
                uidvalidity=uidvalidity,
                digest=digest,
                version=version,
                storing_version=None,
                missing_since=None,
            )
            return [before] if before and before != uid else []
    found = draft_mail.read(raw)
    twin = next((one for one in copies if one.message_id == found.message_id), None)
    before = twin.uid if twin else None
    with transaction.atomic():
        work.lease.renew()
        place = {"uid": uid, "uidvalidity": uidvalidity, "digest": digest, "mark": mark}
        copies.append(_stored(work, found, twin, place))
        tell_outbox_changed(work.account)
    return [before] if before and before != uid else []


def _note_presence(work: Work, copy: DraftCopy, present: Collection[int]) -> None:
    now = timezone.now()
    if copy.uid in present:
        if copy.missing_since:
            _set(work, copy, missing_since=None)
    elif copy.version == 0 and copy.draft:
        return  # never stored so far
    elif copy.draft is None or not stands(copy.draft):
        with transaction.atomic():
            work.lease.renew()
            copy.delete()
    elif _is_behind(copy, copy.draft):
        # Changed here since: what was written is worth more than that it was thrown away there.
        _set(work, copy, uid=None, missing_since=None, due_at=copy.due_at or now)
    elif copy.missing_since is None:
        _set(work, copy, missing_since=now, due_at=now + MISSING_FOR)
        ring(work.account.pk, MISSING_FOR)
    elif now - copy.missing_since >= MISSING_FOR:
        with transaction.atomic():
            work.lease.renew()
            draft = _held(copy.draft.pk)
            if draft and _is_behind(copy, draft):
                _set(work, copy, uid=None, missing_since=None, due_at=now)
                return
            copy.delete()
            if draft:
                drafts.discard(draft)
            tell_outbox_changed(work.account)


def _set(work: Work, copy: DraftCopy, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(copy, name, value)
    with transaction.atomic():
        work.lease.renew()
        DraftCopy.objects.filter(pk=copy.pk).update(**changes)


# --- From there ------------------------------------------------------------------------------


def _held(draft_id: int) -> Draft | None:
    """As it is now, and until this is committed: it may have been saved while the server
    answered."""
    rows = Draft.objects.select_for_update(of=("self",)).select_related("account", "author")
    return rows.filter(pk=draft_id).first()


def _stored(
    work: Work, found: draft_mail.Found, twin: DraftCopy | None, place: dict[str, Any]
) -> DraftCopy:
    """What was written elsewhere, as a version of its draft or as a draft of its own."""
    draft = _held(twin.draft_id) if twin and twin.draft_id else None
    if twin and draft and stands(draft) and draft.version == twin.version:
        version = _overwrite(draft, found)
        twin.version, twin.storing_version, twin.is_behind = version, None, False
        for name, value in place.items():
            setattr(twin, name, value)
        twin.save()
        return twin
    new = _begin(work.account, found)
    if twin and draft and stands(draft):
        # Changed here as well: this one goes on under an id of its own.
        fresh = {"uid": None, "uidvalidity": None, "digest": None, "mark": "", "version": 0}
        twin.message_id, twin.due_at = new_message_id(work.account), timezone.now()
        for name, value in fresh.items():
            setattr(twin, name, value)
        twin.save()
        Draft.objects.filter(pk=draft.pk).update(other_version=new)
        Draft.objects.filter(pk=new.pk).update(other_version=draft)
    elif twin:
        # Thrown away or sent here; its copy there is what was just found.
        DraftCopy.objects.filter(pk=twin.pk).delete()
        twin.draft, twin.uid, twin.version, twin.message_id = new, None, 0, ""
    message_id = found.message_id or new_message_id(work.account)
    return DraftCopy.objects.create(
        draft=new, account=work.account, message_id=message_id, version=new.version, **place
    )


def _overwrite(draft: Draft, found: draft_mail.Found) -> int:
    """The draft says what the message says: all of it, signature and quote included."""
    Draft.objects.filter(pk=draft.pk).update(
        to=found.to,
        cc=found.cc,
        bcc=found.bcc,
        subject=found.subject,
        html=found.html,
        signature=None,
        includes_quote=False,
        version=F("version") + 1,
        updated_at=timezone.now(),
    )
    for file in draft.files.all():
        draft_files.drop(file)
    _add_files(draft, found)
    draft.refresh_from_db()
    return draft.version


def _begin(account: MailAccount, found: draft_mail.Found) -> Draft:
    parent = None
    if found.answers_id:
        parent = (
            Email.objects.filter(
                account=account,
                message_id_hash=key_of(found.answers_id),
                message_id=found.answers_id,
            )
            .select_related("thread")
            .first()
        )
    draft = Draft.objects.create(
        author=account.owner,
        account=account,
        kind=DraftKind.REPLY if parent else DraftKind.NEW,
        parent=parent,
        to=found.to,
        cc=found.cc,
        bcc=found.bcc,
        subject=found.subject,
        html=found.html,
        includes_quote=False,
        # Empty: as the conversation is when the mail leaves, which may be another than now.
        visibility="" if parent else account.default_visibility,
        # 1 is a window that nobody has written into.
        version=2,
    )
    _add_files(draft, found)
    return draft


def _add_files(draft: Draft, found: draft_mail.Found) -> None:
    for file in found.files:
        draft_files.store(
            draft,
            name=file.name,
            content_type=file.content_type,
            content=file.content,
            content_id=file.content_id[:100],
        )


# --- To there --------------------------------------------------------------------------------


def _bring_up_to_date(work: Work, copy: DraftCopy, path: str, uidvalidity: int) -> None:
    draft = copy.draft
    if draft is None or not stands(draft) or draft.account_id != work.account.pk:
        if copy.uid:
            work.store.expunge([copy.uid])
        with transaction.atomic():
            work.lease.renew()
            copy.delete()
    elif copy.missing_since is None:
        if _is_behind(copy, draft):
            _store(work, copy, draft, path, uidvalidity)
        else:
            _set(work, copy, due_at=None)


def _is_behind(copy: DraftCopy, draft: Draft) -> bool:
    return (
        copy.uid is None
        or copy.is_behind
        or copy.storing_version is not None
        or copy.version != draft.version
    )


def _store(work: Work, copy: DraftCopy, draft: Draft, path: str, uidvalidity: int) -> None:
    mark = secrets.token_hex(12)
    DraftCopy.objects.filter(pk=copy.pk).update(is_behind=False)
    raw = draft_mail.message_of(draft, message_id=copy.message_id, mark=mark)
    # Committed first: cut off from here on, the next look knows the message by its mark.
    digest = hashlib.sha256(raw).digest()
    _set(work, copy, mark=mark, digest=digest, storing_version=draft.version)
    stored = work.store.append(path, raw, keywords=Keyword.DRAFT | Keyword.SEEN)
    uid = stored.new_uid or max(work.store.find(copy.message_id), default=None)
    if copy.uid and copy.uid != uid:
        work.store.expunge([copy.uid])
    with transaction.atomic():
        work.lease.renew()
        newest = Draft.objects.filter(pk=draft.pk).values_list("version", flat=True).first()
        has_moved_on = newest != draft.version
        DraftCopy.objects.filter(pk=copy.pk).update(
            uid=uid,
            uidvalidity=uidvalidity,
            version=draft.version,
            storing_version=None,
            attempts=0,
            error_code="",
            due_at=timezone.now() + PAUSE if has_moved_on else None,
        )
        if has_moved_on:
            ring(work.account.pk, PAUSE)


def _put_off(work: Work, copy: DraftCopy, code: str) -> None:
    _set(
        work,
        copy,
        attempts=min(copy.attempts + 1, 1000),
        error_code=code,
        due_at=timezone.now() + TRY_AGAIN,
    )
