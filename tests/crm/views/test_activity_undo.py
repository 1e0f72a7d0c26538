"""A deleted activity can be brought back by who deleted it, as it was."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.models import Activity, Deal
from sharing.enums import ItemVisibility
from tests.factories.crm import make_deal, make_person
from users.models import User

HTMX = {"HX-Request": "true"}


@pytest.fixture
def deal(alice: User) -> Deal:
    return make_deal(alice)


@pytest.fixture
def activity(alice: User, bob: User, deal: Deal) -> Activity:
    made = Activity.objects.create(
        title="Canarycall",
        note="About the price",
        due_date=date(2026, 3, 4),
        due_time=time(9, 30),
        assigned_to=bob,
        created_by=alice,
        person=make_person(alice),
        deal=deal,
    )
    # Long ago: nothing of it is new when it comes back.
    long_ago = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    Activity.objects.update(created_at=long_ago, done_at=long_ago)
    return made


def url_of(activity_pk: int, act: str) -> str:
    return reverse(f"crm:activity_{act}", args=[activity_pk])


def deleted_by(client: Client, pk: int) -> None:
    assert client.post(url_of(pk, "delete")).status_code == 303
    assert not Activity.objects.filter(pk=pk).exists()


def test_the_delete_offers_a_way_back_and_undo_restores_every_field(
    alice: User, activity: Activity, signed_in: Any
) -> None:
    client, before = signed_in.as_(alice), Activity.objects.values().get()
    pk, back = activity.pk, "/contacts/people/1/"
    deleted = client.post(url_of(pk, "delete"), {"next": back})
    assert (deleted.status_code, deleted.url) == (303, back)
    page = client.get("/activities/").content.decode()
    undo = f"{url_of(pk, 'restore')}?next=%2Fcontacts%2Fpeople%2F1%2F"
    assert "“Canarycall” is deleted." in page
    assert f'action="{undo}"' in page
    restored = client.post(undo)
    assert (restored.status_code, restored.url) == (303, back)
    assert Activity.objects.values().get() == before


def test_with_htmx_the_toast_is_on_the_page_it_leads_to(
    alice: User, activity: Activity, signed_in: Any
) -> None:
    client, pk = signed_in.as_(alice), activity.pk
    answer = client.post(url_of(pk, "delete"), headers=HTMX)
    assert answer["HX-Redirect"] == "/activities/"
    assert url_of(pk, "restore") in client.get("/activities/").content.decode()


def test_undone_twice_it_is_there_once_and_keeps_what_was_changed_since(
    alice: User, activity: Activity, signed_in: Any
) -> None:
    client, pk = signed_in.as_(alice), activity.pk
    deleted_by(client, pk)
    client.post(url_of(pk, "restore"))
    Activity.objects.update(title="Visit")
    assert client.post(url_of(pk, "restore")).status_code == 303
    assert Activity.objects.get().title == "Visit"


def test_nobody_else_undoes_it(
    alice: User, bob: User, dana: User, activity: Activity, signed_in: Any
) -> None:
    deleted_by(signed_in.as_(alice), activity.pk)
    for user in (alice, bob, dana):  # alice in another browser
        answer = signed_in.as_(user).post(url_of(activity.pk, "restore"))
        assert answer.status_code == 404
    assert Client().post(url_of(activity.pk, "restore")).status_code == 302
    assert signed_in.as_(alice).get(url_of(activity.pk, "restore")).status_code == 405
    assert not Activity.objects.exists()


def test_who_does_not_see_it_any_more_does_not_bring_it_back(
    alice: User, carol: User, activity: Activity, deal: Deal, signed_in: Any
) -> None:
    client, pk = signed_in.as_(carol), activity.pk
    deleted_by(client, pk)
    Deal.objects.filter(pk=deal.pk).update(visibility=ItemVisibility.OWNER)
    assert client.post(url_of(pk, "restore")).status_code == 404
    assert not Activity.objects.exists()
    # The way back itself works for her: it was the sight that was missing.
    Deal.objects.filter(pk=deal.pk).update(visibility=ItemVisibility.COMPANY)
    assert client.post(url_of(pk, "restore")).status_code == 303


def test_about_a_record_that_is_gone_for_good_it_stays_gone(
    alice: User, activity: Activity, deal: Deal, signed_in: Any
) -> None:
    client, pk = signed_in.as_(alice), activity.pk
    deleted_by(client, pk)
    deal.delete()
    assert client.post(url_of(pk, "restore")).status_code == 404


def test_the_session_keeps_the_last_few(alice: User, signed_in: Any) -> None:
    client = signed_in.as_(alice)
    made = [
        Activity.objects.create(title=f"Call {n}", assigned_to=alice, created_by=alice).pk
        for n in range(6)
    ]
    for pk in made:
        deleted_by(client, pk)
    statuses = [client.post(url_of(pk, "restore")).status_code for pk in made]
    assert statuses == [404, 303, 303, 303, 303, 303]
