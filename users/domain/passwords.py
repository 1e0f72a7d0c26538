"""Forgotten and changed passwords.

The answer to "I forgot my password" is the same, and takes the same time, whether or not the
address is a user's: a row is written and a task is rung; only the task looks for the user.
"""

from django.contrib.auth.tokens import default_token_generator
from django.db import transaction

from common.addresses import normalise_address
from common.opaque import unseal
from users.domain.limits import admit_reset, forgive_address
from users.domain.people import note_change
from users.domain.sessions import end_sessions
from users.enums import UserChangeKind
from users.errors import TooManyAttemptsError
from users.models import ResetRequest, User
from users.tasks import send_password_reset


def ask_for_reset(*, email: str, ip: str) -> None:
    """Somebody at the sign-in page forgot a password. Too many wishes are dropped silently."""
    try:
        admit_reset(email=email, ip=ip)
    except TooManyAttemptsError:
        return
    with transaction.atomic():
        request = ResetRequest.objects.create(email=normalise_address(email))
        send_password_reset.delay_on_commit(request.pk)


@transaction.atomic
def send_reset_for(user: User, *, by: User) -> None:
    """An administrator lets a user have a link. It goes to the user's own address, nowhere else."""
    note_change(user, UserChangeKind.RESET_SENT, by=by)
    request = ResetRequest.objects.create(email=user.email)
    send_password_reset.delay_on_commit(request.pk)


def find_by_reset(*, key: str, token: str) -> User | None:
    """Whose password the link may set; None when it was used, is too old or was made up."""
    number = unseal("user", key)
    user = User.objects.active().filter(pk=number).first() if number else None
    return user if user and default_token_generator.check_token(user, token) else None


@transaction.atomic
def set_password(user: User, *, password: str, keep_session: str | None = None) -> None:
    """Sets the password and signs the user out everywhere else."""
    user.set_password(password)
    user.save(update_fields=["password"])
    end_sessions(user, keep=keep_session)
    forgive_address(user.email)
    note_change(user, UserChangeKind.PASSWORD_CHANGED, by=user)
