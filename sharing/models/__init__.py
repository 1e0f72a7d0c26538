from sharing.models.group import GroupMembership, VisibilityGroup
from sharing.models.owned import OwnedQuerySet, OwnedRecord

__all__ = ["GroupMembership", "OwnedQuerySet", "OwnedRecord", "VisibilityGroup"]
