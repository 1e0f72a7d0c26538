"""Who may do what with a record that he sees. Who sees it is decided in `sharing.rules`."""

from typing import Any

from crm.models import Record
from sharing.enums import ItemVisibility
from sharing.rules import managed_by


def can_set_visibility(user: Any, record: Record) -> bool:
    """`sharing.rules.in_charge`, asked of a record that has been read."""
    if user.is_administrator or record.owner_id == user.pk:
        return True
    return bool(managed_by(user).filter(user=record.owner_id).exists())


def can_merge(user: Any, kept: Record, gone: Record) -> bool:
    """What hung on the one that goes is seen by whoever sees the one that stays. Where those are
    others it is a change of who sees it, and for who decides that."""
    is_open = kept.visibility == gone.visibility == ItemVisibility.COMPANY
    is_alike = kept.visibility == gone.visibility and kept.owner_id == gone.owner_id
    return is_open or is_alike or can_set_visibility(user, gone)
