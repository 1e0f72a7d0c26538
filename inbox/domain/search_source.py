"""Mail among the results of the palette and of the search over everything."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.domain.queries.search import Hit, register_source
from inbox.domain import search


def register() -> None:
    register_source("mail", heading=gettext_lazy("Conversations"), source=conversations)


def conversations(user: Any, text: str, limit: int) -> list[Hit]:
    """The newest conversations that fit and that this user may see."""
    found = search.find(user, text, limit=limit)
    return [
        Hit(
            kind="mail",
            title=row.thread.subject or _("No subject"),
            detail=", ".join(str(name) for name in row.thread.people[:3]),
            url=reverse("inbox:thread", args=[row.key]),
        )
        for row in found.rows
    ]
