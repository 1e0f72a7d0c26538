from crm.models.activity import Activity
from crm.models.deal import Deal, DealParticipant
from crm.models.file import RecordFile
from crm.models.label import RecordLabel
from crm.models.lead import Lead
from crm.models.merged import MergedRecord
from crm.models.note import Note
from crm.models.organization import Organization, OrganizationDomain
from crm.models.person import Person, PersonEmail, PersonPhone
from crm.models.pipeline import Pipeline, Stage
from crm.models.project import Board, Phase, Project, ProjectTask
from crm.models.record import Record
from crm.models.record_import import RecordImport
from crm.models.record_job import RecordJob
from crm.models.saved_filter import ChosenColumns, SavedFilter
from crm.models.search import SearchWord

__all__ = [
    "Activity",
    "Board",
    "ChosenColumns",
    "Deal",
    "DealParticipant",
    "Lead",
    "MergedRecord",
    "Note",
    "Organization",
    "OrganizationDomain",
    "Person",
    "PersonEmail",
    "PersonPhone",
    "Phase",
    "Pipeline",
    "Project",
    "ProjectTask",
    "Record",
    "RecordFile",
    "RecordImport",
    "RecordJob",
    "RecordLabel",
    "SavedFilter",
    "SearchWord",
    "Stage",
]
