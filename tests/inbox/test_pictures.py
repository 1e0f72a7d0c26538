"""Pictures from the web: off until their reader asks, then through our door alone."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from inbox.domain import pictures
from inbox.models import TrustedSender
from mailsync.mime.pictures import NoPictureError, Picture, TooLargeError
from sharing.enums import ThreadVisibility
from tests.factories.crm import make_deal
from tests.factories.mail import give_bytes, link, make_thread

pytestmark = pytest.mark.django_db
FAR = "https://tracker.example/open.gif?id=17&x=1"
HTML = f'<p>Hello</p><img src="{FAR.replace("&", "&amp;")}" alt="Logo">'


@pytest.fixture
def email(account, settings, tmp_path):
    settings.BLOB_DIR = tmp_path
    return give_bytes(make_thread(account, "News"), html=HTML)


@pytest.fixture
def fetched(monkeypatch):
    """What was asked for on the web; each time a picture comes."""
    asked = []

    def fetch(address):
        asked.append(address)
        return Picture("image/png", b"pixels")

    monkeypatch.setattr(pictures, "fetch", fetch)
    return asked


def frame_of(client, email, query=""):
    page = client.get(reverse("inbox:body", args=[email.key]) + query).content.decode()
    return re.findall(r'<img[^>]* src="([^"]*)"', page), page


def shown_in(client, email):
    """The addresses of pictures after the reader pressed the button."""
    answer = client.post(reverse("inbox:pictures_show", args=[email.key]))
    query = "?" + answer["Location"].partition("?")[2].partition("#")[0]
    return frame_of(client, email, query)[0]


def test_before_consent_nothing_leads_out(alice, email, signed_in, fetched):
    sources, page = frame_of(signed_in.as_(alice), email)
    assert [source[:5] for source in sources] == ["data:"]
    assert 'data-src="https://tracker.example/' in page  # what makes the page offer the button
    assert fetched == []


def test_after_consent_only_to_our_door(alice, email, signed_in, fetched):
    client = signed_in.as_(alice)
    [source] = shown_in(client, email)
    assert source.startswith(f"/mail/m/{email.key}/picture/")
    answer = client.get(source)
    assert (answer.status_code, answer.content) == (200, b"pixels")
    assert fetched == [FAR]
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Content-Security-Policy"].startswith("default-src 'none'")
    assert " sandbox;" in answer["Content-Security-Policy"]


def test_consent_is_for_this_message(alice, account, email, signed_in):
    other = give_bytes(make_thread(account, "Other"), html=HTML)
    client = signed_in.as_(alice)
    token = pictures.consent(email, by=alice)
    assert frame_of(client, email, f"?pictures={token}")[0][0].startswith("/mail/m/")
    assert frame_of(client, other, f"?pictures={token}")[0][0].startswith("data:")
    assert frame_of(client, email, "?pictures=forged")[0][0].startswith("data:")


def test_consent_with_htmx_draws_the_message_with_its_pictures(alice, email, signed_in):
    answer = signed_in.as_(alice).post(
        reverse("inbox:pictures_show", args=[email.key]), headers={"HX-Request": "true"}
    )
    assert f'id="message-{email.key}"' in answer.content.decode()
    assert "?pictures=" in answer.content.decode()


def test_the_address_is_for_one_reader_and_message(
    alice, bob, account, email, signed_in, fetched, settings
):
    thread = email.thread
    thread.visibility = ThreadVisibility.SHARED
    thread.save()
    link(thread, deal=make_deal(alice))
    other = give_bytes(make_thread(account, "Other"), html=HTML)
    [source] = shown_in(signed_in.as_(alice), email)
    # bob sees the conversation, and asks for pictures himself.
    assert signed_in.as_(bob).get(source).status_code == 404
    assert signed_in.as_(bob).get(shown_in(signed_in.as_(bob), email)[0]).status_code == 200
    assert signed_in.as_(alice).get(source.replace(email.key, other.key)).status_code == 404
    assert signed_in.as_(alice).get(source[:-4] + "aaa/").status_code == 404
    assert fetched == [FAR]


def test_the_address_lives_shortly(alice, email, signed_in, fetched):
    client = signed_in.as_(alice)
    [source] = shown_in(client, email)
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert client.get(source).status_code == 404
    assert fetched == []


def test_no_door_without_the_right_to_the_conversation(alice, carol, email, signed_in, fetched):
    token = pictures.sealed(FAR, email=email, by=carol)
    client = signed_in.as_(carol)
    assert client.get(reverse("inbox:remote_picture", args=[email.key, token])).status_code == 404
    for name in ("show", "trust", "distrust"):
        url = reverse(f"inbox:pictures_{name}", args=[email.key])
        assert client.post(url).status_code == 404
        assert signed_in.as_(alice).get(url).status_code == 405
    assert not TrustedSender.objects.exists()
    assert fetched == []


def test_always_for_this_sender_and_asked_again(alice, bob, account, email, signed_in):
    later = give_bytes(make_thread(account, "Later"), html=HTML)
    stranger = give_bytes(
        make_thread(account, "Stranger", sender=("Eve", "eve@evil.example")), html=HTML
    )
    client = signed_in.as_(alice)
    url = reverse("inbox:pictures_trust", args=[email.key])
    assert client.post(url).status_code == 303
    assert client.post(url).status_code == 303
    assert TrustedSender.objects.get().user == alice
    assert frame_of(client, later)[0][0].startswith("/mail/m/")
    assert frame_of(client, stranger)[0][0].startswith("data:")
    page = client.get(reverse("inbox:thread", args=[later.thread.key])).content.decode()
    assert "Always shown for this sender" in page
    client.post(reverse("inbox:pictures_distrust", args=[later.key]))
    assert frame_of(client, email)[0][0].startswith("data:")


@pytest.mark.parametrize(
    ("error", "status"),
    [(pictures.FetchError, 502), (NoPictureError, 415), (TooLargeError, 413)],
)
def test_what_cannot_be_shown(alice, email, signed_in, monkeypatch, error, status):
    def fetch(_address):
        raise error

    monkeypatch.setattr(pictures, "fetch", fetch)
    client = signed_in.as_(alice)
    answer = client.get(shown_in(client, email)[0])
    assert (answer.status_code, answer.content) == (status, b"")


def test_a_very_long_address_stays_out(alice, account, signed_in, settings, tmp_path):
    settings.BLOB_DIR = tmp_path
    html = f'<img src="https://tracker.example/{"a" * 3000}">'
    email = give_bytes(make_thread(account), html=html)
    assert shown_in(signed_in.as_(alice), email)[0].startswith("data:")
