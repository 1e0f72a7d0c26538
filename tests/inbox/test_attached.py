"""A mail that came as a file is read in its place, by whoever sees the conversation."""

from email.message import EmailMessage

import pytest
from django.urls import reverse

from mailsync.domain import blobs
from mailsync.models import Attachment
from tests.factories.mail import make_thread
from users.models import Preferences

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def file(account, settings, tmp_path):
    settings.BLOB_DIR = tmp_path
    inner = EmailMessage()
    inner["From"] = "Ada Byron <ada@acme.example>"
    inner["To"] = "grace@northwind.example"
    inner["Subject"] = "Inner <script>alert(1)</script>"
    inner.set_content("Hello inside, see https://acme.example/a")
    inner.add_alternative("<p>Hello inside<img src=https://t.example/x></p>", subtype="html")
    inner.add_attachment(b"abc", maintype="application", subtype="pdf", filename="price.pdf")
    outer = EmailMessage()
    outer["From"] = "b@acme.example"
    outer.set_content("see below")
    outer.add_attachment(inner)
    outer.add_attachment(b"text", maintype="text", subtype="csv", filename="a.csv")
    thread = make_thread(account)
    email = thread.emails.get()
    email.blob = blobs.store(account.pk, outer.as_bytes())
    email.save()
    Attachment.objects.create(
        email=email, section="3", name="a.csv", content_type="text/csv", size=4
    )
    return Attachment.objects.create(
        email=email, section="2", name="Inner.eml", content_type="message/rfc822", size=500
    )


def test_read_in_its_place(alice, file, signed_in):
    client = signed_in.as_(alice)
    url = reverse("inbox:attached_mail", args=[file.key])
    assert url in client.get(reverse("inbox:thread", args=[file.email.thread.key])).content.decode()
    text = client.get(url, headers=HTMX).content.decode()
    assert "Inner &lt;script&gt;" in text
    assert "<script" not in text
    assert "Hello inside" in text
    assert 'href="https://acme.example/a"' in text
    assert "<img" not in text
    assert "price.pdf" in text
    assert "<html" not in text
    assert "<html" in client.get(url).content.decode()


def test_only_mails_are_read_so(alice, file, signed_in):
    other = Attachment.objects.get(name="a.csv")
    url = reverse("inbox:attached_mail", args=[other.key])
    assert signed_in.as_(alice).get(url).status_code == 404


def test_hidden_to_others(bob, file, signed_in):
    url = reverse("inbox:attached_mail", args=[file.key])
    assert signed_in.as_(bob).get(url).status_code == 404


def test_bytes_that_are_not_here_are_said_so(alice, file, signed_in):
    file.email.blob = None
    file.email.save()
    url = reverse("inbox:attached_mail", args=[file.key])
    assert "cannot be shown" in signed_in.as_(alice).get(url, headers=HTMX).content.decode()


@pytest.fixture
def invitation(account, settings, tmp_path):
    settings.BLOB_DIR = tmp_path
    mail = EmailMessage()
    mail.set_content("Please come")
    event = (
        "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:<b>Demo</b>\r\n"
        "DTSTART:20261124T083000Z\r\nDTEND:20261124T093000Z\r\nLOCATION:Room 4\r\n"
        "ORGANIZER;CN=Ada:mailto:ada@acme.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    mail.add_attachment(event.encode(), maintype="text", subtype="calendar", filename="a.ics")
    email = make_thread(account).emails.get()
    email.blob = blobs.store(account.pk, mail.as_bytes())
    email.save()
    return Attachment.objects.create(
        email=email, section="2", name="a.ics", content_type="text/calendar", size=300
    )


def test_invitation_in_the_readers_time(alice, invitation, signed_in):
    Preferences.objects.create(user=alice, time_zone="Asia/Tokyo")
    client = signed_in.as_(alice)
    url = reverse("inbox:invitation", args=[invitation.key])
    page = client.get(reverse("inbox:thread", args=[invitation.email.thread.key]))
    assert url in page.content.decode()
    text = client.get(url, headers=HTMX).content.decode()
    assert "&lt;b&gt;Demo&lt;/b&gt;" in text
    assert "5:30 p.m." in text or "17:30" in text
    assert "Room 4" in text
    assert "Ada &lt;ada@acme.example&gt;" in text
    assert "<html" in client.get(url).content.decode()


def test_invitation_that_cannot_be_read(alice, bob, invitation, signed_in):
    invitation.email.blob = None
    invitation.email.save()
    url = reverse("inbox:invitation", args=[invitation.key])
    assert "cannot be read" in signed_in.as_(alice).get(url, headers=HTMX).content.decode()
    assert signed_in.as_(bob).get(url).status_code == 404
