"""Visibility groups: whose records of the kind "owner's visibility group" go together."""

from collections.abc import Iterable

from django.db import transaction

from sharing.models import GroupMembership, VisibilityGroup
from users.models import User


@transaction.atomic
def save_group(group: VisibilityGroup, *, members: Iterable[User]) -> VisibilityGroup:
    """Saves the name and makes the membership exactly this. Whoever was in another group moves.

    People who were deactivated keep their place, so that their records stay with their group.
    """
    group.save()
    wanted = {user.pk for user in members}
    group.memberships.filter(user__is_active=True).exclude(user__in=wanted).delete()
    for user_id in wanted:
        GroupMembership.objects.update_or_create(user_id=user_id, defaults={"group": group})
    return group
