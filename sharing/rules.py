"""Who may see a record. The one place that states it; `visible_to` asks here."""

from typing import Any

from django.db.models import Q

from sharing.enums import ItemVisibility


def visible_records(user: Any, *, prefix: str = "") -> Q:
    """The condition under which `user` sees a record.

    Administrators see every record; what they do not see is other people's mail, and that is
    decided elsewhere (mailsync). `prefix` is a relation to the record, such as "deal__".
    """
    if not user.is_authenticated or not user.is_active:
        return Q(pk__in=[])
    if user.is_administrator:
        return Q(**{f"{prefix}owner__isnull": False})
    return (
        Q(**{f"{prefix}visibility": ItemVisibility.COMPANY})
        | Q(**{f"{prefix}owner": user})
        | Q(
            **{
                f"{prefix}visibility": ItemVisibility.GROUP,
                f"{prefix}owner__group_membership__group__memberships__user": user,
            }
        )
    )
