"""A user's saved views in the sidebar of the inbox."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from common.navigation import Entry, Personal, register_personal
from inbox.models import SavedView


def register() -> None:
    register_personal("mail", saved_views_of)


def saved_views_of(user: Any) -> Personal:
    views = SavedView.objects.filter(user=user)
    return Personal(
        heading=_("Saved views"),
        path=reverse("inbox:saved_views"),
        entries=[
            Entry("mail", one.name, "filter" if one.box else "search", one.get_absolute_url())
            for one in views
        ],
    )
