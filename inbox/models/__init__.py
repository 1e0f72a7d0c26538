from inbox.models.bulk import BulkJob
from inbox.models.draft import Draft, DraftFile
from inbox.models.draft_copy import DraftCopy
from inbox.models.label import Label, ThreadLabel
from inbox.models.presence import Presence
from inbox.models.reminder import Reminder
from inbox.models.saved_view import SavedView
from inbox.models.signature import Signature
from inbox.models.template import MailTemplate, TemplateUse
from inbox.models.text_file import SignatureFile, TemplateFile
from inbox.models.trusted import TrustedSender
from inbox.models.undo import UndoToken

__all__ = [
    "BulkJob",
    "Draft",
    "DraftCopy",
    "DraftFile",
    "Label",
    "MailTemplate",
    "Presence",
    "Reminder",
    "SavedView",
    "Signature",
    "SignatureFile",
    "TemplateFile",
    "TemplateUse",
    "ThreadLabel",
    "TrustedSender",
    "UndoToken",
]
