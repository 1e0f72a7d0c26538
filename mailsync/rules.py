"""Who may know of a conversation. The one place that states it; everything asks `visible_to`.

A user sees a thread when the account is his own, when he is a member of its team account, or
when the thread is shared and linked to at least one record that he may see. Nobody else does:
no role, no superuser flag, no page of the operator changes that.
"""

from typing import Any

from django.db.models import Exists, OuterRef, Q

from crm.models import Deal, Lead, Organization, Person, Project
from mailsync.models.account import MailAccount
from mailsync.models.link import ThreadLink
from sharing.enums import ThreadVisibility

RECORD_MODELS = {
    "person": Person,
    "organization": Organization,
    "deal": Deal,
    "lead": Lead,
    "project": Project,
}


def visible_threads(user: Any) -> Q:
    """The condition under which `user` may know that a thread exists."""
    if not user.is_authenticated or not user.is_active:
        return Q(pk__in=[])
    return Q(account__in=MailAccount.objects.usable_by(user).values("pk")) | (
        Q(visibility=ThreadVisibility.SHARED) & Q(Exists(_links_into_view(user)))
    )


def _links_into_view(user: Any) -> Any:
    """Standing links of the outer thread to records that `user` may see.

    An internal address never makes a thread shared: linking leaves addresses of our own users
    out, so no such link exists (see mailsync.domain.linking).
    """
    seen = Q()
    for name, model in RECORD_MODELS.items():
        seen |= Q(**{f"{name}__in": model.objects.visible_to(user).values("pk")})
    return ThreadLink.objects.standing().filter(seen, thread=OuterRef("pk"))
