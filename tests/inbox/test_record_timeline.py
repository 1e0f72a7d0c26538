"""Mail between the notes of a record: in order, page by page, for each reader his own."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.domain.queries import timeline
from crm.models import Note
from sharing.enums import ThreadVisibility
from tests.factories.crm import make_deal
from tests.factories.mail import link, make_thread

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
ENTRY = re.compile(r'<li class="timeline__item" id="(note|mail)-')


@pytest.fixture
def deal(alice, account):
    """Six notes and six conversations in turn, the newest a note."""
    deal = make_deal(alice)
    for number in range(6):
        at = timezone.now() - timedelta(hours=2 * number)
        note = Note.objects.create(deal=deal, author=alice, text=f"note {number}")
        Note.objects.filter(pk=note.pk).update(created_at=at)
        mail = make_thread(account, f"mail {number}", at=at - timedelta(hours=1))
        link(mail, deal=deal)
    return deal


def pages(client, deal):
    url, found = reverse("inbox:record_timeline", args=["deal", deal.pk]), []
    while url:
        text = client.get(url, headers=HTMX).content.decode()
        found.append(ENTRY.findall(text))
        following = re.search(r'id="timeline-more".*?hx-get="([^"]+)"', text)
        url = following and following[1].replace("&amp;", "&")
    return found


def test_mail_and_notes_stand_in_order(alice, deal, signed_in):
    assert pages(signed_in.as_(alice), deal) == [["note", "mail"] * 6]


def test_pages_neither_repeat_nor_lose(alice, deal, signed_in, monkeypatch):
    monkeypatch.setattr(timeline, "PAGE", 5)
    found = pages(signed_in.as_(alice), deal)
    assert [len(page) for page in found] == [5, 5, 2]
    assert [entry for page in found for entry in page] == ["note", "mail"] * 6


def test_private_mail_leaves_no_gap(bob, dana, deal, account, signed_in):
    for who in (bob, dana):
        assert pages(signed_in.as_(who), deal) == [["note"] * 6]
    account.threads.update(visibility=ThreadVisibility.SHARED)
    assert pages(signed_in.as_(bob), deal) == [["note", "mail"] * 6]


def test_the_page_of_the_record_asks_for_it(alice, deal, signed_in):
    client = signed_in.as_(alice)
    url = reverse("inbox:record_timeline", args=["deal", deal.pk])
    assert f'hx-get="{url}"' in client.get(deal.get_absolute_url()).content.decode()
    assert client.get(url)["Location"] == f"{deal.get_absolute_url()}?tab=all"


def test_a_record_without_anything_says_so(alice, signed_in):
    url = reverse("inbox:record_timeline", args=["deal", make_deal(alice).pk])
    assert "Nothing here yet" in signed_in.as_(alice).get(url, headers=HTMX).content.decode()
