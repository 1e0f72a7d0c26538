from datetime import timedelta
from typing import Any, Self

import pytest
from django.utils import timezone

from crm.domain import deals, leads, records
from crm.enums import DealStatus, RecordKind
from crm.errors import ConflictError, NotPossibleError
from crm.models import Lead, Note
from crm.signals import record_closed, record_converted, record_opened
from tests.factories.crm import make_deal, make_pipeline
from users.models import User


class Heard:
    """What a signal said, while connected."""

    def __init__(self, signal: Any) -> None:
        self.news: list[dict[str, Any]] = []
        self.signal = signal

    def __call__(self, **news: Any) -> None:
        self.news.append({k: v for k, v in news.items() if k not in ("signal", "sender")})

    def __enter__(self) -> Self:
        self.signal.connect(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.signal.disconnect(self)


def in_column(stage: Any) -> list[str]:
    return [deal.title for deal in deals.open_column(stage).order_by("position", "pk")]


def test_a_card_goes_before_another_and_to_the_end(alice: User) -> None:
    new, offer = make_pipeline().stages.all()
    first, second, third = (deals.add_deal(by=alice, title=t, stage=new) for t in "abc")
    deals.move_deal(third, stage=new, before=first.pk)
    assert in_column(new) == ["c", "a", "b"]
    deals.move_deal(third, stage=new, before=second.pk)
    assert in_column(new) == ["a", "c", "b"]
    deals.move_deal(first, stage=offer)
    deals.move_deal(second, stage=offer, before=first.pk)
    assert (in_column(new), in_column(offer)) == (["c"], ["b", "a"])


def test_a_hundred_moves_into_the_same_gap_keep_the_order(alice: User) -> None:
    stage = make_pipeline().stages.first()
    a, b, c = (deals.add_deal(by=alice, title=t, stage=stage) for t in "abc")
    for turn in range(100):
        mover = (b, c)[turn % 2]
        other = (c, b)[turn % 2]
        deals.move_deal(mover, stage=stage, before=other.pk)
        assert in_column(stage) == ["a", mover.title, other.title]
    assert a.position < b.position


def test_who_moves_an_old_card_is_told(alice: User) -> None:
    new, offer = make_pipeline().stages.all()
    deal = deals.add_deal(by=alice, title="a", stage=new)
    seen = deal.version
    deals.move_deal(deal, stage=offer, version=seen)
    with pytest.raises(ConflictError):
        deals.move_deal(deal, stage=new, version=seen)
    deal.refresh_from_db()
    assert deal.stage == offer


def test_won_twice_is_won_once_and_then_not_lost(
    alice: User, django_capture_on_commit_callbacks: Any
) -> None:
    deal = make_deal(alice)
    with Heard(record_closed) as closed, django_capture_on_commit_callbacks(execute=True):
        deals.win_deal(deal)
        deals.win_deal(deal)
    assert closed.news == [{"kind": RecordKind.DEAL, "record_id": deal.pk}]
    with pytest.raises(NotPossibleError):
        deals.lose_deal(deal, reason="price")
    assert (deal.status, deal.lost_reason) == (DealStatus.WON, "")


def test_reopening_forgets_the_loss(alice: User, django_capture_on_commit_callbacks: Any) -> None:
    deal = make_deal(alice)
    deals.lose_deal(deal, reason="price")
    with Heard(record_opened) as opened, django_capture_on_commit_callbacks(execute=True):
        deals.reopen_deal(deal)
    assert (deal.status, deal.lost_at, deal.lost_reason) == (DealStatus.OPEN, None, "")
    assert len(opened.news) == 1


def test_a_lead_becomes_a_deal_and_a_lead_again(
    alice: User, django_capture_on_commit_callbacks: Any
) -> None:
    stage = make_pipeline().stages.first()
    lead = leads.add_lead(by=alice, title="Acme", value=100)
    note = Note.objects.create(lead=lead, text="hello", author=alice)
    with Heard(record_converted) as heard, django_capture_on_commit_callbacks(execute=True):
        deal = leads.convert_lead(lead, by=alice, stage=stage, value=200, currency="EUR")
    note.refresh_from_db()
    assert (deal.title, deal.value, note.deal, note.lead) == ("Acme", 200, deal, None)
    assert heard.news[0]["to_id"] == deal.pk
    with pytest.raises(NotPossibleError):
        leads.convert_lead(lead, by=alice, stage=stage, value=None, currency="EUR")
    back = leads.turn_deal_into_lead(deal, by=alice)
    note.refresh_from_db()
    deal.refresh_from_db()
    assert (back, back.converted_at, note.lead, note.deal) == (lead, None, lead, None)
    assert deal.deleted_at is not None
    assert Lead.objects.count() == 1


def test_the_bin_takes_gives_back_and_is_emptied(
    alice: User, bob: User, time_machine: Any, django_capture_on_commit_callbacks: Any
) -> None:
    deal = make_deal(alice)
    with Heard(record_closed) as closed, django_capture_on_commit_callbacks(execute=True):
        records.bin_record(deal, by=bob)
        records.bin_record(deal, by=bob)
    assert len(closed.news) == 1
    assert not type(deal).objects.visible_to(alice).exists()
    records.restore_record(deal)
    assert type(deal).objects.visible_to(alice).exists()
    records.bin_record(deal, by=bob)
    assert records.purge_bin() == 0
    time_machine.move_to(timezone.now() + timedelta(days=31))
    assert records.purge_bin() == 1
    assert not type(deal).objects.exists()
