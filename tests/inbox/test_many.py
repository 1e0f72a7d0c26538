"""What lists ask for beside their rows: the number of all, the pill, jobs, a moment to choose."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from inbox.domain import jobs
from inbox.domain.queries.lists import Cursor
from inbox.models import BulkJob
from mailsync.models import Thread
from tests.factories.crm import make_deal
from tests.factories.mail import START, link, make_account, make_thread

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def bulk(client, account, number, **given):
    threads = Thread.objects.bulk_create(
        Thread(
            account=account,
            subject=f"Bulk {n}",
            email_count=1,
            unread_count=1,
            first_email_at=START + timedelta(seconds=n),
            last_email_at=START + timedelta(seconds=n),
            in_inbox=True,
        )
        for n in range(number)
    )
    return [thread.key for thread in threads]


def test_number_of_all_that_match(alice, bob, account, signed_in):
    bulk(None, account, 1284)
    make_thread(account, unread_count=0)
    make_thread(make_account(bob), "Hidden")
    client = signed_in.as_(alice)
    url = reverse("inbox:box_number", args=["inbox"])
    assert client.get(url).content.decode().strip() == "Select all 1,285 in Inbox"
    assert "Select all 1,284 in Inbox" in client.get(url, {"tab": "unread"}).content.decode()
    assert "Select all 0" in signed_in.as_(bob).get(url, {"tab": "linked"}).content.decode()


def test_many_become_a_job_and_its_toast_tells_how_far(
    alice, account, signed_in, django_capture_on_commit_callbacks
):
    keys = bulk(None, account, jobs.AT_ONCE + 1)
    client = signed_in.as_(alice)
    url = reverse("inbox:threads_act", args=["mute"])
    begun = client.post(url, {"thread": keys}, headers=HTMX).content.decode()
    assert "Mute: 0 of 201 conversations" in begun
    job = BulkJob.objects.get()
    toast = reverse("inbox:job", args=[job.key])
    assert toast in begun
    assert client.get(toast, headers=HTMX).content.decode().count("0 of 201") == 1
    jobs.run(job.pk)
    ended = client.get(toast, headers=HTMX)
    assert "201 conversations muted." in ended.content.decode()
    assert "hx-trigger" not in ended.content.decode()
    assert "threads-changed" in ended.headers["HX-Trigger"]
    assert Thread.objects.exclude(muted_at=None).count() == 201
    undo = re.search(r'action="(/undo/[^"]+)"', ended.content.decode()).group(1)
    client.post(undo)
    assert not Thread.objects.exclude(muted_at=None).exists()


def test_a_job_without_script_says_that_it_goes_on(alice, account, signed_in):
    keys = bulk(None, account, jobs.AT_ONCE + 1)
    client = signed_in.as_(alice)
    answer = client.post(
        reverse("inbox:threads_act", args=["mute"]),
        {"scope": "all", "box": "inbox", "filter": ""},
        follow=True,
    )
    assert "Mute: 201 conversations. This goes on by itself." in answer.content.decode()
    assert BulkJob.objects.get().number == len(keys)


def test_few_are_done_at_once(alice, account, signed_in):
    keys = bulk(None, account, 3)
    signed_in.as_(alice).post(reverse("inbox:threads_act", args=["mute"]), {"thread": keys})
    assert not BulkJob.objects.exists()
    assert Thread.objects.exclude(muted_at=None).count() == 3


def test_a_job_is_its_users_alone(alice, bob, account, signed_in):
    job = jobs.begin("mute", [make_thread(account).pk], by=alice)
    assert signed_in.as_(bob).get(reverse("inbox:job", args=[job.key])).status_code == 404


@pytest.mark.parametrize("later", ["gone", "no longer his"])
def test_toast_of_a_job_names_nobody_for_what_is_no_longer_ones_own(
    later, alice, bob, account, signed_in
):
    thread = make_thread(account)
    link(thread, deal=make_deal(bob))
    job = jobs.begin("share", [thread.pk], by=alice)
    jobs.run(job.pk)
    client, url = signed_in.as_(alice), reverse("inbox:job", args=[job.key])
    assert "Bob" in client.get(url, headers=HTMX).content.decode()
    if later == "gone":
        thread.delete()
    else:
        type(account).objects.update(owner=bob)
    answer = client.get(url, headers=HTMX)
    assert answer.status_code == 200
    assert "Conversation shared." in answer.content.decode()
    assert "Bob" not in answer.content.decode()


def test_pill_counts_what_is_newer_than_the_first_row(alice, bob, account, signed_in):
    known = make_thread(account)
    client = signed_in.as_(alice)
    url = reverse("inbox:box_new", args=["inbox"])
    since = Cursor(at=known.last_email_at, thread_id=known.pk).text()
    page = client.get(reverse("inbox:box", args=["inbox"])).content.decode()
    assert f"since={since}" in page
    assert " hidden>" in client.get(url, {"since": since}).content.decode()
    for _ in range(3):
        make_thread(account)
    make_thread(make_account(bob), "Hidden")
    text = client.get(url, {"since": since}).content.decode()
    assert "3 new conversations" in text
    assert " hidden>" not in text
    assert " hidden>" in client.get(url, {"since": "forged"}).content.decode()
    bulk(None, account, 150)
    Thread.objects.filter(subject__startswith="Bulk").update(last_email_at=timezone.now())
    assert "99+ new conversations" in client.get(url, {"since": since}).content.decode()


def test_a_moment_of_ones_own(alice, account, signed_in):
    threads = [make_thread(account), make_thread(account)]
    client = signed_in.as_(alice)
    page = client.get(
        reverse("inbox:snooze_pick"), {"thread": [t.key for t in threads], "box": "inbox"}
    ).content.decode()
    assert page.count('name="thread"') == 2
    assert 'type="datetime-local"' in page
    until = (timezone.localtime() + timedelta(days=3)).replace(second=0, microsecond=0)
    client.post(
        reverse("inbox:threads_act", args=["snooze"]),
        {"thread": [t.key for t in threads], "until": until.strftime("%Y-%m-%dT%H:%M")},
    )
    assert set(Thread.objects.values_list("snoozed_until", flat=True)) == {until}


def test_acts_in_a_row_have_the_addresses_of_acts(alice, account, signed_in):
    thread = make_thread(account)
    page = signed_in.as_(alice).get(reverse("inbox:box", args=["inbox"])).content.decode()
    for act in ("archive", "trash", "read", "star"):
        assert page.count(f'hx-post="{reverse("inbox:thread_act", args=[thread.key, act])}"') == 1
