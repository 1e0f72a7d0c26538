"""Labels and reminders follow a conversation that becomes one with another."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from inbox.models import Label, Reminder, ThreadLabel
from mailsync.domain import thread_joins
from tests.factories.mail import make_account, make_thread

pytestmark = pytest.mark.django_db


def test_labels_and_reminders_follow(alice: Any, bob: Any):
    account = make_account(alice)
    old, new = make_thread(account, "Offer"), make_thread(account, "Re: the offer")
    urgent, offer = Label.objects.create(name="Urgent"), Label.objects.create(name="Offers")
    for thread, label in ((old, offer), (new, offer), (new, urgent)):
        ThreadLabel.objects.create(thread=thread, label=label, put_by=alice)
    now = timezone.now()
    soon, later = now + timedelta(days=1), now + timedelta(days=2)
    for thread, user, due in ((old, alice, later), (new, alice, soon), (new, bob, later)):
        Reminder.objects.create(thread=thread, user=user, due_at=due, since=now)
    kept = thread_joins.merge_threads(new, [old], by=alice)
    assert kept == old
    assert sorted(kept.label_rows.values_list("label__name", flat=True)) == ["Offers", "Urgent"]
    assert dict(kept.reminders.values_list("user", "due_at")) == {alice.pk: soon, bob.pk: later}
    assert not ThreadLabel.objects.filter(thread=new).exists()
    assert not Reminder.objects.filter(thread=new).exists()


def test_the_earlier_reminder_stays(alice: Any):
    account = make_account(alice)
    old, new = make_thread(account, "Offer"), make_thread(account, "Re: the offer")
    now = timezone.now()
    soon, later = now + timedelta(days=1), now + timedelta(days=2)
    for thread, due in ((old, soon), (new, later)):
        Reminder.objects.create(thread=thread, user=alice, due_at=due, since=now)
    kept = thread_joins.merge_threads(old, [new], by=alice)
    assert kept.reminders.get().due_at == soon
    assert Reminder.objects.count() == 1
