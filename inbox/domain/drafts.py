"""Writing a mail over time: start, save, discard, bring back.

A save names the version that it was made from. When another device or colleague has saved in
between, it is refused and the caller shows both, so nothing is overwritten unseen.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from inbox.domain import draft_copies
from inbox.enums import DraftKind
from inbox.models import Draft, Signature
from mailsync.enums import AccountScope
from mailsync.models import MailAccount

KEPT_AFTER_DISCARD = timedelta(days=30)
EMPTY_AFTER = timedelta(days=1)
WRITABLE = frozenset(
    {
        "account",
        "to",
        "cc",
        "bcc",
        "subject",
        "html",
        "includes_quote",
        "signature",
        "visibility",
        "person",
        "deal",
        "lead",
        "project",
        "send_at",
        "remind_at",
    }
)


class DraftConflictError(Exception):
    """The draft was saved elsewhere since; `draft` is what it is now."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(draft.pk)
        self.draft = draft


@dataclass(frozen=True)
class Start:
    """What a new draft begins with."""

    to: tuple[tuple[str, str], ...] = ()
    cc: tuple[tuple[str, str], ...] = ()
    bcc: tuple[tuple[str, str], ...] = ()
    subject: str = ""
    html: str = ""
    person: Any = None
    deal: Any = None
    lead: Any = None
    project: Any = None


def new_mail(*, by: Any, start: Start, account: MailAccount | None = None) -> Draft:
    """An empty mail, or one with a recipient and a record it was opened from; not stored yet."""
    account = account or default_account(by)
    return Draft(
        author=by,
        account=account,
        to=[list(party) for party in start.to],
        cc=[list(party) for party in start.cc],
        bcc=[list(party) for party in start.bcc],
        subject=start.subject,
        html=start.html,
        person=start.person,
        deal=start.deal,
        lead=start.lead,
        project=start.project,
        signature=default_signature(by, account=account, kind=DraftKind.NEW),
        visibility=account.default_visibility if account else "",
    )


def start_new(*, by: Any, start: Start, account: MailAccount | None = None) -> Draft:
    """The same, stored."""
    draft = new_mail(by=by, start=start, account=account)
    draft.save()
    return draft


def default_account(user: Any) -> MailAccount | None:
    """The account a new mail is sent from: the one marked as first, else the only one."""
    accounts = list(MailAccount.objects.usable_by(user).order_by("-is_default", "pk").distinct())
    if not accounts:
        return None
    return accounts[0] if accounts[0].is_default or len(accounts) == 1 else None


def default_signature(
    user: Any, *, account: MailAccount | None, kind: DraftKind
) -> Signature | None:
    """The one marked for this kind of mail; one for the account goes before one for all."""
    marked = _marked_signatures(user, kind)
    return (account and marked.get(account.pk)) or marked.get(None)


def default_signatures(
    user: Any, *, accounts: Iterable[MailAccount], kind: DraftKind
) -> dict[int, int | None]:
    """The same for each of these accounts, by their ids."""
    marked = _marked_signatures(user, kind)
    usual = marked.get(None)
    found = {account.pk: marked.get(account.pk) or usual for account in accounts}
    return {pk: signature.pk if signature else None for pk, signature in found.items()}


def _marked_signatures(user: Any, kind: DraftKind) -> dict[int | None, Signature]:
    wanted = "is_for_new" if kind == DraftKind.NEW else "is_for_replies"
    rows = Signature.objects.usable_by(user).filter(**{wanted: True}).distinct()
    # The first of two for one account stands: the order of the rows turned round.
    return {row.account_id: row for row in reversed(list(rows))}


def save(draft: Draft, *, version: int, by: Any = None, **changes: Any) -> Draft:
    """Stores what was typed. Raises DraftConflictError when `version` is not the newest.

    A colleague's draft that `by` takes out of their team's account is his from then on: else it
    would be its first author's alone, who may be none of the team.
    """
    unknown = set(changes) - WRITABLE
    if unknown:
        raise ValueError(f"not for the writer to change: {sorted(unknown)}")
    if by and "account" in changes and not _is_of_team(changes["account"]):
        changes["author"] = by
    count = (
        Draft.objects.standing()
        .filter(pk=draft.pk, version=version)
        .update(version=F("version") + 1, updated_at=timezone.now(), **changes)
    )
    current = Draft.objects.select_related("account").get(pk=draft.pk)
    if not count:
        raise DraftConflictError(current)
    draft_copies.follow(current)
    return current


def _is_of_team(account: MailAccount | None) -> bool:
    return account is not None and account.scope == AccountScope.TEAM


def discard(draft: Draft) -> None:
    """Throws a draft away; it can be brought back for 30 days."""
    Draft.objects.standing().filter(pk=draft.pk).update(
        discarded_at=timezone.now(), version=F("version") + 1
    )
    draft_copies.recall(draft)


def bring_back(draft: Draft) -> None:
    """Undoes `discard`."""
    Draft.objects.filter(pk=draft.pk, submission__isnull=True).update(
        discarded_at=None, version=F("version") + 1
    )
    draft_copies.follow(Draft.objects.select_related("account").get(pk=draft.pk))


def purge() -> None:
    """Deletes drafts thrown away more than 30 days ago, with their files, and those that were
    opened and never written into."""
    now = timezone.now()
    gone = Draft.objects.filter(submission=None).filter(
        Q(discarded_at__lt=now - KEPT_AFTER_DISCARD)
        | Q(version=1, updated_at__lt=now - EMPTY_AFTER)
    )
    for draft in gone.iterator():
        delete(draft)


@transaction.atomic
def delete(draft: Draft) -> None:
    """Deletes a draft for good; its files go when the transaction is committed."""
    files = list(draft.files.all())
    draft_copies.forget(draft)
    draft.delete()
    for file in files:
        transaction.on_commit(partial(file.content.delete, save=False))
