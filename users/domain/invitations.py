"""Invitations: a colleague gets a link by mail, and joins with it once, within 72 hours."""

import hashlib
import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from common.addresses import normalise_address
from users.domain.people import note_change
from users.enums import Role, UserChangeKind
from users.errors import AddressTakenError, InvitationError
from users.models import Invitation, Preferences, User
from users.tasks import send_invitation

VALID_FOR = timedelta(hours=72)


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def invite(*, email: str, role: Role, by: User) -> Invitation:
    """Asks an address to join. Raises AddressTakenError."""
    address = normalise_address(email)
    if User.objects.filter(email=address).exists():
        raise AddressTakenError
    try:
        with transaction.atomic():
            invitation = Invitation.objects.create(
                email=address,
                role=role,
                invited_by=by,
                # Replaced when the mail is made: the token itself is in the mail alone.
                token_digest=digest_of(secrets.token_urlsafe(32)),
                expires_at=timezone.now() + VALID_FOR,
            )
            send_invitation.delay_on_commit(invitation.pk)
    except IntegrityError as error:
        raise AddressTakenError from error
    return invitation


@transaction.atomic
def invite_again(invitation: Invitation) -> None:
    """Sends a new link, good for another 72 hours; the old one stops working."""
    changed = Invitation.objects.open().filter(pk=invitation.pk)
    if not changed.update(expires_at=timezone.now() + VALID_FOR):
        raise InvitationError
    send_invitation.delay_on_commit(invitation.pk)


def withdraw(invitation: Invitation) -> None:
    Invitation.objects.open().filter(pk=invitation.pk).update(withdrawn_at=timezone.now())


def new_token(invitation: Invitation) -> str | None:
    """A fresh token for the mail that is about to be sent; None when there is nothing to send."""
    token = secrets.token_urlsafe(32)
    changed = Invitation.objects.usable().filter(pk=invitation.pk)
    return token if changed.update(token_digest=digest_of(token)) else None


def find(token: str) -> Invitation | None:
    """The invitation behind a link, while it can be used."""
    return Invitation.objects.usable().filter(token_digest=digest_of(token)).first()


@transaction.atomic
def accept(invitation: Invitation, *, name: str, password: str, time_zone: str) -> User:
    """Makes the user. Raises InvitationError when somebody else was quicker or it is too late."""
    changed = Invitation.objects.usable().filter(
        pk=invitation.pk, token_digest=invitation.token_digest
    )
    if not changed.update(accepted_at=timezone.now()):
        raise InvitationError
    if User.objects.filter(email=invitation.email).exists():
        raise InvitationError
    user = User.objects.create_user(invitation.email, password, name=name, role=invitation.role)
    Preferences.objects.create(user=user, time_zone=time_zone)
    note_change(user, UserChangeKind.JOINED, by=invitation.invited_by)
    return user
