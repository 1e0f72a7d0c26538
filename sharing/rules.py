"""Who may see a record. The one place that states it; `visible_to` asks here."""

from typing import Any

from django.db.models import Q

from sharing.enums import ItemVisibility


def visible_records(user: Any, *, prefix: str = "") -> Q:
    """The condition under which `user` sees a record.

    Administrators see every record; what they do not see is other people's mail, and that is
    decided elsewhere (mailsync). `prefix` is a relation to the record, such as "deal__".

    The colleagues of the group are a subquery over ids and not a join, so that no row comes
    twice and the database reads them once.
    """
    if not user.is_authenticated or not user.is_active:
        return Q(pk__in=[])
    if user.is_administrator:
        return Q(**{f"{prefix}owner__isnull": False})
    return (
        Q(**{f"{prefix}visibility": ItemVisibility.COMPANY})
        | Q(**{f"{prefix}owner": user.pk})
        | Q(
            **{
                f"{prefix}visibility": ItemVisibility.GROUP,
                f"{prefix}owner__in": colleagues_in_group(user),
            }
        )
    )


def colleagues_in_group(user: Any) -> Any:
    """Ids of everybody in the user's visibility group; nobody when the user is in none."""
    from sharing.models import GroupMembership  # leaf: the models ask this module

    mine = GroupMembership.objects.filter(user=user.pk).values("group")
    return GroupMembership.objects.filter(group__in=mine).values("user")
