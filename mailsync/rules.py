"""Who may know of a conversation. The one place that states it; everything asks `visible_to`.

A user sees a thread when the account is his own (and not locked), when he is a member of its team account, or
when the thread is shared and linked to at least one record that he may see. Nobody else does:
no role, no superuser flag, no page of the operator changes that.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from common.remembered import Rule, remembered
from crm.models import PersonEmail
from crm.models.attached import RECORD_FIELDS
from mailsync.models.account import MailAccount
from mailsync.models.link import ThreadLink
from sharing.enums import ThreadVisibility
from users.models import User


def visible_threads(user: Any) -> Q:
    """The condition under which `user` may know that a thread exists."""
    if not user.is_authenticated or not user.is_active:
        return Q(pk__in=[])
    shared = Q(visibility=ThreadVisibility.SHARED) & opened_when_shared(user)
    return Q(account__in=MailAccount.objects.usable_by(user).values("pk")) | shared


def opened_when_shared(user: Any) -> Q:
    """The condition under which sharing a thread shows it to `user`: what "who would see it?"
    asks before a change."""
    return (
        # Colleagues lose a deleted conversation at once; its owner has it in the trash.
        Q(trashed_at__isnull=True, merged_into__isnull=True)
        & Q(Exists(links_into_view(user).filter(thread=OuterRef("pk"))))
        # Nor by the back door: his own records would show whoever took over the login most of
        # what the lock hides.
        & ~Q(account__in=MailAccount.objects.locked_for(user).values("pk"))
    )


def links_into_view(user: Any) -> QuerySet[ThreadLink]:
    """Standing links that open a shared thread to `user`: their record is one he may see.

    A person with an address of one of our own users opens nothing, and neither does what was
    linked by such an address. Otherwise whoever adds a colleague as a person would read that
    colleague's shared mail.
    """
    return ThreadLink.objects.standing().filter(remembered(_opens, ThreadLink, user))


def links_seen_by(user: Any, kinds: Iterable[str] = RECORD_FIELDS) -> QuerySet[ThreadLink]:
    """Standing links to records of these kinds that `user` may see; what a page may name."""
    rule = _leads_to_what_is_seen(tuple(kinds))
    return ThreadLink.objects.standing().filter(remembered(rule, ThreadLink, user))


def _opens(user: Any) -> Q:
    person = PersonEmail.objects.filter(_is_ours("address"), person=OuterRef("person"))
    return _leads_to_what_is_seen(RECORD_FIELDS)(user) & ~_is_ours("address") & ~Q(Exists(person))


@cache
def _leads_to_what_is_seen(kinds: tuple[str, ...]) -> Rule:
    """A link's record is of one of these kinds, and one that the user may see."""

    def rule(user: Any) -> Q:
        seen = Q(pk__in=[])
        for name in kinds:
            records = _model_of(name).objects.visible_to(user)
            seen |= Q(Exists(records.filter(pk=OuterRef(f"{name}_id"))))
        return seen

    return rule


def _model_of(name: str) -> Any:
    return ThreadLink._meta.get_field(name).related_model


def _is_ours(field: str) -> Q:
    """An address of one of our own users or mail accounts."""
    return Q(**{f"{field}__in": User.objects.values("email")}) | Q(
        **{f"{field}__in": MailAccount.objects.values("address")}
    )
