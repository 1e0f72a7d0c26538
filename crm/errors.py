class CRMError(Exception):
    """Something about records that cannot be done. The text is for the user."""


class ConflictError(CRMError):
    """Somebody else changed the record after this page was made."""


class NotPossibleError(CRMError):
    """The record is not in a state in which this can be done."""
