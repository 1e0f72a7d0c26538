"""A user's own places in the sidebar of the inbox: accounts and saved views."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from common.navigation import Entry, Personal, register_personal
from inbox.domain.queries.lists import accounts_of
from inbox.enums import Box
from inbox.models import SavedView
from mailsync.enums import AccountScope


def register() -> None:
    register_personal("mail", accounts)
    register_personal("mail", saved_views)


def accounts(user: Any) -> Personal:
    """Each account's inbox by itself. Who has one account has it in the inbox already."""
    found = accounts_of(user)
    inbox = reverse("inbox:box", args=[Box.INBOX])
    return Personal(
        heading=_("Accounts"),
        path=reverse("mailsync:accounts"),
        entries=[
            Entry(
                "mail",
                account.address,
                "users" if account.scope == AccountScope.TEAM else "at",
                f"{inbox}?account={account.key}",
                count=f"count-account-{account.key}",
            )
            for account in (found if len(found) > 1 else [])
        ],
    )


def saved_views(user: Any) -> Personal:
    views = SavedView.objects.open_to(user)
    return Personal(
        heading=_("Saved views"),
        path=reverse("inbox:saved_views"),
        entries=[
            Entry("mail", one.name, "filter" if one.box else "search", one.get_absolute_url())
            for one in views
        ],
    )
