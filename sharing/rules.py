"""Who may see a record. The one place that states it; `visible_to` asks here."""

from typing import Any

from django.db.models import Q

from sharing.enums import ItemVisibility
from users.models import TeamMembership


def visible_records(user: Any, *, prefix: str = "") -> Q:
    """The condition under which `user` sees a record.

    Administrators see every record, and the managers of a team all that its people own; what
    neither sees is other people's mail, and that is decided elsewhere (mailsync). `prefix` is a
    relation to the record, such as "deal__".

    Colleagues are subqueries over ids and not joins, so that no row comes twice and the database
    reads them once.
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
        | Q(**{f"{prefix}owner__in": managed_by(user)})
    )


def in_charge(user: Any) -> Q:
    """The condition under which `user` decides who sees a record: his own, those of people he
    manages, and for an administrator all. For anybody else it would be a way to hide it from
    them."""
    if user.is_administrator:
        return Q(owner__isnull=False)
    return Q(owner=user.pk) | Q(owner__in=managed_by(user))


def managed_by(user: Any) -> Any:
    """Ids of everybody in the teams that the user manages: those who have left and keep their
    place there as well, for somebody has to hand over what is theirs."""
    teams = TeamMembership.objects.filter(user=user.pk, is_manager=True).values("team")
    return TeamMembership.objects.filter(team__in=teams).values("user")


def colleagues_in_group(user: Any) -> Any:
    """Ids of everybody in the user's visibility group; nobody when the user is in none."""
    from sharing.models import GroupMembership  # leaf: the models ask this module

    mine = GroupMembership.objects.filter(user=user.pk).values("group")
    return GroupMembership.objects.filter(group__in=mine).values("user")
