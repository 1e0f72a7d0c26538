"""URLs of records. Each kind has the same ones; what only one kind can do stands below."""

from typing import Any

from django.urls import path

from crm.domain.bulk import ACTS_ON_ACTIVITIES, ACTS_ON_RECORDS
from crm.enums import ListKind, RecordKind
from crm.views import (
    activities,
    arrangement,
    attached,
    boards,
    bulk,
    contacts,
    deals,
    imports,
    leads,
    lists,
    projects,
    records,
    search,
)

app_name = "crm"


def list_urls(prefix: str, kind: ListKind, *, plural: str) -> list[Any]:
    """The list of a kind and what is done with many of its rows."""
    given = {"kind": kind}
    return [
        path(f"{prefix}columns/", lists.choose_columns, given, name=f"{plural}_columns"),
        path(f"{prefix}filters/save/", lists.save_filter, given, name=f"{plural}_filter_save"),
        path(
            f"{prefix}filters/<int:pk>/forget/",
            lists.forget_filter,
            given,
            name=f"{plural}_filter_forget",
        ),
        path(f"{prefix}export/", imports.list_export, given, name=f"{plural}_export"),
        *(
            path(
                f"{prefix}bulk/{act}/",
                bulk.bulk_act,
                {**given, "act": act},
                name=f"{plural}_bulk_{act}",
            )
            for act in (ACTS_ON_ACTIVITIES if kind == ListKind.ACTIVITY else ACTS_ON_RECORDS)
        ),
    ]


def record_urls(prefix: str, kind: RecordKind, *, plural: str) -> list[Any]:
    """The pages and acts that every kind of record has."""
    given = {"kind": kind}
    one = f"{prefix}<int:pk>/"
    return [
        *list_urls(prefix, ListKind(kind), plural=plural),
        path(f"{prefix}new/", records.record_new, given, name=f"{kind}_new"),
        path(f"{prefix}suggest/", records.record_suggest, given, name=f"{kind}_suggest"),
        path(one, records.record_page, given, name=f"{kind}"),
        path(f"{one}edit/", records.record_edit, given, name=f"{kind}_edit"),
        path(f"{one}delete/", records.record_delete, given, name=f"{kind}_delete"),
        path(f"{one}restore/", records.record_restore, given, name=f"{kind}_restore"),
        path(f"{one}notes/add/", attached.note_add, given, name=f"{kind}_note_add"),
        path(f"{one}activities/add/", attached.activity_add, given, name=f"{kind}_activity_add"),
        path(f"{one}files/add/", attached.file_add, given, name=f"{kind}_file_add"),
    ]


def board_urls(noun: str, *, plural: str) -> list[Any]:
    """The boards of deals or projects."""
    given = {"noun": noun}
    return [
        path(f"{plural}/board/", boards.home, given, name=f"{plural}_home"),
        path(f"{plural}/board/<int:pk>/", boards.board, given, name=f"{noun}_board"),
        path(f"{plural}/column/<int:pk>/", boards.column, given, name=f"{noun}_column"),
    ]


def way_urls(noun: str) -> list[Any]:
    """The settings of pipelines or boards."""
    given, prefix = {"noun": noun}, f"settings/{noun}s/"
    one = f"{prefix}<int:pk>/"
    return [
        path(prefix, arrangement.way_list, given, name=f"{noun}_list"),
        path(one, arrangement.way_setup, given, name=f"{noun}_setup"),
        path(f"{one}archive/", arrangement.way_archive, given, name=f"{noun}_archive"),
        path(f"{one}unarchive/", arrangement.way_unarchive, given, name=f"{noun}_unarchive"),
    ]


PEOPLE, ORGANIZATIONS = "contacts/people/", "contacts/organizations/"

urlpatterns = [
    # Before the records: these words are no numbers, but they are read first.
    path(PEOPLE, lists.record_list, {"kind": ListKind.PERSON}, name="people"),
    path(ORGANIZATIONS, lists.record_list, {"kind": ListKind.ORGANIZATION}, name="organizations"),
    path("deals/", lists.record_list, {"kind": ListKind.DEAL}, name="deals"),
    path("leads/", lists.record_list, {"kind": ListKind.LEAD}, name="leads"),
    path("projects/", lists.record_list, {"kind": ListKind.PROJECT}, name="projects"),
    path("activities/", lists.record_list, {"kind": ListKind.ACTIVITY}, name="activities"),
    *record_urls(PEOPLE, RecordKind.PERSON, plural="people"),
    *record_urls(ORGANIZATIONS, RecordKind.ORGANIZATION, plural="organizations"),
    *record_urls("deals/", RecordKind.DEAL, plural="deals"),
    *record_urls("leads/", RecordKind.LEAD, plural="leads"),
    *record_urls("projects/", RecordKind.PROJECT, plural="projects"),
    *list_urls("activities/", ListKind.ACTIVITY, plural="activities"),
    # Contacts
    path(f"{PEOPLE}<int:pk>/card/", contacts.person_card_page, name="person_card"),
    path(f"{PEOPLE}<int:pk>/merge/", contacts.person_merge, name="person_merge"),
    path(f"{ORGANIZATIONS}<int:pk>/merge/", contacts.organization_merge, name="organization_merge"),
    # Deals
    *board_urls("deal", plural="deals"),
    path("deals/<int:pk>/move/", deals.deal_move, name="deal_move"),
    path("deals/<int:pk>/win/", deals.deal_win, name="deal_win"),
    path("deals/<int:pk>/lose/", deals.deal_lose, name="deal_lose"),
    path("deals/<int:pk>/reopen/", deals.deal_reopen, name="deal_reopen"),
    path("deals/<int:pk>/to-lead/", deals.deal_to_lead, name="deal_to_lead"),
    path("deals/<int:pk>/participants/add/", deals.participant_add, name="participant_add"),
    path(
        "deals/<int:pk>/participants/<int:person_pk>/remove/",
        deals.participant_remove,
        name="participant_remove",
    ),
    # Leads
    path("leads/<int:pk>/archive/", leads.lead_archive, name="lead_archive"),
    path("leads/<int:pk>/unarchive/", leads.lead_unarchive, name="lead_unarchive"),
    path("leads/<int:pk>/convert/", leads.lead_convert, name="lead_convert"),
    # Projects
    *board_urls("project", plural="projects"),
    path("projects/<int:pk>/move/", projects.project_move, name="project_move"),
    path("projects/<int:pk>/complete/", projects.project_complete, name="project_complete"),
    path("projects/<int:pk>/cancel/", projects.project_cancel, name="project_cancel"),
    path("projects/<int:pk>/reopen/", projects.project_reopen, name="project_reopen"),
    path("projects/<int:pk>/archive/", projects.project_archive, name="project_archive"),
    path("projects/<int:pk>/unarchive/", projects.project_unarchive, name="project_unarchive"),
    path("projects/<int:pk>/tasks/add/", projects.task_add, name="task_add"),
    path("projects/<int:pk>/tasks/<int:task_pk>/done/", projects.task_done, name="task_done"),
    path("projects/<int:pk>/tasks/<int:task_pk>/undone/", projects.task_undone, name="task_undone"),
    path("projects/<int:pk>/tasks/<int:task_pk>/delete/", projects.task_delete, name="task_delete"),
    path("projects/<int:pk>/deals/add/", projects.project_deal_add, name="project_deal_add"),
    path(
        "projects/<int:pk>/deals/<int:deal_pk>/remove/",
        projects.project_deal_remove,
        name="project_deal_remove",
    ),
    # Activities, notes, files
    path("activities/new/", activities.activity_new, name="activity_new"),
    path("activities/<int:pk>/edit/", activities.activity_edit, name="activity_edit"),
    path("activities/<int:pk>/done/", activities.activity_done, name="activity_done"),
    path("activities/<int:pk>/undone/", activities.activity_undone, name="activity_undone"),
    path("activities/<int:pk>/delete/", activities.activity_delete, name="activity_delete"),
    path("activities/<int:pk>/restore/", activities.activity_restore, name="activity_restore"),
    path("notes/<int:pk>/edit/", attached.note_edit, name="note_edit"),
    path("notes/<int:pk>/delete/", attached.note_delete, name="note_delete"),
    path("notes/<int:pk>/pin/", attached.note_pin, name="note_pin"),
    path("notes/<int:pk>/unpin/", attached.note_unpin, name="note_unpin"),
    path("files/<int:pk>/", attached.file_download, name="file_download"),
    path("files/<int:pk>/delete/", attached.file_delete, name="file_delete"),
    # In and out, everything
    path(f"{PEOPLE}import/", imports.import_new, {"kind": RecordKind.PERSON}, name="people_import"),
    path(
        f"{ORGANIZATIONS}import/",
        imports.import_new,
        {"kind": RecordKind.ORGANIZATION},
        name="organizations_import",
    ),
    path("deals/import/", imports.import_new, {"kind": RecordKind.DEAL}, name="deals_import"),
    path("jobs/<int:pk>/", bulk.record_job, name="record_job"),
    path("imports/<int:pk>/", imports.import_page, name="import"),
    path("imports/<int:pk>/refused/", imports.import_refused, name="import_refused"),
    path("search/", search.search_page, name="search"),
    path("search/palette/", search.search_palette, name="search_palette"),
    path("bin/", records.bin_page, name="bin"),
    # Settings of the company
    *way_urls("pipeline"),
    *way_urls("board"),
    path("settings/record-labels/", arrangement.label_list, name="label_list"),
    path("settings/record-labels/<int:pk>/", arrangement.label_edit, name="label_edit"),
    path("settings/record-labels/<int:pk>/remove/", arrangement.label_remove, name="label_remove"),
]
