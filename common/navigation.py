"""The entries of the sidebar and of the bar on phones. Only pages that exist are shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.urls import Resolver404, resolve
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Apps above add what one user has put into a section: functions of the user.
_personal: dict[str, list[Callable[[Any], "Personal"]]] = {}


@dataclass(frozen=True)
class Personal:
    """A user's own entries of a section, under a heading that leads to where they are kept."""

    heading: str | Promise
    path: str
    entries: Sequence["Entry"]


def register_personal(section: str, source: Callable[[Any], Personal]) -> None:
    _personal.setdefault(section, []).append(source)


def personal_entries(section: str, user: Any) -> list[Personal]:
    """The user's own entries of the section that is open; asked for by its pages alone."""
    if not user.is_authenticated:
        return []
    found = [source(user) for source in _personal.get(section, [])]
    return [personal for personal in found if personal.entries]


@dataclass(frozen=True)
class Entry:
    """One place to go. `section` is the text of a page's `section` block that marks it; `folded`
    are its places that are rarely wanted."""

    section: str
    label: str | Promise
    icon: str
    path: str
    key: str = ""
    count: str = ""
    children: tuple["Entry", ...] = field(default=())
    folded: tuple["Entry", ...] = field(default=())

    @property
    def exists(self) -> bool:
        return is_page(self.path)


MAIL = (
    Entry("mail", _("Inbox"), "inbox", "/mail/inbox/", key="go-inbox", count="count-inbox"),
    Entry("mail", _("Snoozed"), "alarm", "/mail/snoozed/"),
    Entry("mail", _("Drafts"), "pencil", "/mail/drafts/", key="go-drafts", count="count-drafts"),
    Entry("mail", _("Outbox"), "send", "/mail/outbox/", key="go-outbox", count="count-outbox"),
    Entry("mail", _("Sent"), "send", "/mail/sent/", key="go-sent"),
    Entry("mail", _("Archive"), "archive", "/mail/archive/", key="go-archive"),
)
MAIL_FOLDED = (
    Entry("mail", _("All mail"), "mail", "/mail/all/"),
    Entry("mail", _("Spam"), "ban", "/mail/junk/"),
    Entry("mail", _("Trash"), "trash", "/mail/trash/"),
)

MAIN = (
    Entry("mail", _("Sales inbox"), "mail", "/mail/inbox/", children=MAIL, folded=MAIL_FOLDED),
    Entry("leads", _("Leads"), "target-arrow", "/leads/", key="go-leads"),
    Entry("deals", _("Deals"), "coin", "/deals/", key="go-deals"),
    Entry("projects", _("Projects"), "layout-kanban", "/projects/", key="go-projects"),
    Entry("contacts", _("Contacts"), "users", "/contacts/people/", key="go-contacts"),
    Entry("activities", _("Activities"), "checkbox", "/activities/", count="count-activities"),
)
# What belongs to one's mail in the settings, whichever app it is of. The section is the page's tab.
EMAIL = (
    Entry("accounts", _("Accounts"), "mail-cog", "/settings/email/"),
    Entry("signatures", _("Signatures"), "signature", "/settings/email/signatures/"),
    Entry("templates", _("Templates"), "template", "/settings/email/templates/"),
    Entry("labels", _("Labels"), "tags", "/settings/labels/"),
    Entry("blocked", _("Blocked addresses"), "ban", "/settings/email/blocked/"),
    Entry("where", _("Where is my mail?"), "search", "/settings/email/where/"),
    Entry("unreadable", _("Unreadable mail"), "alert-triangle", "/settings/email/unreadable/"),
)
SETTINGS = Entry("settings", _("Settings"), "settings", "/settings/", key="go-settings")
ON_PHONES = ("mail", "leads", "deals", "contacts")


@lru_cache(maxsize=64)
def is_page(path: str) -> bool:
    """Whether the product answers under this path."""
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def main_entries() -> list[Entry]:
    return [entry for entry in MAIN if entry.exists]


def phone_entries() -> list[Entry]:
    return [entry for entry in main_entries() if entry.section in ON_PHONES]
