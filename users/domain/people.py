"""Users of the company: roles, login addresses, coming and going. Nobody is ever deleted."""

from django.db import transaction
from django.utils import timezone

from common.addresses import normalise_address
from users.domain.sessions import end_sessions
from users.enums import Role, UserChangeKind
from users.errors import AddressTakenError, LastAdministratorError
from users.models import AddressNotice, Preferences, User, UserChange
from users.signals import login_address_changed, user_deactivated, user_reactivated
from users.tasks import send_address_notice


def note_change(user: User, kind: UserChangeKind, *, by: User | None) -> None:
    UserChange.objects.create(user=user, kind=kind, by=by)


def keep_first_zone(user: User, *, time_zone: str) -> None:
    """Takes the browser's time zone for a user who has no preferences yet (made by a command)."""
    Preferences.objects.get_or_create(user=user, defaults={"time_zone": time_zone})


@transaction.atomic
def change_role(user: User, *, role: Role, by: User) -> None:
    """Raises LastAdministratorError when nobody would be left to administer."""
    if user.role == role:
        return
    if user.role == Role.ADMINISTRATOR:
        _require_another_administrator(user)
    user.role = role
    user.save(update_fields=["role"])
    note_change(user, UserChangeKind.ROLE_CHANGED, by=by)


@transaction.atomic
def change_login_address(user: User, *, email: str, by: User) -> None:
    """Changes what a user signs in with, and tells the old address.

    When somebody else does it the user is signed out everywhere, and the personal mail accounts
    are locked until they are connected again: whoever can read the new address could otherwise
    ask for a new password and read old mail. Raises AddressTakenError.
    """
    address = normalise_address(email)
    old = user.email
    if address == old:
        return
    if User.objects.filter(email=address).exists():
        raise AddressTakenError
    user.email = address
    user.save(update_fields=["email"])
    note_change(user, UserChangeKind.ADDRESS_CHANGED, by=by)
    if by.pk != user.pk:
        end_sessions(user)
        login_address_changed.send(sender=User, user=user, by=by)
    notice = AddressNotice.objects.create(user=user, old_email=old)
    send_address_notice.delay_on_commit(notice.pk)


@transaction.atomic
def deactivate(user: User, *, by: User) -> None:
    """Takes all access away at once. Raises LastAdministratorError."""
    if user.is_administrator:
        _require_another_administrator(user)
    changed = User.objects.filter(pk=user.pk, is_active=True).update(
        is_active=False, deactivated_at=timezone.now()
    )
    if not changed:
        return
    user.refresh_from_db(fields=["is_active", "deactivated_at"])
    end_sessions(user)
    note_change(user, UserChangeKind.DEACTIVATED, by=by)
    user_deactivated.send(sender=User, user=user)


@transaction.atomic
def reactivate(user: User, *, by: User) -> None:
    changed = User.objects.filter(pk=user.pk, is_active=False).update(
        is_active=True, deactivated_at=None
    )
    if not changed:
        return
    user.refresh_from_db(fields=["is_active", "deactivated_at"])
    note_change(user, UserChangeKind.REACTIVATED, by=by)
    user_reactivated.send(sender=User, user=user)


def _require_another_administrator(user: User) -> None:
    # All of them locked: two administrators who demote each other at once must not both succeed.
    locked = User.objects.administrators().order_by("pk").select_for_update()
    if not [one for one in locked if one.pk != user.pk]:
        raise LastAdministratorError
