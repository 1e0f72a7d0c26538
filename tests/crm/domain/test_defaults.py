from crm.domain.defaults import make_defaults
from crm.enums import RecordKind
from crm.models import Board, Phase, Pipeline, RecordLabel, Stage


def test_a_new_company_finds_a_pipeline_a_board_and_labels_for_every_kind(db: None) -> None:
    make_defaults()
    assert Stage.objects.filter(pipeline=Pipeline.objects.get()).count() == 5
    assert Phase.objects.filter(board=Board.objects.get()).count() == 5
    probabilities = list(Stage.objects.order_by("position").values_list("probability", flat=True))
    assert probabilities == sorted(probabilities)
    assert set(RecordLabel.objects.values_list("kind", flat=True)) == set(RecordKind.values)


def test_what_a_company_has_made_is_left_alone(db: None) -> None:
    make_defaults()
    Stage.objects.all().delete()
    Pipeline.objects.update(name="Our own")
    RecordLabel.objects.exclude(name="Hot").delete()
    make_defaults()
    assert Pipeline.objects.get().name == "Our own"
    assert not Stage.objects.exists()
    assert set(RecordLabel.objects.values_list("name", flat=True)) == {"Hot"}
