"""Who may do what with a record that he sees. Who sees it is decided in `sharing.rules`."""

from typing import Any

from crm.models import Record


def can_set_visibility(user: Any, record: Record) -> bool:
    """Its owner and administrators: for anybody else it would be a way to hide it from them."""
    return bool(user.is_administrator or record.owner_id == user.pk)
