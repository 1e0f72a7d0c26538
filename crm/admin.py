"""What operators may arrange: pipelines, boards, labels. No person, deal or mail has a page here."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from crm.models import Board, Phase, Pipeline, RecordLabel, Stage
from users.operators import OperatorModelAdmin


class ArrangementAdmin(OperatorModelAdmin):
    """What a company arranges itself with can be added; nothing is deleted here, rows point at it."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(self.admin_site.has_permission(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return super().get_readonly_fields(request, obj) if obj is not None else ("id",)


@admin.register(Pipeline)
class PipelineAdmin(ArrangementAdmin):
    list_display = ("id", "name", "position", "archived_at")
    fields = ("id", "name", "position", "archived_at")
    editable = ("name", "position", "archived_at")


@admin.register(Stage)
class StageAdmin(ArrangementAdmin):
    list_display = ("id", "pipeline", "name", "position", "probability", "rotting_days")
    fields = ("id", "pipeline", "name", "position", "probability", "rotting_days")
    editable = ("name", "position", "probability", "rotting_days")
    list_select_related = ("pipeline",)


@admin.register(Board)
class BoardAdmin(ArrangementAdmin):
    list_display = ("id", "name", "position")
    fields = ("id", "name", "position")
    editable = ("name", "position")


@admin.register(Phase)
class PhaseAdmin(ArrangementAdmin):
    list_display = ("id", "board", "name", "position")
    fields = ("id", "board", "name", "position")
    editable = ("name", "position")
    list_select_related = ("board",)


@admin.register(RecordLabel)
class RecordLabelAdmin(ArrangementAdmin):
    list_display = ("id", "kind", "name", "hue")
    fields = ("id", "kind", "name", "hue")
    editable = ("name", "hue")
