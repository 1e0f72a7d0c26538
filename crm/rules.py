"""Who may do what with a record that he sees. Who sees it is decided in `sharing.rules`."""

from typing import Any

from crm.models import Record
from sharing.rules import managed_by


def can_set_visibility(user: Any, record: Record) -> bool:
    """`sharing.rules.in_charge`, asked of a record that has been read."""
    if user.is_administrator or record.owner_id == user.pk:
        return True
    return bool(managed_by(user).filter(user=record.owner_id).exists())
