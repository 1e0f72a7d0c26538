from django.db import models
from django.utils.translation import gettext_lazy as _


class DealStatus(models.TextChoices):
    OPEN = "open", _("Open")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")


class ProjectStatus(models.TextChoices):
    OPEN = "open", _("Open")
    COMPLETED = "completed", _("Completed")
    CANCELED = "canceled", _("Canceled")


class ActivityKind(models.TextChoices):
    CALL = "call", _("Call")
    MEETING = "meeting", _("Meeting")
    TASK = "task", _("Task")
    DEADLINE = "deadline", _("Deadline")


class Hue(models.TextChoices):
    """The eight colours of labels; each is a pair of tokens with enough contrast."""

    RED = "red", _("Red")
    ORANGE = "orange", _("Orange")
    AMBER = "amber", _("Amber")
    GREEN = "green", _("Green")
    TEAL = "teal", _("Teal")
    BLUE = "blue", _("Blue")
    VIOLET = "violet", _("Violet")
    PINK = "pink", _("Pink")


class RecordKind(models.TextChoices):
    """The kinds of record that mail, notes, files and activities hang on."""

    PERSON = "person", _("Person")
    ORGANIZATION = "organization", _("Organization")
    DEAL = "deal", _("Deal")
    LEAD = "lead", _("Lead")
    PROJECT = "project", _("Project")


class ListKind(models.TextChoices):
    """The lists that can be filtered: the five kinds of record, and activities."""

    PERSON = "person", _("People")
    ORGANIZATION = "organization", _("Organizations")
    DEAL = "deal", _("Deals")
    LEAD = "lead", _("Leads")
    PROJECT = "project", _("Projects")
    ACTIVITY = "activity", _("Activities")


class BulkAct(models.TextChoices):
    """What is done with many rows of a list at once."""

    OWNER = "owner", _("New owner")
    LABEL = "label", _("Add label")
    VISIBILITY = "visibility", _("Visible to")
    ASSIGN = "assign", _("Assign")
    DUE = "due", _("New day")
    DONE = "done", _("Done")
    DELETE = "delete", _("Delete")


class ImportState(models.TextChoices):
    MAPPING = "mapping", _("Waiting for your choices")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")


class DuplicatePolicy(models.TextChoices):
    """What an import does with a row whose record is already here."""

    SKIP = "skip", _("Leave what is here as it is")
    UPDATE = "update", _("Fill in and change what is here")
    ADD = "add", _("Add it once more")
