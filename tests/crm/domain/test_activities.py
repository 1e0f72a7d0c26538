"""Acts on many activities: by who sees them, and with news to the deals they are about."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.domain import bulk
from crm.domain.activities import add_activity
from crm.enums import BulkAct, ListKind
from crm.models import Activity, Deal
from crm.signals import deal_moved
from sharing.enums import ItemVisibility
from tests.factories.crm import make_deal
from users.models import User

pytestmark = pytest.mark.django_db
KIND = ListKind.ACTIVITY


@pytest.fixture
def deal(alice: User) -> Deal:
    return make_deal(alice)


@pytest.fixture
def calls(alice: User, deal: Deal) -> list[int]:
    """Two about a deal that everybody sees, one about nothing, which is alice's own."""
    about: list[dict[str, Any]] = [{"deal": deal}, {"deal": deal}, {}]
    return [add_activity(by=alice, title=f"Call {n}", **more).pk for n, more in enumerate(about)]


def test_each_act(alice: User, bob: User, calls: list[int]) -> None:
    def act(act: BulkAct, value: str = "") -> int:
        return bulk.apply(KIND, act, calls, value=value, by=alice)

    assert act(BulkAct.ASSIGN, str(bob.pk)) == 3
    assert Activity.objects.filter(assigned_to=bob).count() == 3
    assert act(BulkAct.DUE, "2027-01-02") == 3
    assert Activity.objects.filter(due_date=date(2027, 1, 2)).count() == 3
    assert (act(BulkAct.DONE), act(BulkAct.DONE)) == (3, 0), "twice is done once"
    assert not Activity.objects.planned().exists()
    assert (act(BulkAct.DELETE), act(BulkAct.DELETE)) == (3, 0)
    assert not Activity.objects.exists()


def test_only_what_one_sees(bob: User, deal: Deal, calls: list[int]) -> None:
    assert bulk.apply(KIND, BulkAct.DONE, calls, value="", by=bob) == 2
    Deal.objects.update(visibility=ItemVisibility.OWNER)
    assert bulk.apply(KIND, BulkAct.DELETE, calls, value="", by=bob) == 0
    assert Activity.objects.count() == 3


def test_deal_is_not_rotting_and_its_card_is_told(
    alice: User, deal: Deal, calls: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    Deal.objects.update(touched_at=timezone.now() - timedelta(days=30))
    told: list[int] = []

    def hear(deal_id: int, **_: Any) -> None:
        told.append(deal_id)

    deal_moved.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            bulk.apply(KIND, BulkAct.DONE, calls, value="", by=alice)
    finally:
        deal_moved.disconnect(hear)
    assert told == [deal.pk]
    deal.refresh_from_db()
    assert deal.touched_at > timezone.now() - timedelta(minutes=1)


def test_in_the_background_as_well(alice: User, calls: list[int], monkeypatch: Any) -> None:
    monkeypatch.setattr(bulk, "PIECE", 2)
    job = bulk.begin(KIND, BulkAct.DONE, calls, value="", by=alice)
    bulk.run(job.pk)
    job.refresh_from_db()
    assert (job.changed_number, Activity.objects.planned().count()) == (3, 0)


def test_list_takes_the_ticked_or_all_that_match(
    alice: User, bob: User, calls: list[int], signed_in: Any
) -> None:
    client = signed_in.as_(alice)
    page = client.get("/activities/").content.decode()
    assert page.count('name="ids"') == 3
    done = reverse("crm:activities_bulk_done")
    assert client.get(done).status_code == 405
    answer = client.post(done, {"ids": calls[:1]})
    assert (answer.status_code, answer["Location"]) == (303, "/activities/")
    assert "1 activity done." in client.get("/activities/").content.decode()
    assert Activity.objects.planned().count() == 2
    due = reverse("crm:activities_bulk_due")
    client.post(due, {"scope": "filter", "due": ""})
    assert not Activity.objects.filter(due_date__isnull=False).exists(), "no day, no act"
    client.post(f"{due}?q=call+2", {"scope": "filter", "due": "2027-01-02"})
    assert Activity.objects.get(due_date=date(2027, 1, 2)).pk == calls[2]
    assign = reverse("crm:activities_bulk_assign")
    client.post(assign, {"ids": calls, "assign": bob.pk}, headers={"HX-Request": "true"})
    assert Activity.objects.filter(assigned_to=bob).count() == 3
    delete = reverse("crm:activities_bulk_delete")
    assert (
        "1 activity deleted."
        in client.post(delete, {"ids": calls[:1]}, follow=True).content.decode()
    )
