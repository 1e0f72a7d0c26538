"""What can go wrong with users, sorted by what the person at the screen can do about it."""


class UserError(Exception):
    """Base of the errors that a page turns into a sentence."""


class UserDeletionError(UserError):
    """Users are deactivated, never deleted."""


class LastAdministratorError(UserError):
    """The company would be left without an administrator."""


class AddressTakenError(UserError):
    """Another user signs in with this address, or it is invited already."""


class InvitationError(UserError):
    """The invitation was used, withdrawn or is too old."""


class AlreadySetUpError(UserError):
    """Somebody else made the company first."""


class TooManyAttemptsError(UserError):
    """Tried too often; `seconds` says how long to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds
