"""Words and marks of conversations."""

from functools import lru_cache
from typing import Any

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.formats import number_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from common.templatetags.ui import icon
from inbox.domain import fields
from inbox.domain.queries.conversation import kind_of
from inbox.domain.queries.lists import Row
from inbox.enums import Act
from inbox.forms.search import HELP
from inbox.views.acts import LEAVING
from mailsync.domain.links_by_hand import reason, target
from mailsync.enums import AccountScope, LinkOrigin
from mailsync.mime import html
from mailsync.models import Attachment, MailAccount, Thread, ThreadLink

register = template.Library()

register.filter("readable_fields", fields.readable)

ICONS = {
    "deal": "coin",
    "lead": "target-arrow",
    "project": "layout-kanban",
    "person": "user",
    "organization": "building",
}
NAMES_SHOWN = 3


@register.filter
def people_line(thread: Thread) -> str:
    """Who takes part, as the row says it: first names when there are several."""
    names = [str(name) for name in thread.people]
    if thread.last_outbound_at and thread.last_inbound_at:
        names.append(_("You"))
    if len(names) > 1:
        names = [_short(name) for name in names]
    if len(names) > NAMES_SHOWN:
        names = [names[0], "…", *names[-(NAMES_SHOWN - 1) :]]
    if not names:
        return _("No sender")
    line = ", ".join(names).replace(", …,", " …")
    return (
        _("To: %(names)s") % {"names": line}
        if not thread.last_inbound_at and thread.last_outbound_at
        else line
    )


def _short(name: str) -> str:
    return name.partition("@")[0] if "@" in name else name.split(" ", maxsplit=1)[0]


@register.filter
def grouped(number: int) -> str:
    """1,284 and not 1284."""
    return number_format(number, force_grouping=True)


@register.filter
def link_icon(link: ThreadLink) -> str:
    return ICONS[kind_of(link)]


@register.filter
def kind_icon(kind: str) -> str:
    return ICONS[kind]


@register.filter
def link_record(link: ThreadLink) -> Any:
    return target(link)


@register.filter
def whose_mail(account: MailAccount) -> str:
    """Whose mailbox a conversation lies in, for a reader to whom it is not his own."""
    return account.address if account.scope == AccountScope.TEAM else account.owner.name


@register.simple_tag
def search_help() -> tuple[tuple[str, Any], ...]:
    """Examples of what the search field understands, with their meaning."""
    return HELP


# Act, icon. Two hundred of them stand in one page of a list, so they are no template of their own.
_SYMBOLS = {
    Act.ARCHIVE: "archive",
    Act.UNARCHIVE: "inbox",
    Act.TRASH: "trash",
    Act.RESTORE: "restore",
    Act.READ: "mail-opened",
    Act.UNREAD: "mail",
    Act.STAR: "star",
    Act.UNSTAR: "star",
}
_ACT = (
    '<button class="button button--ghost button--icon button--small" type="submit" '
    'formaction="{0}{1}/" hx-post="{0}{1}/" hx-swap="none"{2} data-act="{5}" aria-label="{3}" '
    'title="{3}" tabindex="-1">{4}</button>'
)


@lru_cache(maxsize=32)
def _symbol(act: Act) -> SafeString:
    return icon(_SYMBOLS[act], filled=act == Act.UNSTAR)


@register.simple_tag
def row_acts(row: Row, box: str) -> SafeString:
    """The buttons of a row, as fits where the conversation is."""
    thread = row.thread
    # An act's address is the conversation's and the name of the act.
    base = reverse("inbox:thread", args=[row.key])
    return format_html_join(
        "\n",
        _ACT,
        (
            (
                base,
                act.value,
                SafeString(' data-optimistic="leave"') if leaves(box, act) else "",
                act.label,
                _symbol(act),
                # One key puts the star on and takes it off.
                Act.STAR if act == Act.UNSTAR else act.value,
            )
            for act in _acts_of(thread)
        ),
    )


def _acts_of(thread: Thread) -> list[Act]:
    if thread.in_trash:
        places = [Act.RESTORE]
    else:
        places = [Act.ARCHIVE if thread.in_inbox else Act.UNARCHIVE, Act.TRASH]
    return [
        *places,
        Act.READ if thread.unread_count else Act.UNREAD,
        Act.UNSTAR if thread.is_flagged else Act.STAR,
    ]


@register.filter
def leaves(box: str, act: str) -> bool:
    """Whether a row leaves this box by this act."""
    return box in LEAVING.get(Act(act), set())


@register.filter
def mail_text(text: str) -> SafeString:
    """Plain text of a mail with links. The one place where text of strangers becomes markup:
    `text_to_html` escapes first and cleans last."""
    return SafeString(html.text_to_html(text))


FILE_ICONS = {
    "photo": ("png", "jpg", "jpeg", "gif", "webp", "svg", "heic"),
    "file-spreadsheet": ("xls", "xlsx", "ods", "csv"),
    "file-zip": ("zip", "gz", "7z", "rar", "tar"),
    "file-type-pdf": ("pdf",),
    "mail": ("eml",),
    "calendar-event": ("ics",),
    "file-text": ("doc", "docx", "odt", "txt", "rtf", "md"),
}


@register.filter
def file_icon(file: Attachment) -> str:
    """A picture for the kind of file, by its ending: what the sender says of it may be wrong."""
    ending = file.name.rpartition(".")[2].lower()
    return next((icon for icon, endings in FILE_ICONS.items() if ending in endings), "file")


@register.filter
def kind_name(record: Any) -> str:
    """deal, lead, project, person or organization."""
    return str(record._meta.model_name)


@register.filter
def why(link: ThreadLink) -> str:
    """The written reason for a link."""
    origin, address = reason(link)
    sentences = {
        LinkOrigin.ADDRESS: _("because of %(address)s") % {"address": address},
        LinkOrigin.AUTOMATIC: _("the only open one of its people"),
        LinkOrigin.REMEMBERED: _("chosen for %(address)s before") % {"address": address},
        LinkOrigin.HAND: _("linked by hand"),
        LinkOrigin.CREATED: _("made from this conversation"),
    }
    if origin == LinkOrigin.HAND and link.created_by:
        return _("linked by %(name)s") % {"name": link.created_by.name}
    return sentences[LinkOrigin(origin)]


def _url_of(name: str, *args: Any) -> str:
    """A page of an app that is met by its URL alone; empty where it is not installed."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


@register.filter
def card_url(person: Any) -> str:
    return _url_of("crm:person_card", person.pk)


@register.filter
def plain_text(source: str) -> str:
    """The words of a draft on one line, for a list."""
    return " ".join(html.html_to_text(source[:20_000]).split())[:200]
