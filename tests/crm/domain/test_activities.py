from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm.domain import activities
from crm.models import Activity, Deal
from crm.signals import deal_moved
from tests.crm.domain.test_deals import Heard
from tests.factories.crm import make_deal
from users.models import User


@pytest.fixture
def deal(alice: User) -> Deal:
    """A deal that nothing was done about for a month."""
    deal = make_deal(alice)
    Deal.objects.filter(pk=deal.pk).update(touched_at=timezone.now() - timedelta(days=30))
    return deal


def is_touched(deal: Deal) -> bool:
    deal.refresh_from_db()
    touched = deal.touched_at > timezone.now() - timedelta(minutes=1)
    Deal.objects.filter(pk=deal.pk).update(touched_at=timezone.now() - timedelta(days=30))
    return touched


def test_every_act_on_an_activity_touches_its_deal_and_tells_the_board(
    alice: User, bob: User, deal: Deal, django_capture_on_commit_callbacks: Any
) -> None:
    assert not is_touched(deal)
    activity = activities.add_activity(by=alice, title=" Call ", deal=deal)
    assert (activity.title, activity.assigned_to, activity.created_by) == ("Call", alice, alice)
    assert is_touched(deal)
    for act in (
        lambda: activities.change_activity(activity, assigned_to=bob),
        lambda: activities.finish_activity(activity),
        lambda: activities.reopen_activity(activity),
        lambda: activities.delete_activity(activity),
    ):
        with Heard(deal_moved) as heard, django_capture_on_commit_callbacks(execute=True):
            act()
        assert heard.news == [{"deal_id": deal.pk}]
        assert is_touched(deal)
    assert not Activity.objects.exists()


def test_done_twice_keeps_the_first_moment_and_is_no_news(alice: User, deal: Deal) -> None:
    activity = activities.add_activity(by=alice, title="Call", deal=deal)
    activities.finish_activity(activity)
    done_at = activity.done_at
    assert is_touched(deal)
    activities.finish_activity(activity)
    assert activity.done_at == done_at
    assert not is_touched(deal)


def test_many_at_once_touch_each_deal_and_count_what_changed(
    alice: User, bob: User, deal: Deal
) -> None:
    for title in ("Call", "Visit"):
        activities.add_activity(by=alice, title=title, deal=deal)
    activities.add_activity(by=alice, title="Think")
    activities.finish_activity(Activity.objects.get(title="Call"))
    is_touched(deal)
    everything = Activity.objects.order_by("pk")
    assert activities.assign_activities(everything, to=bob) == 3
    assert set(everything.values_list("assigned_to", flat=True)) == {bob.pk}
    assert activities.finish_activities(everything) == 2
    assert activities.finish_activities(everything) == 0
    assert is_touched(deal)
    assert activities.delete_activities(everything.filter(title="Visit")) == 1
    assert list(everything.values_list("title", flat=True)) == ["Call", "Think"]


def test_a_note_is_kept_without_its_margins_and_pinned_and_unpinned(
    alice: User, deal: Deal
) -> None:
    note = activities.add_note(deal, by=alice, text=" They want blue. ")
    assert (note.text, note.deal, note.author) == ("They want blue.", deal, alice)
    assert is_touched(deal)
    activities.change_note(note, text=" Red. ")
    activities.pin_note(note)
    note.refresh_from_db()
    assert note.text == "Red."
    assert note.pinned_at is not None
    activities.unpin_note(note)
    note.refresh_from_db()
    assert note.pinned_at is None
