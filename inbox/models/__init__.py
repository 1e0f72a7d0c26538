from inbox.models.label import Label, ThreadLabel
from inbox.models.trusted import TrustedSender
from inbox.models.undo import UndoToken

__all__ = ["Label", "ThreadLabel", "TrustedSender", "UndoToken"]
