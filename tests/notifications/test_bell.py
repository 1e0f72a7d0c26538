"""The bell: words for the reader, and nothing about what the reader may no longer see."""

import re
from typing import Any

import pytest

from common.opaque import seal
from crm.models import Deal
from notifications.domain import bell
from notifications.models import LiveEvent, Notification
from sharing.enums import ItemVisibility
from tests.factories.crm import make_deal
from users.models import User


def key_of(line: Notification) -> str:
    return seal("notification", line.pk)


def deal_lines(reader: User, ids: set[int]) -> dict[int, bell.Line]:
    deals = Deal.objects.visible_to(reader).filter(pk__in=ids)
    return {
        deal.pk: bell.Line(text=f"Won {deal.title}", url=f"/deals/{deal.pk}/") for deal in deals
    }


@pytest.fixture(autouse=True)
def kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell, "_renderers", {})
    bell.register_kind("deal-won", deal_lines)


@pytest.fixture
def deal(alice: User, bob: User, eve: User) -> Deal:
    deal = make_deal(alice, title="Acme canary")
    bell.notify([bob, eve], kind="deal-won", subject_id=deal.pk)
    return deal


def test_line_is_shown_counted_and_read(deal: Deal, bob: User, signed_in: Any) -> None:
    client = signed_in.as_(bob)
    assert b"Won Acme canary" in client.get("/notifications/").content
    assert b"Won Acme canary" in client.get("/notifications/popover/").content
    assert b">1 <" in client.get("/notifications/count/").content
    number = key_of(Notification.objects.get())
    response = client.post(f"/notifications/{number}/open/")
    assert (response.status_code, response["Location"]) == (303, f"/deals/{deal.pk}/")
    assert bell.unread_count(bob) == 0


def test_line_goes_when_the_right_goes(deal: Deal, bob: User, signed_in: Any) -> None:
    client = signed_in.as_(bob)
    Deal.objects.update(visibility=ItemVisibility.OWNER)
    number = key_of(Notification.objects.get())
    for page in ("/notifications/", "/notifications/popover/"):
        assert b"canary" not in client.get(page).content
    assert bell.unread_count(bob) == 0
    assert client.post(f"/notifications/{number}/open/").status_code == 404


def test_lines_do_not_tell_how_many_others_get(deal: Deal, bob: User, signed_in: Any) -> None:
    """Numbers of rows would: those between two of one's own are colleagues' lines."""
    for _ in range(60):
        bell.notify([bob], kind="deal-won", subject_id=deal.pk)
    client = signed_in.as_(bob)
    content = client.get("/notifications/").content.decode()
    named = re.findall(
        r'/notifications/([^/"]+)/open/|name="up_to" value="([^"]*)"|after=([^"]*)"', content
    )
    assert len(named) == 52
    assert {len("".join(one)) for one in named} == {22}
    older = next(one[2] for one in named if one[2])
    assert client.get("/notifications/", {"after": older}).content.count(b"/open/") == 11
    number = Notification.objects.order_by("pk").first().pk
    assert client.post(f"/notifications/{number}/open/").status_code == 404
    assert client.post("/notifications/read/", {"up_to": str(number)}).status_code == 404


def test_deactivated_user_gets_no_line(deal: Deal, eve: User) -> None:
    assert not Notification.objects.filter(user=eve).exists()


def test_others_lines_are_not_mine(deal: Deal, carol: User, signed_in: Any) -> None:
    number = key_of(Notification.objects.get())
    client = signed_in.as_(carol)
    assert client.post(f"/notifications/{number}/open/").status_code == 404
    client.post("/notifications/read/", {"up_to": str(number)})
    assert Notification.objects.get().read_at is None


def test_marking_read_leaves_what_came_later(deal: Deal, bob: User, signed_in: Any) -> None:
    first = key_of(Notification.objects.get())
    bell.notify([bob], kind="deal-won", subject_id=deal.pk)
    signed_in.as_(bob).post("/notifications/read/", {"up_to": str(first)})
    assert bell.unread_count(bob) == 1


def test_unknown_kind_is_a_mistake(bob: User) -> None:
    with pytest.raises(ValueError, match="no-such"):
        bell.notify([bob], kind="no-such", subject_id=1)


def test_bell_rings_for_its_reader_only(deal: Deal, bob: User) -> None:
    assert list(LiveEvent.objects.values_list("user", "name")) == [(bob.pk, "bell-changed")]


@pytest.mark.parametrize("count", [1, 3])
def test_page_asks_a_constant_number_of_queries(
    count: int, deal: Deal, bob: User, signed_in: Any, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        bell.notify([bob], kind="deal-won", subject_id=deal.pk)
    client = signed_in.as_(bob)
    with django_assert_num_queries(4):  # session, user, lines, deals
        client.get("/notifications/popover/")


def test_older_lines_are_paged(deal: Deal, bob: User) -> None:
    for _ in range(60):
        bell.notify([bob], kind="deal-won", subject_id=deal.pk)
    first = bell.page_for(bob)
    assert len(first.notifications) == 50
    second = bell.page_for(bob, older_than=first.older_than)
    assert len(second.notifications) == 11
    assert second.older_than is None
