"""Acts on very many records: in pieces, by who may, once, and on again after a worker died."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.domain import bulk
from crm.enums import BulkAct, RecordKind
from crm.models import Person, RecordJob, RecordLabel
from sharing.enums import ItemVisibility
from tests.factories.crm import make_person

pytestmark = pytest.mark.django_db
PERSON = RecordKind.PERSON


@pytest.fixture
def people(alice):
    return [make_person(alice, f"Person {number}", "").pk for number in range(5)]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 3)
    monkeypatch.setattr(bulk, "PIECE", 2)


def begin(by, act, ids, value=""):
    job = bulk.begin(PERSON, act, ids, value=value, by=by)
    bulk.run(job.pk)
    job.refresh_from_db()
    return job


def test_it_goes_through_all_pieces(alice, bob, people):
    job = begin(alice, BulkAct.OWNER, people, str(bob.pk))
    assert Person.objects.filter(owner=bob).count() == 5
    assert (job.done_number, job.changed_number) == (5, 5)
    assert job.finished_at


@pytest.mark.parametrize("act", bulk.ACTS_ON_RECORDS)
def test_each_act_does_the_same_as_at_once(alice, bob, people, act):
    label = RecordLabel.objects.create(kind="person", name="Key")
    value = {"owner": bob.pk, "label": label.pk, "visibility": "owner"}.get(act, "")
    begin(alice, BulkAct(act), people, str(value))
    changed = {
        "owner": Person.objects.filter(owner=bob),
        "label": Person.objects.filter(labels=label),
        "visibility": Person.objects.filter(visibility="owner"),
        "delete": Person.objects.in_bin(),
    }
    assert changed[act].count() == 5


def test_what_one_may_is_asked_for_each_piece(alice, carol, people):
    """Hidden from him between the first piece and the second: those stay as they are."""
    job = bulk.begin(PERSON, BulkAct.DELETE, people, value="", by=carol)
    assert bulk._piece(job.pk)
    Person.objects.kept().update(visibility=ItemVisibility.OWNER)
    bulk.run(job.pk)
    assert Person.objects.in_bin().count() == 2
    job.refresh_from_db()
    assert job.changed_number == 2


def test_others_do_not_change_who_sees_a_record(carol, dana, people):
    assert begin(carol, BulkAct.VISIBILITY, people, "owner").changed_number == 0
    assert begin(dana, BulkAct.VISIBILITY, people, "owner").changed_number == 5


def test_it_ends_with_its_user(alice, people):
    job = bulk.begin(PERSON, BulkAct.DELETE, people, value="", by=alice)
    bulk._piece(job.pk)
    alice.is_active = False
    alice.save()
    bulk.run(job.pk)
    job.refresh_from_db()
    assert job.finished_at
    assert Person.objects.in_bin().count() == 2


def test_run_twice_it_does_nothing_twice(alice, bob, people):
    job = begin(alice, BulkAct.OWNER, people, str(bob.pk))
    Person.objects.update(owner=alice)
    bulk.run(job.pk)
    assert not Person.objects.filter(owner=bob).exists()


def test_a_lost_one_is_taken_up_and_an_old_one_forgotten(
    alice, people, django_capture_on_commit_callbacks
):
    job = bulk.begin(PERSON, BulkAct.DELETE, people, value="", by=alice)
    long_ago = timezone.now() - timedelta(days=2)
    RecordJob.objects.filter(pk=job.pk).update(touched_at=long_ago, created_at=long_ago)
    with django_capture_on_commit_callbacks() as rung:
        bulk.sweep()
        bulk.sweep()
    assert len(rung) == 1
    bulk.run(job.pk)
    assert Person.objects.in_bin().count() == 5
    bulk.sweep()
    assert not RecordJob.objects.exists()


def test_many_are_followed_and_few_are_done_at_once(alice, bob, people, signed_in):
    client, url = signed_in.as_(alice), reverse("crm:people_bulk_owner")
    htmx = {"HX-Request": "true"}
    few = client.post(url, {"ids": people[:3], "owner": bob.pk}, headers=htmx)
    assert few["HX-Redirect"] == reverse("crm:people")
    assert not RecordJob.objects.exists()
    many = client.post(f"{url}?q=person", {"scope": "filter", "owner": bob.pk}, headers=htmx)
    job = RecordJob.objects.get()
    page = reverse("crm:record_job", args=[job.pk])
    assert f'hx-get="{page}"' in many.content.decode()
    assert b"0 of 5 records" in client.get(page, headers=htmx).content
    assert b"0 of 5 records" in client.get(page).content
    bulk.run(job.pk)
    over = client.get(page, headers=htmx)
    assert over["HX-Trigger"] == "records-changed"
    assert b"5 records have a new owner." in over.content
    assert b"5 records have a new owner." in client.get(page).content


def test_without_script_many_lead_to_the_jobs_page(alice, people, signed_in):
    client = signed_in.as_(alice)
    response = client.post(reverse("crm:people_bulk_delete"), {"ids": people})
    assert response["Location"] == reverse("crm:record_job", args=[RecordJob.objects.get().pk])


def test_a_job_is_its_users_alone(alice, bob, dana, people, signed_in):
    job = bulk.begin(PERSON, BulkAct.DELETE, people, value="", by=alice)
    url = reverse("crm:record_job", args=[job.pk])
    assert signed_in.as_(alice).get(url).status_code == 200
    for who in (bob, dana):
        assert signed_in.as_(who).get(url).status_code == 404
