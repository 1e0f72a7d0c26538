"""Every key of the product: one table for the handler, the help sheet, tooltips and the palette.

`keys` are spelled as `KeyboardEvent.key`: letters as they arrive, so `E` is Shift and e. Two
keys in a row stand apart: `g i`. `Mod+` is Ctrl, or Command on a Mac. A command clicks the
visible element with `data-key="<its id>"`; without one it opens `href`, or is carried out by
the script that registered its id.
"""

from dataclasses import asdict, dataclass
from functools import lru_cache

from django.utils.functional import Promise
from django.utils.html import json_script
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from common.navigation import is_page

ANYWHERE = _("Anywhere")
GO_TO = _("Go to")
LISTS = _("Lists")
CONVERSATIONS = _("Conversations")
RECORDS = _("Deals, leads and other records")
WRITING = _("Writing")


@dataclass(frozen=True)
class Command:
    """One thing that can be done by a key. `in_fields` also while somebody types."""

    id: str
    keys: tuple[str, ...]
    label: str | Promise
    group: str | Promise
    icon: str = "command"
    href: str = ""
    in_fields: bool = False


COMMANDS = (
    Command("palette", ("Mod+k",), _("Search or do anything"), ANYWHERE, "command", in_fields=True),
    Command("help", ("?",), _("Show keyboard shortcuts"), ANYWHERE, "keyboard"),
    Command("search", ("/",), _("Search in this list"), ANYWHERE, "search"),
    Command("compose", ("c",), _("Write a mail"), ANYWHERE, "edit"),
    Command(
        "compose-page",
        ("C",),
        _("Write a mail in the whole window"),
        ANYWHERE,
        "edit",
        "/mail/compose/",
    ),
    Command("undo", ("z", "Mod+z"), _("Undo the last act"), ANYWHERE, "arrow-back-up"),
    Command("new", ("n",), _("New"), RECORDS, "plus"),
    Command("go-inbox", ("g i",), _("Inbox"), GO_TO, "inbox", "/mail/inbox/"),
    Command("go-drafts", ("g d",), _("Drafts"), GO_TO, "pencil", "/mail/drafts/"),
    Command("go-outbox", ("g o",), _("Outbox"), GO_TO, "send", "/mail/outbox/"),
    Command("go-sent", ("g t",), _("Sent"), GO_TO, "send", "/mail/sent/"),
    Command("go-archive", ("g a",), _("Archive"), GO_TO, "archive", "/mail/archive/"),
    Command("go-leads", ("g l",), _("Leads"), GO_TO, "target-arrow", "/leads/"),
    Command("go-deals", ("g b",), _("Deals"), GO_TO, "coin", "/deals/"),
    Command("go-projects", ("g j",), _("Projects"), GO_TO, "layout-kanban", "/projects/"),
    Command("go-contacts", ("g c",), _("Contacts"), GO_TO, "users", "/contacts/people/"),
    Command("go-settings", ("g ,",), _("Settings"), GO_TO, "settings", "/settings/"),
    Command("row-next", ("j",), _("Next row"), LISTS, "arrow-down"),
    Command("row-previous", ("k",), _("Previous row"), LISTS, "arrow-up"),
    Command("row-open", ("o",), _("Open"), LISTS, "corner-down-left"),
    Command("row-select", ("x",), _("Select"), LISTS, "checkbox"),
    Command("extend-next", ("J",), _("Extend the selection down"), LISTS, "arrow-down"),
    Command("extend-previous", ("K",), _("Extend the selection up"), LISTS, "arrow-up"),
    Command("select-all", ("* a",), _("Select all"), LISTS, "checks"),
    Command("select-none", ("* n",), _("Select none"), LISTS, "x"),
    Command("select-read", ("* r",), _("Select what is read"), LISTS, "mail-opened"),
    Command("select-unread", ("* u",), _("Select what is unread"), LISTS, "mail"),
    Command("tab-next", ("`",), _("Next tab"), LISTS, "chevron-right"),
    Command("tab-previous", ("~",), _("Previous tab"), LISTS, "chevron-left"),
    Command("back", ("u", "Escape"), _("Back to the list"), CONVERSATIONS, "arrow-left"),
    Command("archive", ("e",), _("Archive"), CONVERSATIONS, "archive"),
    Command("unarchive", ("E",), _("Move to inbox"), CONVERSATIONS, "inbox"),
    Command("archive-next", ("]",), _("Archive and open the next"), CONVERSATIONS, "archive"),
    Command(
        "archive-previous", ("[",), _("Archive and open the previous"), CONVERSATIONS, "archive"
    ),
    Command("trash", ("#", "Delete"), _("Delete"), CONVERSATIONS, "trash"),
    Command("snooze", ("h", "b"), _("Remind me later"), CONVERSATIONS, "alarm"),
    Command("read", ("I",), _("Mark as read"), CONVERSATIONS, "mail-opened"),
    Command("unread", ("U",), _("Mark as unread"), CONVERSATIONS, "mail"),
    Command("label", ("l",), _("Label"), CONVERSATIONS, "tag"),
    Command("folder", ("v",), _("Move to a folder"), CONVERSATIONS, "folder"),
    Command("star", ("s",), _("Star"), CONVERSATIONS, "star"),
    Command("assign", ("A",), _("Assign"), CONVERSATIONS, "user-plus"),
    Command("mute", ("m",), _("Mute"), CONVERSATIONS, "volume-off"),
    Command("block", ("!",), _("Block the sender"), CONVERSATIONS, "ban"),
    Command("more", (".",), _("More actions"), CONVERSATIONS, "dots"),
    Command("reply", ("r",), _("Reply"), CONVERSATIONS, "arrow-back-up"),
    Command("reply-all", ("a",), _("Reply to all"), CONVERSATIONS, "arrow-back-up-double"),
    Command("forward", ("f",), _("Forward"), CONVERSATIONS, "arrow-forward-up"),
    Command("message-next", ("n",), _("Next message"), CONVERSATIONS, "arrow-down"),
    Command("message-previous", ("p",), _("Previous message"), CONVERSATIONS, "arrow-up"),
    Command("expand-all", (";",), _("Expand all messages"), CONVERSATIONS, "chevron-down"),
    Command("collapse-all", (":",), _("Collapse all messages"), CONVERSATIONS, "chevron-up"),
    Command("panel", ("i",), _("Show or hide the customer panel"), CONVERSATIONS, "layout-columns"),
    Command("link", ("d",), _("Link to a deal, lead or project"), CONVERSATIONS, "link-plus"),
    Command("new-deal", ("D",), _("New deal from this mail"), CONVERSATIONS, "coin"),
    Command("new-lead", ("L",), _("New lead from this mail"), CONVERSATIONS, "target-arrow"),
    Command("share", ("y",), _("Share or make private"), CONVERSATIONS, "share"),
    Command("edit", ("e",), _("Edit"), RECORDS, "pencil"),
    Command("won", ("w",), _("Won"), RECORDS, "trophy"),
    Command("lost", ("W",), _("Lost"), RECORDS, "circle-x"),
    Command("move", ("m",), _("Move to…"), RECORDS, "switch-horizontal"),
    Command("tab-1", ("1",), _("First tab"), RECORDS, "timeline"),
    Command("tab-2", ("2",), _("Second tab"), RECORDS, "timeline"),
    Command("tab-3", ("3",), _("Third tab"), RECORDS, "timeline"),
    Command("tab-4", ("4",), _("Fourth tab"), RECORDS, "timeline"),
    Command("tab-5", ("5",), _("Fifth tab"), RECORDS, "timeline"),
    Command("send", ("Mod+Enter",), _("Send"), WRITING, "send", in_fields=True),
    Command(
        "send-archive",
        ("Mod+Shift+Enter",),
        _("Send and archive"),
        WRITING,
        "send-2",
        in_fields=True,
    ),
    Command("send-later", ("Mod+Shift+l",), _("Send later"), WRITING, "clock", in_fields=True),
    Command("discard", ("Mod+Shift+d",), _("Discard the draft"), WRITING, "trash", in_fields=True),
    Command("show-cc", ("Mod+Shift+c",), _("Show Cc"), WRITING, "users", in_fields=True),
    Command("show-bcc", ("Mod+Shift+b",), _("Show Bcc"), WRITING, "users", in_fields=True),
    Command("show-from", ("Mod+Shift+f",), _("Choose From"), WRITING, "at", in_fields=True),
    Command("template", ("Mod+;",), _("Insert a template"), WRITING, "template", in_fields=True),
    Command("save", ("Mod+s",), _("Save"), WRITING, "check", in_fields=True),
)

# What scripts say by themselves.
WORDS = {
    "failed": _("That did not work. Please try again."),
    "unreachable": _("The server cannot be reached. Check your connection."),
    "too_large": _("This is too large."),
    "too_many": _("Too many requests. Wait a moment."),
    "forbidden": _("You may not do this."),
    "gone": _("This is no longer here."),
    "again": _("Try again"),
    "close": _("Dismiss"),
    "results": _("Results"),
    "commands": _("Commands"),
    "go_to": _("Go to"),
    "recent": _("Recently used"),
    "selected": _("%(count)d selected"),
    "now": _("just now"),
    "minutes": _("%(count)d min ago"),
    "hours": _("%(count)d h ago"),
    "leave": _("Discard what you typed?"),
    "new_mail": _("New message"),
    "pictures_left_out": _("Pictures from the web were left out. Add them as files instead."),
    "pictures_only": _("Only pictures can be put into this text."),
    "picture_too_big": _("A picture may have 1 MB at most. Make it smaller."),
    "file_too_big": _(
        "%(name)s was not attached: this account's provider takes %(limit)d MB of files in a mail."
    ),
    "files_room": _("%(used)s of %(limit)d MB of files"),
    "already_there": _("Already there: %(names)s"),
    "chip_edit": _("Edit the address"),
    "chip_copy": _("Copy the address"),
    "chip_copied": _("Copied."),
    "chip_move": _("Move to %(field)s"),
    "chip_contact": _("Look among contacts"),
    "no_address": _("This is not an e-mail address."),
    "remove": _("Remove %(name)s"),
    "not_saved": _("Not saved. Trying again…"),
    "see_theirs": _("See the other version"),
    "keep_mine": _("Keep mine"),
    "field_says": _("Here: %(value)s"),
    "field_unknown": _("Nothing is known here."),
    "field_fallback": _("If nothing is known, write"),
    "subject_fields": _("Smart fields of the subject"),
    "subject_says": _("Will say: %(text)s"),
    "editor_missing": _("The editor could not be loaded. You can write plain text."),
}


def for_scripts() -> SafeString:
    """The table and the words, without places that do not exist here, as a JSON script."""
    return _written_in(get_language() or "")


@lru_cache(maxsize=64)
def _written_in(language: str) -> SafeString:
    """Written once for each language: on every page this was a fifth of the work."""
    commands = [
        {**asdict(command), "label": str(command.label), "group": str(command.group)}
        for command in COMMANDS
        if not command.href or is_page(command.href)
    ]
    words = {name: str(word) for name, word in WORDS.items()}
    return json_script({"commands": commands, "words": words}, "client")
