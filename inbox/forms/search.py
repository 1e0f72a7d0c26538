"""The operators of a search in words: chips for those in force, and the help beside the field."""

from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.domain.search_query import Part, Query
from inbox.forms.filters import Chip

STATES: dict[tuple[str, str], Any] = {
    ("is", "unread"): gettext_lazy("Unread"),
    ("is", "read"): gettext_lazy("Read"),
    ("is", "starred"): gettext_lazy("Starred"),
    ("is", "muted"): gettext_lazy("Muted"),
    ("is", "shared"): gettext_lazy("Shared"),
    ("is", "private"): gettext_lazy("Private"),
    ("in", "inbox"): gettext_lazy("In the inbox"),
    ("in", "sent"): gettext_lazy("Sent"),
    ("in", "archive"): gettext_lazy("Archived"),
    ("in", "trash"): gettext_lazy("In Trash"),
    ("in", "spam"): gettext_lazy("Spam"),
    ("has", "file"): gettext_lazy("Has a file"),
    ("has", "attachment"): gettext_lazy("Has a file"),
}
SENTENCES: dict[str, Any] = {
    "from": gettext_lazy("From %(value)s"),
    "to": gettext_lazy("To %(value)s"),
    "subject": gettext_lazy("Subject: %(value)s"),
    "body": gettext_lazy("Text: %(value)s"),
    "label": gettext_lazy("Label: %(value)s"),
    "account": gettext_lazy("Account: %(value)s"),
    "before": gettext_lazy("Before %(value)s"),
    "after": gettext_lazy("From %(value)s on"),
    "person": gettext_lazy("Person: %(value)s"),
    "organization": gettext_lazy("Organization: %(value)s"),
    "deal": gettext_lazy("Deal: %(value)s"),
    "lead": gettext_lazy("Lead: %(value)s"),
    "project": gettext_lazy("Project: %(value)s"),
}
HELP: tuple[tuple[str, Any], ...] = (
    ("red house", gettext_lazy("both words, anywhere in a mail; the last may be a beginning")),
    ('"red house"', gettext_lazy("these words side by side")),
    ("-draft", gettext_lazy("without this word")),
    ("from:ada to:grace", gettext_lazy("people, by name or address")),
    ("subject:offer body:price", gettext_lazy("in one place only")),
    ("has:file", gettext_lazy("with a file; names of files are found like words")),
    ("is:unread", gettext_lazy("also read, starred, muted, shared, private")),
    ("in:archive", gettext_lazy("also inbox, sent, trash, spam")),
    ("label:legal", gettext_lazy("with this label")),
    ("deal:acme", gettext_lazy("linked; also lead, project, person, organization")),
    ("account:sales", gettext_lazy("in one of your accounts")),
    ("after:2026-01-31", gettext_lazy("on this day or later; before: for earlier")),
)


def chips(query: Query) -> list[Chip]:
    """A chip for each operator in force, with the search that is left without it."""
    return [
        Chip(text=_text(part), without=urlencode({"q": query.without(part)}))
        for part in query.understood
    ]


def _text(part: Part) -> str:
    state = STATES.get((part.name, part.value.lower()))
    text = str(state) if state else str(SENTENCES[part.name] % {"value": part.value})
    return _("Not: %(condition)s") % {"condition": text} if part.is_excluded else text
