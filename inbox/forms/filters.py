"""A list's address <-> its filter. Unknown values are left out, so an old bookmark still opens."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from common.opaque import unseal
from crm.enums import RecordKind
from inbox.domain.queries.lists import ThreadFilter
from inbox.enums import Tab, WaitingFor
from inbox.models import Label
from mailsync.models import MailAccount
from sharing.enums import ThreadVisibility
from users.models import User

NAMES = (
    "tab",
    "account",
    "label",
    "from",
    "linked",
    "visibility",
    "waiting",
    "assigned",
    "starred",
    "file",
    "asks",
)
NOBODY = "nobody"
KNOWN = {
    "tab": Tab.values,
    "linked": RecordKind.values,
    "visibility": ThreadVisibility.values,
    "waiting": WaitingFor.values,
}


@dataclass(frozen=True)
class Chip:
    """A filter in force, and the address of the list without it."""

    text: str
    without: str


class FilterForm:
    """Reads the filter out of a query string, and writes query strings for tabs and chips."""

    def __init__(
        self,
        data: QueryDict,
        *,
        accounts: list[MailAccount],
        labels: list[Label],
        members: list[User],
    ) -> None:
        self.members = {str(user.pk): user for user in members}
        self.accounts = {account.pk: account for account in accounts}
        self.labels = {label.pk: label for label in labels}
        given = {name: data[name][:320] for name in NAMES if data.get(name)}
        self.values = dict(given)
        self.wanted = self._read()
        # A label or account of it is gone: the list shows more than was once asked for.
        self.is_wider = self.values != given

    def _read(self) -> ThreadFilter:
        get = self.values.get
        account_id = unseal("account", get("account", ""))
        label = get("label", "")
        label_id = int(label) if label.isascii() and label.isdigit() and len(label) < 10 else None
        if account_id not in self.accounts:
            self.values.pop("account", None)
            account_id = None
        if label_id not in self.labels:
            self.values.pop("label", None)
            label_id = None
        if get("assigned", NOBODY) != NOBODY and get("assigned") not in self.members:
            self.values.pop("assigned", None)
        for name, known in KNOWN.items():
            if get(name) not in known:
                self.values.pop(name, None)
        return ThreadFilter(
            tab=Tab(get("tab", Tab.ALL)),
            account_id=account_id,
            label_id=label_id,
            from_address=get("from", ""),
            linked_to=get("linked", ""),
            visibility=get("visibility", ""),
            waiting=get("waiting", ""),
            assigned_id=self._assigned_id(),
            flagged=get("starred") == "1",
            has_file=get("file") == "1",
            asks=get("asks") == "1",
        )

    def _assigned_id(self) -> int | None:
        asked = self.values.get("assigned")
        if asked == NOBODY:
            return 0
        return self.members[asked].pk if asked else None

    @property
    def account(self) -> MailAccount | None:
        return self.accounts.get(self.wanted.account_id or 0)

    def _assigned_text(self) -> str:
        user = self.members.get(self.values["assigned"])
        return _("Assigned to %(name)s") % {"name": user.name} if user else _("Assigned to nobody")

    def query(self, **changed: Any) -> str:
        """The query string with these values changed; an empty value leaves the name out."""
        values = {**self.values, **changed}
        return urlencode({name: values[name] for name in NAMES if values.get(name)})

    def chips(self) -> list[Chip]:
        wanted, found = self.wanted, []
        if wanted.account_id:
            found.append(("account", self.accounts[wanted.account_id].address))
        if wanted.label_id:
            found.append(
                ("label", _("Label: %(name)s") % {"name": self.labels[wanted.label_id].name})
            )
        if wanted.from_address:
            found.append(("from", _("With %(address)s") % {"address": wanted.from_address}))
        if wanted.linked_to:
            found.append(
                ("linked", _("Linked to: %(kind)s") % {"kind": RecordKind(wanted.linked_to).label})
            )
        if wanted.visibility:
            found.append(("visibility", str(ThreadVisibility(wanted.visibility).label)))
        if wanted.assigned_id is not None:
            found.append(("assigned", self._assigned_text()))
        found += self._plain_chips()
        return [Chip(text=text, without=self.query(**{name: ""})) for name, text in found]

    def _plain_chips(self) -> list[tuple[str, str]]:
        wanted = self.wanted
        found = [("waiting", str(WaitingFor(wanted.waiting).label))] if wanted.waiting else []
        marks = (
            ("starred", wanted.flagged, _("Starred")),
            ("file", wanted.has_file, _("Has a file")),
            ("asks", wanted.asks, _("Waits for your choice")),
        )
        return found + [(name, text) for name, is_on, text in marks if is_on]
