"""The last mail of records in lists and on boards: each reader's own view of it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.enums import RecordKind
from mailsync.models import Thread
from sharing.enums import ItemVisibility, ThreadVisibility
from tests.factories.crm import make_deal, make_organization, make_person
from tests.factories.mail import link, make_thread
from tests.inbox.test_record_mail import make_record

pytestmark = pytest.mark.django_db


def look(client, kind, *ids):
    return client.get(reverse("inbox:last_mail", args=[kind]), {"id": ids}).content.decode()


@pytest.mark.parametrize("kind", RecordKind.values)
def test_private_mail_leaves_no_trace(alice, bob, dana, account, signed_in, kind):
    record = make_record(kind, alice)
    thread = make_thread(account)
    link(thread, **{kind: record})
    place = f'hx-target="#mail-{kind}-{record.pk}"'
    assert place in look(signed_in.as_(alice), kind, record.pk)
    for who in (bob, dana):
        assert look(signed_in.as_(who), kind, record.pk).strip() == ""
    Thread.objects.update(visibility=ThreadVisibility.SHARED)
    for who in (bob, dana):
        assert place in look(signed_in.as_(who), kind, record.pk)


def test_a_hidden_record_is_not_there(alice, bob, account, signed_in):
    hidden = make_deal(alice, visibility=ItemVisibility.OWNER)
    thread = make_thread(account, visibility=ThreadVisibility.SHARED)
    link(thread, deal=hidden)
    # He sees the conversation, by way of another record.
    link(thread, deal=make_deal(alice, "Seen"))
    assert look(signed_in.as_(bob), "deal", hidden.pk).strip() == ""
    assert look(signed_in.as_(alice), "deal", hidden.pk).strip()


def test_the_newest_counts_whichever_way_it_went(alice, account, signed_in):
    person, now = make_person(alice), timezone.now()
    link(make_thread(account, last_inbound_at=now - timedelta(days=3)), person=person)
    client = signed_in.as_(alice)
    assert "Last mail received" in look(client, "person", person.pk)
    link(make_thread(account, last_outbound_at=now - timedelta(days=1)), person=person)
    assert "Last mail sent" in look(client, "person", person.pk)
    link(make_thread(account, in_trash=True, last_inbound_at=now), person=person)
    assert "Last mail sent" in look(client, "person", person.pk)


def test_what_is_no_number_asks_for_nothing(alice, signed_in):
    assert look(signed_in.as_(alice), "deal", "x", 2**70, "-1").strip() == ""
    assert signed_in.as_(alice).get("/mail/last/activity/").status_code == 404


@pytest.mark.parametrize("number", [1, 3])
def test_one_query_for_all(number, alice, account, signed_in, django_assert_num_queries):
    records = [make_organization(alice, f"Acme {n}") for n in range(number)]
    for record in records:
        link(make_thread(account), organization=record)
    client, ids = signed_in.as_(alice), [record.pk for record in records]
    look(client, "organization", *ids)
    with django_assert_num_queries(3):
        assert look(client, "organization", *ids).count("<hx-partial") == number


def test_lists_and_boards_ask_for_it(alice, signed_in):
    deal = make_deal(alice, person=make_person(alice))
    client = signed_in.as_(alice)
    url = f"{reverse('inbox:last_mail', args=['deal'])}?id={deal.pk}"
    for page in ("/deals/", f"/deals/board/{deal.pipeline_id}/"):
        text = client.get(page).content.decode()
        assert f'hx-get="{url}"' in text
        assert f'id="mail-deal-{deal.pk}"' in text
    assert b"Last mail" not in client.get("/deals/export/").getvalue()
