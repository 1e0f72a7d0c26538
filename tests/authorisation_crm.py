"""The rows of the matrix for records: what everybody has, and records only their owner sees."""

from collections.abc import Callable
from typing import Any

from django.core.files.base import ContentFile

from crm.domain.records import bin_record
from crm.models import (
    Activity,
    Board,
    Lead,
    Note,
    Phase,
    Project,
    ProjectTask,
    RecordFile,
    RecordImport,
    RecordJob,
    RecordLabel,
    SavedFilter,
)
from sharing.enums import ItemVisibility
from tests.authorisation import ADMINISTRATORS, USERS, Row
from tests.factories.crm import make_deal, make_organization, make_person, make_pipeline

# heidi manages alice's team; administrators see every record (never mail).
SEERS = frozenset({"alice", "heidi", "dana"})
ALICE = frozenset({"alice"})
PLURALS = {
    "person": "people",
    "organization": "organizations",
    "deal": "deals",
    "lead": "leads",
    "project": "projects",
}


def make_record(kind: str, scene: Any) -> Any:
    owner, fields = scene.alice, {"visibility": ItemVisibility.OWNER}
    if kind == "person":
        return make_person(owner, **fields)
    if kind == "organization":
        return make_organization(owner, **fields)
    if kind == "deal":
        return make_deal(owner, **fields)
    if kind == "lead":
        return Lead.objects.create(owner=owner, title="Acme", **fields)
    phase = make_phase()
    return Project.objects.create(
        owner=owner, title="Acme", board=phase.board, phase=phase, **fields
    )


def make_phase() -> Phase:
    board, _ = Board.objects.get_or_create(name="Delivery")
    return Phase.objects.get_or_create(board=board, name="Plan")[0]


def a(kind: str) -> Callable[[Any], dict[str, Any]]:
    return lambda scene: {"pk": make_record(kind, scene).pk}


def binned(kind: str) -> Callable[[Any], dict[str, Any]]:
    def args(scene: Any) -> dict[str, Any]:
        record = make_record(kind, scene)
        bin_record(record, by=scene.alice)
        return {"pk": record.pk}

    return args


def of_kind(kind: str) -> dict[str, Row]:
    plural = PLURALS[kind]
    act = Row(SEERS, get=None, post=303, args=a(kind))
    add = Row(SEERS, post=422, args=a(kind))
    bulk = Row(USERS, get=None, post=303)
    return {
        f"crm:{plural}": Row(USERS),
        f"crm:{plural}_columns": bulk,
        f"crm:{plural}_filter_save": bulk,
        f"crm:{plural}_filter_forget": Row(ALICE, get=None, post=303, args=saved_filter(kind)),
        f"crm:{plural}_export": Row(USERS),
        **{f"crm:{plural}_bulk_{n}": bulk for n in ("owner", "label", "visibility", "delete")},
        f"crm:{kind}_new": Row(USERS, post=422),
        f"crm:{kind}_suggest": Row(USERS),
        f"crm:{kind}": Row(SEERS, args=a(kind)),
        f"crm:{kind}_edit": Row(SEERS, post=422, args=a(kind)),
        f"crm:{kind}_delete": act,
        f"crm:{kind}_restore": Row(SEERS, get=None, post=303, args=binned(kind)),
        **{f"crm:{kind}_{n}_add": add for n in ("note", "activity", "file")},
    }


def saved_filter(kind: str) -> Callable[[Any], dict[str, Any]]:
    return lambda scene: {
        "pk": SavedFilter.objects.create(
            user=scene.alice, list_kind=kind, name="Mine", query="q=a"
        ).pk
    }


def an_import(scene: Any) -> dict[str, Any]:
    row = RecordImport.objects.create(
        kind="person",
        created_by=scene.alice,
        text="Name\nAda\n",
        refused_rows=[[2, "why", ["Ada"]]],
    )
    return {"pk": row.pk}


def a_job(scene: Any) -> dict[str, Any]:
    job = RecordJob.objects.create(user=scene.alice, kind="person", act="delete", record_ids=[1])
    return {"pk": job.pk}


def a_participant(scene: Any) -> dict[str, Any]:
    return {
        "pk": make_record("deal", scene).pk,
        "person_pk": make_person(scene.alice, visibility=ItemVisibility.OWNER).pk,
    }


def a_task(scene: Any) -> dict[str, Any]:
    project = make_record("project", scene)
    task = ProjectTask.objects.create(project=project, title="Task")
    return {"pk": project.pk, "task_pk": task.pk}


def a_linked_deal(scene: Any) -> dict[str, Any]:
    project, deal = make_record("project", scene), make_record("deal", scene)
    project.deals.add(deal)
    return {"pk": project.pk, "deal_pk": deal.pk}


def a_note(scene: Any) -> dict[str, Any]:
    note = Note.objects.create(deal=make_record("deal", scene), text="x", author=scene.alice)
    return {"pk": note.pk}


def an_activity(scene: Any) -> dict[str, Any]:
    activity = Activity.objects.create(
        deal=make_record("deal", scene),
        title="Call",
        assigned_to=scene.alice,
        created_by=scene.alice,
    )
    return {"pk": activity.pk}


def a_file(scene: Any) -> dict[str, Any]:
    row = RecordFile.objects.create(
        deal=make_record("deal", scene),
        name="x.txt",
        content=ContentFile(b"x", name="x.txt"),
        uploaded_by=scene.alice,
    )
    return {"pk": row.pk}


def acts(names: tuple[str, ...], args: Callable[[Any], dict[str, Any]]) -> dict[str, Row]:
    return {f"crm:{name}": Row(SEERS, get=None, post=303, args=args) for name in names}


def forms(names: tuple[str, ...], args: Callable[[Any], dict[str, Any]]) -> dict[str, Row]:
    return {f"crm:{name}": Row(SEERS, post=422, args=args) for name in names}


def a_label(_scene: Any) -> dict[str, Any]:
    return {"pk": RecordLabel.objects.create(kind="deal", name="Hot").pk}


def arranging(noun: str, args: Callable[[Any], dict[str, Any]]) -> dict[str, Row]:
    act = Row(ADMINISTRATORS, get=None, post=303, args=args)
    return {
        f"crm:{noun}_list": Row(ADMINISTRATORS, post=422),
        f"crm:{noun}_setup": Row(ADMINISTRATORS, post=422, args=args),
        f"crm:{noun}_archive": act,
        f"crm:{noun}_unarchive": act,
    }


CRM_ROWS: dict[str, Row] = {
    **{name: row for kind in PLURALS for name, row in of_kind(kind).items()},
    # Contacts
    "crm:person_card": Row(SEERS, args=a("person")),
    **forms(("person_merge",), a("person")),
    **forms(("organization_merge",), a("organization")),
    # Boards. A further page of a column without the card it goes on from is not there.
    "crm:deals_home": Row(USERS, get=302),
    "crm:deal_board": Row(USERS, args=lambda _: {"pk": make_pipeline().pk}),
    "crm:deal_column": Row(
        USERS, get=404, args=lambda _: {"pk": make_pipeline().stages.first().pk}
    ),
    "crm:projects_home": Row(USERS, get=302),
    "crm:project_board": Row(USERS, args=lambda _: {"pk": make_phase().board_id}),
    "crm:project_column": Row(USERS, get=404, args=lambda _: {"pk": make_phase().pk}),
    # Deals, leads, projects
    **acts(("deal_win", "deal_reopen", "deal_to_lead"), a("deal")),
    "crm:deal_lose": Row(SEERS, post=303, args=a("deal")),
    **forms(("deal_move", "participant_add"), a("deal")),
    **acts(("participant_remove",), a_participant),
    **acts(("lead_archive", "lead_unarchive"), a("lead")),
    **forms(("lead_convert",), a("lead")),
    **acts(
        (
            "project_complete",
            "project_cancel",
            "project_reopen",
            "project_archive",
            "project_unarchive",
        ),
        a("project"),
    ),
    **forms(("project_move", "project_deal_add"), a("project")),
    "crm:task_add": Row(SEERS, get=None, post=422, args=a("project")),
    **acts(("task_done", "task_undone"), a_task),
    "crm:task_delete": Row(SEERS, post=303, args=a_task),
    **acts(("project_deal_remove",), a_linked_deal),
    # Activities, notes, files
    "crm:activities": Row(USERS),
    "crm:activities_columns": Row(USERS, get=None, post=303),
    "crm:activities_filter_save": Row(USERS, get=None, post=303),
    "crm:activities_filter_forget": Row(ALICE, get=None, post=303, args=saved_filter("activity")),
    "crm:activities_export": Row(USERS),
    **{
        f"crm:activities_bulk_{act}": Row(USERS, get=None, post=303)
        for act in ("assign", "due", "done", "delete")
    },
    "crm:activity_new": Row(USERS, post=422),
    **acts(("activity_done", "activity_undone", "activity_delete"), an_activity),
    # Only in the browser where it was deleted: tests/crm/views/test_activity_undo.py.
    "crm:activity_restore": Row(frozenset(), get=None, post=303, args=lambda _: {"pk": 1}),
    **forms(("activity_edit",), an_activity),
    **acts(("note_pin", "note_unpin"), a_note),
    "crm:note_delete": Row(SEERS, post=303, args=a_note),
    **forms(("note_edit",), a_note),
    "crm:file_download": Row(SEERS, args=a_file),
    "crm:file_delete": Row(SEERS, post=303, args=a_file),
    # In and out, everything
    **{f"crm:{plural}_import": Row(USERS, post=422) for plural in list(PLURALS.values())[:3]},
    "crm:import": Row(ALICE, post=422, args=an_import),
    "crm:import_refused": Row(ALICE, args=an_import),
    "crm:record_job": Row(ALICE, args=a_job),
    "crm:search": Row(USERS),
    "crm:search_palette": Row(USERS),
    "crm:bin": Row(USERS),
    # Settings of the company
    **arranging("pipeline", lambda _: {"pk": make_pipeline().pk}),
    **arranging("board", lambda _: {"pk": make_phase().board_id}),
    "crm:label_list": Row(ADMINISTRATORS, post=422),
    "crm:label_edit": Row(ADMINISTRATORS, post=422, args=a_label),
    "crm:label_remove": Row(ADMINISTRATORS, get=None, post=303, args=a_label),
}
