"""Who may see a record. The one place that states it; `visible_to` asks here."""

from typing import Any

from django.db.models import Q, QuerySet

from sharing.enums import ItemVisibility
from sharing.models.group import GroupMembership


def visible_records(user: Any, *, prefix: str = "") -> Q:
    """The condition under which `user` sees a record.

    Administrators see every record; what they do not see is other people's mail, and that is
    decided elsewhere (mailsync). `prefix` is a relation to the record, such as "deal__".
    """
    if not user.is_authenticated or not user.is_active:
        return Q(pk__in=[])
    if user.is_administrator:
        return Q(**{f"{prefix}owner__isnull": False})
    return (
        Q(**{f"{prefix}visibility": ItemVisibility.COMPANY})
        | Q(**{f"{prefix}owner": user})
        | Q(
            **{
                f"{prefix}visibility": ItemVisibility.GROUP,
                # Ids in a subquery: joins would be made once per kind of record in the rule
                # for conversations.
                f"{prefix}owner__in": _colleagues_in_group(user),
            }
        )
    )


def _colleagues_in_group(user: Any) -> QuerySet[GroupMembership]:
    own_group = GroupMembership.objects.filter(user=user).values("group")
    return GroupMembership.objects.filter(group__in=own_group).values("user")
