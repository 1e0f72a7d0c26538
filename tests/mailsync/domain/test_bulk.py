"""Rows that go in by the hundred, past the ORM."""

import pytest
from django.db import IntegrityError, transaction

from mailsync.domain import bulk
from mailsync.models import EmailBody
from tests.factories.mail import make_account, make_thread
from users.models import User

pytestmark = pytest.mark.django_db


def test_what_the_database_refuses_is_an_error_of_django(alice: User) -> None:
    """Otherwise nobody would know it for one: neither a refused mail nor a lost connection."""
    email = make_thread(make_account(alice)).emails.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(EmailBody, ["email_id", "text", "has_html"], [(email.pk, "Twice", False)])
