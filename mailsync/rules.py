"""Who may know of a conversation. The one place that states it; everything asks `visible_to`.

A user sees a thread when the account is his own (and not locked), when he is a member of its team account, or
when the thread is shared and linked to at least one record that he may see. Nobody else does:
no role, no superuser flag, no page of the operator changes that.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from crm.models import PersonEmail
from mailsync.models.account import MailAccount
from mailsync.models.link import RECORD_FIELDS, ThreadLink
from sharing.enums import ThreadVisibility
from sharing.rules import visible_records
from users.models import User


def visible_threads(user: Any) -> Q:
    """The condition under which `user` may know that a thread exists."""
    if not user.is_authenticated or not user.is_active:
        return Q(pk__in=[])
    return Q(account__in=MailAccount.objects.usable_by(user).values("pk")) | (
        # Colleagues lose a deleted conversation at once; its owner has it in the trash.
        Q(visibility=ThreadVisibility.SHARED, trashed_at__isnull=True, merged_into__isnull=True)
        & Q(Exists(links_into_view(user).filter(thread=OuterRef("pk"))))
        # Nor by the back door: his own records would show whoever took over the login most of
        # what the lock hides.
        & ~Q(account__in=MailAccount.objects.locked_for(user).values("pk"))
    )


def links_into_view(user: Any) -> QuerySet[ThreadLink]:
    """Standing links that open a shared thread to `user`: their record is one he may see.

    A person with an address of one of our own users opens nothing. Otherwise whoever adds a
    colleague as a person would read that colleague's shared mail.
    """
    return links_seen_by(user).exclude(Exists(_internal_addresses()))


def links_seen_by(user: Any, kinds: Iterable[str] = RECORD_FIELDS) -> QuerySet[ThreadLink]:
    """Standing links to records of these kinds that `user` may see; what a page may name."""
    seen = Q()
    for name in kinds:
        seen |= Q(
            visible_records(user, prefix=f"{name}__"),
            **{f"{name}__isnull": False, f"{name}__deleted_at__isnull": True},
        )
    return ThreadLink.objects.standing().filter(seen)


def _internal_addresses() -> QuerySet[PersonEmail]:
    """Addresses of the link's person that are our own users' or mail accounts'."""
    ours = Q(address__in=User.objects.values("email")) | Q(
        address__in=MailAccount.objects.values("address")
    )
    return PersonEmail.objects.filter(ours, person=OuterRef("person"))
