"""Encrypted mail says so, since there is nothing of it to read here."""

import pytest
from django.urls import reverse

from mailsync.models import Attachment, EmailBody
from tests.factories.mail import make_thread

pytestmark = pytest.mark.django_db
PGP_TEXT = "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n"


@pytest.mark.parametrize(
    ("content_type", "text", "is_marked"),
    [
        ("application/pgp-encrypted", "", True),
        ("application/pkcs7-mime", "", True),
        ("", PGP_TEXT, True),
        ("application/pdf", "We talked of -----BEGIN PGP MESSAGE-----", False),
    ],
)
def test_encrypted_mail_is_marked(alice, account, signed_in, content_type, text, is_marked):
    thread = make_thread(account, "Secret")
    email = thread.emails.get()
    EmailBody.objects.filter(email=email).update(text=text)
    if content_type:
        Attachment.objects.create(email=email, section="1", content_type=content_type, size=9)
    page = signed_in.as_(alice).get(reverse("inbox:thread", args=[thread.key])).content.decode()
    assert ("Encrypted" in page) is is_marked
