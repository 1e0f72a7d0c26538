"""The first run: whoever comes first makes the company and becomes its administrator.

"First" is trusted on the machine itself, and elsewhere only with the set-up code that the
operator finds in the data folder (bin/up prints it). The company is the row with number 1, so
of two visitors at the same moment the database lets one win.
"""

import hmac
import os
import secrets
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction

from users.domain.people import note_change
from users.enums import Role, UserChangeKind
from users.errors import AlreadySetUpError
from users.models import Company, Preferences, User
from users.signals import company_made

# No signs that are read for one another; 12 of 31 make 59 bits.
SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def code_path() -> Path:
    return Path(settings.DATA_DIR) / "setup_code"


def setup_code() -> str:
    """The code that stands for being at the machine; made on first use, gone after set-up."""
    path = code_path()
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    code = "-".join("".join(secrets.choice(SIGNS) for _ in range(4)) for _ in range(3))
    # O_EXCL: of two processes that start at once one writes, the other reads what was written.
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as handle:
        handle.write(code + "\n")
    return code


def is_setup_code(text: str) -> bool:
    """Whether this is the code; small letters and left-out dashes are forgiven."""
    typed = "".join(sign for sign in text.upper() if sign.isalnum())
    return hmac.compare_digest(typed.encode(), setup_code().replace("-", "").encode())


def is_set_up() -> bool:
    return Company.objects.filter(pk=1).exists()


def set_up(
    *, company: str, currency: str, name: str, email: str, password: str, time_zone: str
) -> User:
    """Makes the company and its administrator. Raises AlreadySetUpError for the second visitor."""
    try:
        with transaction.atomic():
            # create() with a chosen key inserts or fails; it never updates the winner's row.
            made = Company.objects.create(pk=1, name=company, currency=currency)
            user = User.objects.create_user(
                email, password, name=name, role=Role.ADMINISTRATOR, is_staff=True
            )
            Preferences.objects.create(user=user, time_zone=time_zone)
            note_change(user, UserChangeKind.JOINED, by=user)
            company_made.send(sender=Company, company=made, user=user)
    except IntegrityError as error:
        if not is_set_up():
            raise
        raise AlreadySetUpError from error
    code_path().unlink(missing_ok=True)
    return user
