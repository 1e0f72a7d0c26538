"""Boards show what the filter says, to those who may see it; projects move as deals do."""

from typing import Any

import pytest
from django.urls import reverse

from crm.domain.queries import boards
from crm.models import Board, Phase, Project, RecordLabel
from sharing.enums import ItemVisibility
from tests.factories.crm import make_deal, make_pipeline
from users.models import User

pytestmark = pytest.mark.django_db


def titles(client: Any, url: str) -> list[str]:
    columns = client.get(url).context["columns"]
    return [str(card) for column in columns for card in column.cards]


def test_filters_of_a_board(alice: User, bob: User, signed_in: Any) -> None:
    pipeline = make_pipeline()
    hot = RecordLabel.objects.create(kind="deal", name="Hot")
    make_deal(alice, "Acme renewal", pipeline=pipeline).labels.add(hot)
    make_deal(bob, "Navy pilot", pipeline=pipeline)
    make_deal(bob, "Navy secret", pipeline=pipeline, visibility=ItemVisibility.OWNER)
    url, client = f"/deals/board/{pipeline.pk}/", signed_in.as_(alice)
    assert titles(client, url) == ["Acme renewal", "Navy pilot"]
    assert titles(client, f"{url}?q=navy") == ["Navy pilot"]
    assert titles(client, f"{url}?owner={alice.pk}") == ["Acme renewal"]
    assert titles(client, f"{url}?label={hot.pk}") == ["Acme renewal"]
    assert titles(client, f"{url}?owner={bob.pk}&label={hot.pk}") == []
    # The sums are those of the cards that match.
    columns = client.get(f"{url}?q=navy").context["columns"]
    assert [column.count for column in columns] == [1, 0]


def test_a_long_column_goes_on_with_the_same_filter(
    alice: User, signed_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "CARDS", 2)
    monkeypatch.setattr("crm.views.boards.CARDS", 2)
    pipeline = make_pipeline()
    deals = [make_deal(alice, f"Navy {n}", position=n, pipeline=pipeline) for n in range(3)]
    make_deal(alice, "Acme", position=9, pipeline=pipeline)
    client, stage = signed_in.as_(alice), deals[0].stage
    board = client.get(f"/deals/board/{pipeline.pk}/?q=navy").content.decode()
    more = reverse("crm:deal_column", args=[stage.pk])
    assert f"{more}?q=navy&amp;after={deals[1].pk}" in board
    page = client.get(more, {"q": "navy", "after": deals[1].pk}).content.decode()
    assert "Navy 2" in page
    assert "Acme" not in page


def test_a_project_moves_by_drag_and_by_form(alice: User, carol: User, signed_in: Any) -> None:
    board = Board.objects.create(name="Delivery")
    plan, build = (
        Phase.objects.create(board=board, name=n, position=p) for p, n in enumerate("ab")
    )
    project = Project.objects.create(owner=alice, title="Roll-out", board=board, phase=plan)
    url, client = reverse("crm:project_move", args=[project.pk]), signed_in.as_(alice)
    drag, data = {"X-Board": "drag"}, {"phase": build.pk, "version": project.version}
    moved = client.post(url, data, headers=drag)
    assert (moved.status_code, moved["X-Version"]) == (204, "2")
    assert client.post(url, data, headers=drag).status_code == 409
    assert client.post(url, {"phase": 0}, headers=drag).status_code == 422
    assert client.post(url, {"phase": plan.pk, "next": "/projects/"})["Location"] == "/projects/"
    project.refresh_from_db()
    assert project.phase == plan
    Project.objects.update(visibility=ItemVisibility.OWNER)
    assert signed_in.as_(carol).post(url, data, headers=drag).status_code == 404
