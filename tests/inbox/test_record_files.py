"""The files of a record: those uploaded and those of its mail in one list, each reader's own."""

import re
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from crm.domain.queries import timeline
from crm.models import RecordFile
from mailsync.models import Attachment, Email
from sharing.enums import ThreadVisibility
from tests.factories.crm import make_deal
from tests.factories.mail import link, make_account, make_thread

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
FILES = re.compile(r'<li class="timeline__item" id="(file|files)-')


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def attach(thread, name, **fields):
    email = thread.emails.get()
    values = {"section": "2", "content_type": "application/pdf", "size": 2048, **fields}
    return Attachment.objects.create(email=email, name=name, **values)


def upload(record, by, name, at=None):
    file = RecordFile.objects.create(
        name=name, content=ContentFile(b"x", name), uploaded_by=by, **{str(record.kind): record}
    )
    if at:
        RecordFile.objects.filter(pk=file.pk).update(created_at=at)
    return file


def url_of(record):
    return reverse("inbox:record_files", args=[str(record.kind), record.pk])


def look(client, record):
    return client.get(url_of(record), headers=HTMX).content.decode()


def test_uploads_and_files_of_mail_are_one_list_newest_first(alice, account, signed_in):
    deal, now = make_deal(alice), timezone.now()
    for number in range(2):
        upload(deal, alice, f"upload-{number}.pdf", at=now - timedelta(hours=2 * number))
        at = now - timedelta(hours=2 * number + 1)
        thread = make_thread(account, f"mail {number}", at=at)
        attach(thread, f"mail-{number}.pdf")
        link(thread, deal=deal)
    text = look(signed_in.as_(alice), deal)
    names = re.findall(r"(upload|mail)-(\d)\.pdf", text)
    assert names == [("upload", "0"), ("mail", "0"), ("upload", "1"), ("mail", "1")]
    assert reverse("inbox:attachment", args=[Attachment.objects.first().key]) in text


def test_pages_neither_repeat_nor_lose(alice, account, signed_in, monkeypatch):
    monkeypatch.setattr(timeline, "PAGE", 3)
    deal, now = make_deal(alice), timezone.now()
    for number in range(4):
        upload(deal, alice, "a.pdf", at=now - timedelta(hours=2 * number))
        thread = make_thread(account, at=now - timedelta(hours=2 * number + 1))
        attach(thread, "b.pdf")
        attach(thread, "c.pdf", section="3")
        link(thread, deal=deal)
    client, url, found = signed_in.as_(alice), url_of(deal), []
    while url:
        text = client.get(url, headers=HTMX).content.decode()
        found.append(FILES.findall(text))
        following = re.search(r'id="timeline-more".*?hx-get="([^"]+)"', text)
        url = following and following[1].replace("&amp;", "&")
    assert [len(page) for page in found] == [3, 3, 2]
    assert [one for page in found for one in page] == ["file", "files"] * 4


def test_files_of_private_mail_leave_no_trace(alice, bob, dana, account, signed_in):
    deal = make_deal(alice)
    before = {who: look(signed_in.as_(who), deal) for who in (bob, dana)}
    thread = make_thread(account, "canary-4711")
    attach(thread, "canary-4711.pdf")
    link(thread, deal=deal)
    for who, empty in before.items():
        assert look(signed_in.as_(who), deal) == empty
    assert "canary-4711.pdf" in look(signed_in.as_(alice), deal)
    account.threads.update(visibility=ThreadVisibility.SHARED)
    for who in before:
        assert "canary-4711.pdf" in look(signed_in.as_(who), deal)


def test_pictures_in_the_text_are_no_files(alice, account, signed_in):
    deal = make_deal(alice)
    thread = make_thread(account)
    link(thread, deal=deal)
    attach(thread, "logo.png", is_inline=True, content_id="logo@x")
    assert "logo.png" not in look(signed_in.as_(alice), deal)
    attach(thread, "photo.png", is_inline=True, section="3")
    assert "photo.png" in look(signed_in.as_(alice), deal)
    assert "logo.png" not in look(signed_in.as_(alice), deal)


def test_a_mail_in_two_mailboxes_is_there_once_and_as_ones_own(alice, bob, account, signed_in):
    deal, others = make_deal(alice), make_account(bob)
    shared = ThreadVisibility.SHARED
    for one in (account, others):
        thread = make_thread(one, visibility=shared)
        attach(thread, "offer.pdf")
        link(thread, deal=deal)
    Email.objects.update(message_id="same@x", message_id_hash=4711)
    for who, own in ((alice, account), (bob, others)):
        text = look(signed_in.as_(who), deal)
        assert FILES.findall(text) == ["files"]
        assert f"files-{own.emails.get().key}" in text


@pytest.mark.parametrize("number", [1, 3])
def test_the_same_few_queries(number, alice, account, signed_in, django_assert_num_queries):
    deal = make_deal(alice)
    for _ in range(number):
        thread = make_thread(account)
        attach(thread, "offer.pdf")
        link(thread, deal=deal)
        upload(deal, alice, "a.pdf")
    client = signed_in.as_(alice)
    look(client, deal)
    with django_assert_num_queries(8):
        look(client, deal)


def test_the_page_of_the_record_asks_for_it(alice, signed_in):
    deal, client = make_deal(alice), signed_in.as_(alice)
    page = client.get(f"{deal.get_absolute_url()}?tab=files").content.decode()
    assert f'hx-get="{url_of(deal)}"' in page
    assert client.get(url_of(deal))["Location"] == f"{deal.get_absolute_url()}?tab=files"
    assert "No files yet" in look(client, deal)
