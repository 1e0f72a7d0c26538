"""Teams: who works together, and who manages."""

from collections.abc import Iterable

from django.db import transaction

from users.models import Team, TeamMembership, User


@transaction.atomic
def save_team(team: Team, *, members: Iterable[User], managers: Iterable[User]) -> Team:
    """Saves the name and makes the membership exactly this. A manager is a member as well.

    People who were deactivated keep their place: the form cannot show them.
    """
    team.save()
    manages = {user.pk for user in managers}
    wanted = {user.pk for user in members} | manages
    team.memberships.filter(user__is_active=True).exclude(user__in=wanted).delete()
    for user_id in wanted:
        TeamMembership.objects.update_or_create(
            team=team, user_id=user_id, defaults={"is_manager": user_id in manages}
        )
    return team
