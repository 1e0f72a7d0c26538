"""Administrators arrange pipelines, boards and labels; nobody loses a deal by it."""

from typing import Any

from django.urls import reverse

from crm.models import Board, Phase, Pipeline, RecordLabel
from tests.factories.crm import make_deal, make_pipeline
from users.models import User


def rows_of(pipeline: Pipeline, **changes: Any) -> dict[str, Any]:
    """What the page of a pipeline posts when nothing was touched, with some changes."""
    stages = list(pipeline.stages.all())
    data: dict[str, Any] = {
        "name": pipeline.name,
        "stages-TOTAL_FORMS": len(stages) + 1,
        "stages-INITIAL_FORMS": len(stages),
        f"stages-{len(stages)}-name": "",
        f"stages-{len(stages)}-probability": "100",
    }
    for number, stage in enumerate(stages):
        prefix = f"stages-{number}"
        data |= {
            f"{prefix}-id": stage.pk,
            f"{prefix}-name": stage.name,
            f"{prefix}-probability": stage.probability,
            f"{prefix}-ORDER": number + 1,
        }
    return data | changes


def test_stages_are_renamed_ordered_added_and_removed(dana: User, signed_in: Any) -> None:
    pipeline = make_pipeline(stages=("New", "Offer", "Unused"))
    url = reverse("crm:pipeline_setup", args=[pipeline.pk])
    data = rows_of(
        pipeline,
        **{
            "name": "Sales, north",
            "stages-0-name": "Fresh",
            "stages-0-ORDER": 2,
            "stages-1-ORDER": 1,
            "stages-1-probability": 60,
            "stages-1-rotting_days": 7,
            "stages-2-DELETE": "on",
            "stages-3-name": "Signing",
        },
    )
    assert signed_in.as_(dana).post(url, data).status_code == 303
    pipeline.refresh_from_db()
    assert pipeline.name == "Sales, north"
    found = list(pipeline.stages.values_list("name", "probability", "rotting_days"))
    assert found == [("Offer", 60, 7), ("Fresh", 100, None), ("Signing", 100, None)]


def test_a_stage_with_deals_stays(alice: User, dana: User, signed_in: Any) -> None:
    deal = make_deal(alice)
    pipeline = deal.pipeline
    url = reverse("crm:pipeline_setup", args=[pipeline.pk])
    data = rows_of(pipeline, **{"stages-0-DELETE": "on", "stages-1-name": "Renamed"})
    response = signed_in.as_(dana).post(url, data)
    assert response.status_code == 422
    assert "not empty" in response.content.decode()
    assert list(pipeline.stages.values_list("name", flat=True)) == ["New", "Offer"]


def test_the_last_pipeline_stays_in_use(alice: User, dana: User, signed_in: Any) -> None:
    first = make_pipeline()
    client = signed_in.as_(dana)
    client.post(reverse("crm:pipeline_archive", args=[first.pk]))
    first.refresh_from_db()
    assert first.archived_at is None
    client.post(reverse("crm:pipeline_list"), {"name": "Partners", "first_step": "Talk"})
    second = Pipeline.objects.get(name="Partners")
    assert list(second.stages.values_list("name", flat=True)) == ["Talk"]
    client.post(reverse("crm:pipeline_archive", args=[second.pk]))
    board = reverse("crm:deal_board", args=[second.pk])
    assert signed_in.as_(alice).get(board).status_code == 404
    client.post(reverse("crm:pipeline_unarchive", args=[second.pk]))
    assert signed_in.as_(alice).get(board).status_code == 200


def test_an_archived_board_is_no_choice(alice: User, dana: User, signed_in: Any) -> None:
    for name in ("Delivery", "Old"):
        Phase.objects.create(board=Board.objects.create(name=name), name=f"{name} phase")
    old = Board.objects.get(name="Old")
    signed_in.as_(dana).post(reverse("crm:board_archive", args=[old.pk]))
    page = signed_in.as_(alice).get(reverse("crm:project_new")).content.decode()
    assert "Delivery phase" in page
    assert "Old phase" not in page


def test_labels_are_added_changed_and_removed(alice: User, dana: User, signed_in: Any) -> None:
    client = signed_in.as_(dana)
    data = {"kind": "deal", "name": "Hot", "hue": "red"}
    assert client.post(reverse("crm:label_list"), data).status_code == 303
    assert client.post(reverse("crm:label_list"), data).status_code == 422
    label = RecordLabel.objects.get()
    deal = make_deal(alice)
    deal.labels.add(label)
    url = reverse("crm:label_edit", args=[label.pk])
    assert client.post(url, {"name": "Very hot", "hue": "pink"}).status_code == 303
    label.refresh_from_db()
    assert (label.name, label.hue, label.kind) == ("Very hot", "pink", "deal")
    client.post(reverse("crm:label_remove", args=[label.pk]))
    assert not deal.labels.exists()


def test_others_arrange_nothing(alice: User, signed_in: Any) -> None:
    pipeline = make_pipeline()
    url = reverse("crm:pipeline_setup", args=[pipeline.pk])
    assert signed_in.as_(alice).get(url).status_code == 403
    assert signed_in.as_(alice).post(url, rows_of(pipeline, name="Mine")).status_code == 403
    pipeline.refresh_from_db()
    assert pipeline.name == "Sales"
