from users.models.company import Company
from users.models.preferences import Preferences
from users.models.team import Team, TeamMembership
from users.models.user import User

__all__ = ["Company", "Preferences", "Team", "TeamMembership", "User"]
