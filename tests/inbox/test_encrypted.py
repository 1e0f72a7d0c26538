"""Encrypted and signed mail says so: of the one there is nothing to read here, and of the other
nobody has looked whether the signature holds."""

import pytest
from django.urls import reverse

from inbox.domain.queries.record_files import files_of
from inbox.domain.queries.record_mail import RecordMail
from mailsync.mime.parse import parse, part_bytes
from mailsync.models import Attachment, EmailBody
from tests.factories.crm import make_deal
from tests.factories.mail import link, make_thread

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


SIGNED = b"""From: ada@acme.example
Subject: Offer
Content-Type: multipart/signed; protocol="%(protocol)s"; micalg=sha-256; boundary=b

--b
Content-Type: text/plain

Agreed.
--b
Content-Type: %(protocol)s; name="%(name)s"
Content-Disposition: attachment; filename="%(name)s"

signature
--b--
"""
OPAQUE = b"""From: ada@acme.example
Subject: Offer
Content-Type: application/%(kind)s; name="smime.p7m"%(parameter)s
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename="smime.p7m"

%(content)s
"""
# The beginnings of signed-data and enveloped-data (RFC 5652 3).
SIGNED_DER = b"MIAGCSqGSIb3DQEHAqCAMIACAQExDzANBglghkgBZQMEAgEFADCABgkqhkiG9w0BBwGg"
ENVELOPED_DER = b"MIAGCSqGSIb3DQEHA6CAMIACAQAxggFfMIIBWwIBADBDMD4xCzAJBgNVBAYTAlVTMQ=="


def shown(account, client, raw):
    """The conversation's page of a mail as the parser reads it."""
    parsed = parse(raw)
    thread = make_thread(account, "Offer", text=parsed.text)
    for part in parsed.attachments:
        Attachment.objects.create(
            email=thread.emails.get(), section=part.section, name=part.name,
            content_type=part.content_type, size=part.size, is_inline=part.is_inline,
        )  # fmt: skip
    page = client.get(reverse("inbox:thread", args=[thread.key]))
    return thread, parsed, page.content.decode()


@pytest.mark.parametrize(
    ("protocol", "name"),
    [
        (b"application/pgp-signature", b"signature.asc"),
        (b"application/pkcs7-signature", b"smime.p7s"),
        (b"application/x-pkcs7-signature", b"smime.p7s"),
    ],
)
def test_signed_mail_is_marked_and_its_signature_is_no_file(
    alice, account, signed_in, protocol, name
):
    raw = SIGNED % {b"protocol": protocol, b"name": name}
    thread, parsed, page = shown(account, signed_in.as_(alice), raw)
    assert "Signed (not checked)" in page
    assert "Encrypted" not in page
    assert "Agreed." in page
    assert 'class="files"' not in page
    assert "Has a file" not in page
    # It can be had all the same.
    signature = thread.emails.get().attachments.get()
    assert reverse("inbox:attachment", args=[signature.key]) in page
    assert part_bytes(raw, parsed.attachments[0].section).strip() == b"signature"
    deal = make_deal(alice)
    link(thread, deal=deal)
    assert files_of(RecordMail(deal, user=alice), before=None, limit=9) == []


@pytest.mark.parametrize("kind", [b"pkcs7-mime", b"x-pkcs7-mime"])
@pytest.mark.parametrize(
    ("parameter", "content", "word"),
    [
        (b"; smime-type=signed-data", SIGNED_DER, "Signed (not checked)"),
        (b"", SIGNED_DER, "Signed (not checked)"),
        (b"; smime-type=signed-data", b"AAAA", "Signed (not checked)"),
        (b"; smime-type=enveloped-data", ENVELOPED_DER, "Encrypted"),
        (b"; smime-type=signed-data", ENVELOPED_DER, "Encrypted"),
        (b"", b"AAAA", "Encrypted"),
    ],
)
def test_mail_inside_its_signature_is_told_from_an_encrypted_one(
    alice, account, signed_in, kind, parameter, content, word
):
    raw = OPAQUE % {b"kind": kind, b"parameter": parameter, b"content": content}
    _thread, _parsed, page = shown(account, signed_in.as_(alice), raw)
    words = {"Signed (not checked)", "Encrypted"}
    assert {one for one in words if one in page} == {word}
    assert ("lies inside its signature" in page) is word.startswith("Signed")
    # Readable elsewhere, so it stands among the files.
    assert 'class="files"' in page
    assert "smime.p7m" in page


def test_text_that_is_signed_in_place_is_marked(alice, account, signed_in):
    text = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nAgreed.\n"
    thread = make_thread(account, "Offer", text=text)
    url = reverse("inbox:thread", args=[thread.key])
    assert "Signed (not checked)" in signed_in.as_(alice).get(url).content.decode()
    plain = make_thread(account, "Offer", text="Agreed.")
    url = reverse("inbox:thread", args=[plain.key])
    assert "Signed (not checked)" not in signed_in.as_(alice).get(url).content.decode()
