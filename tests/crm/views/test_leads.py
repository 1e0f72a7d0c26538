"""The leads inbox: rows beside the lead that is open, by state, archived and back."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from common.paging import keyset_page
from crm.models import Deal, Lead
from tests.factories.crm import make_person, make_pipeline

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
ROW = re.compile(r'<li class="row lead-row" id="lead-(\d+)"')


def rows(client, query="", target="section#list-pane"):
    response = client.get(f"/leads/{query}", headers={**HTMX, "HX-Target": target})
    return [int(pk) for pk in ROW.findall(response.content.decode())]


@pytest.fixture
def leads(alice):
    now, person = timezone.now(), make_person(alice)
    fields = {
        "open": {"source": "Trade fair", "value": 12500, "person": person},
        "archived": {"archived_at": now},
        "converted": {"converted_at": now},
    }
    return {
        name: Lead.objects.create(owner=alice, title=name, **given)
        for name, given in fields.items()
    }


@pytest.mark.parametrize("state", ["open", "archived", "converted"])
def test_each_state_is_a_tab_of_its_own(state, leads, alice, signed_in):
    query = "" if state == "open" else f"?state={state}"
    assert rows(signed_in.as_(alice), query) == [leads[state].pk]
    page = signed_in.as_(alice).get(f"/leads/{query}").content.decode()
    (current,) = re.findall(r'class="tabs__tab" href="([^"]*)" aria-current="page"', page)
    assert current == f"/leads/{query or '?'}"


def test_a_row_says_who_how_much_and_from_where(leads, alice, signed_in):
    page = signed_in.as_(alice).get("/leads/?source=trade+fair").content.decode()
    for text in ("Ada Byron", "12,500", "Trade fair", f'id="mail-lead-{leads["open"].pk}"'):
        assert text in page
    # The other filters stay when one goes to another tab.
    assert "/leads/?source=trade+fair&amp;state=archived" in page


def test_the_lead_stands_beside_its_list(leads, alice, signed_in):
    url = leads["open"].get_absolute_url()
    page = signed_in.as_(alice).get(url).content.decode()
    assert page.count("<h1") == 1
    assert 'id="list-pane"' in page
    assert 'hx-get="/leads/" hx-trigger="load"' in page
    assert f'data-record="lead-{leads["open"].pk}"' in page


def test_pages_of_the_list_go_on_where_the_last_ended(alice, signed_in, monkeypatch):
    monkeypatch.setitem(keyset_page.__kwdefaults__, "size", 2)
    made = [Lead.objects.create(owner=alice, title=f"Lead {n}").pk for n in range(5)]
    client, query, found = signed_in.as_(alice), "", []
    while query is not None:
        headers = {**HTMX, "HX-Target": "li#list-more"}
        text = client.get(f"/leads/{query}", headers=headers).content.decode()
        found += [int(pk) for pk in ROW.findall(text)]
        more = re.search(r'id="list-more"[^>]*><a[^>]*hx-get="/leads/([^"]+)"', text)
        query = more[1].replace("&amp;", "&") if more else None
    assert found == made[::-1]


def test_archived_and_back_by_the_toast(leads, alice, signed_in):
    lead, client = leads["open"], signed_in.as_(alice)
    url = reverse("crm:lead_archive", args=[lead.pk])
    page = client.post(f"{url}?next=/leads/", follow=True).content.decode()
    assert rows(client) == []
    undo = reverse("crm:lead_unarchive", args=[lead.pk])
    assert f'action="{undo}"' in page
    assert client.post(undo).status_code == 303
    assert rows(client) == [lead.pk]


def test_converted_to_a_deal_and_back(leads, alice, signed_in):
    lead, client = leads["open"], signed_in.as_(alice)
    stage = make_pipeline().stages.first()
    data = {"stage": stage.pk, "value": "9000", "currency": "EUR"}
    response = client.post(reverse("crm:lead_convert", args=[lead.pk]), data)
    deal = Deal.objects.get()
    assert response["Location"] == deal.get_absolute_url()
    assert (deal.title, deal.value, deal.person) == (lead.title, 9000, lead.person)
    page = client.get(deal.get_absolute_url()).content.decode()
    assert f"“{lead}” is a deal now." in page
    # It changes the record, so it must not read like the way to another page.
    assert "Turn into a lead" in page
    assert sorted(rows(client, "?state=converted")) == sorted([leads["converted"].pk, lead.pk])
    response = client.post(reverse("crm:deal_to_lead", args=[deal.pk]))
    assert response["Location"] == lead.get_absolute_url()
    assert f"“{lead}” is a lead now." in client.get(lead.get_absolute_url()).content.decode()
    assert rows(client) == [lead.pk]
