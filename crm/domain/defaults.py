"""What a new company finds: a pipeline, a board and labels that it can rename."""

from django.db import transaction
from django.utils.translation import gettext as _

from crm.enums import Hue, RecordKind
from crm.models import Board, Phase, Pipeline, RecordLabel, Stage


def make_defaults() -> None:
    """Makes what is missing; a company that has a pipeline, board or label keeps its own."""
    with transaction.atomic():
        if not Pipeline.objects.exists():
            _make_pipeline()
        if not Board.objects.exists():
            _make_board()
        if not RecordLabel.objects.exists():
            _make_labels()


def _make_pipeline() -> None:
    pipeline = Pipeline.objects.create(name=_("Sales"))
    stages = [
        (_("Qualified"), 20, 14),
        (_("Contact made"), 40, 14),
        (_("Demo"), 55, 14),
        (_("Proposal"), 70, 10),
        (_("Negotiation"), 85, 10),
    ]
    Stage.objects.bulk_create(
        Stage(
            pipeline=pipeline,
            name=name,
            position=position,
            probability=probability,
            rotting_days=rotting_days,
        )
        for position, (name, probability, rotting_days) in enumerate(stages)
    )


def _make_board() -> None:
    board = Board.objects.create(name=_("Delivery"))
    phases = [_("Kick-off"), _("Planning"), _("In progress"), _("Review"), _("Handover")]
    Phase.objects.bulk_create(
        Phase(board=board, name=name, position=position) for position, name in enumerate(phases)
    )


def _make_labels() -> None:
    temperature = [(_("Hot"), Hue.RED), (_("Warm"), Hue.AMBER), (_("Cold"), Hue.BLUE)]
    customer = [(_("Customer"), Hue.GREEN), (_("Prospect"), Hue.VIOLET), (_("Partner"), Hue.TEAL)]
    urgency = [(_("Urgent"), Hue.RED), (_("On hold"), Hue.AMBER)]
    sets = {
        RecordKind.LEAD: temperature,
        RecordKind.DEAL: temperature,
        RecordKind.PERSON: customer,
        RecordKind.ORGANIZATION: customer,
        RecordKind.PROJECT: urgency,
    }
    RecordLabel.objects.bulk_create(
        RecordLabel(kind=kind, name=name, hue=hue)
        for kind, labels in sets.items()
        for name, hue in labels
    )
