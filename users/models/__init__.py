from users.models.change import UserChange
from users.models.company import Company
from users.models.invitation import Invitation
from users.models.limit import AddressNotice, AttemptLimit, ResetRequest
from users.models.preferences import Preferences
from users.models.session import UserSession
from users.models.team import Team, TeamMembership
from users.models.user import User

__all__ = [
    "AddressNotice",
    "AttemptLimit",
    "Company",
    "Invitation",
    "Preferences",
    "ResetRequest",
    "Team",
    "TeamMembership",
    "User",
    "UserChange",
    "UserSession",
]
