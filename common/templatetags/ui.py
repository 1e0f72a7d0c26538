"""The parts pages are made of. `/styleguide/` shows every one in every state."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zlib import crc32

from django import forms, template
from django.conf import settings
from django.core.files.storage import Storage, storages
from django.forms.utils import flatatt
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from common.assets import linked_stylesheets
from common.icons import POINTING, UnknownIconError, listed_icons
from common.navigation import EMAIL, SETTINGS, main_entries, personal_entries, phone_entries
from common.toasts import undo_url_of

register = template.Library()
register.filter("undo_url", undo_url_of)

HUES = ("red", "orange", "amber", "green", "teal", "blue", "violet", "pink")


@lru_cache(maxsize=1)
def _known_icons() -> frozenset[str]:
    return frozenset(listed_icons())


@register.simple_tag
def icon(name: str, *, label: str = "", filled: bool = False, size: str = "") -> SafeString:
    """`{% icon "mail" %}`. Decorative unless a label says what it means."""
    symbol = f"{name}-filled" if filled else name
    if settings.DEBUG and symbol not in _known_icons():
        raise UnknownIconError(f"{symbol} is not in static/icons.txt")
    classes = " ".join(
        filter(None, ("i", f"i--{size}" if size else "", "flip-rtl" if name in POINTING else ""))
    )
    meaning = (
        format_html('role="img" aria-label="{}"', label)
        if label
        else mark_safe('aria-hidden="true"')
    )
    return format_html(
        '<svg class="{}" {}><use href="{}#{}"></use></svg>',
        classes,
        meaning,
        static("icons.svg"),
        symbol,
    )


def attributes(given: dict[str, Any]) -> SafeString:
    """Keyword arguments as attributes: `hx_post` is hx-post, True a bare name, None nothing."""
    return flatatt({name.rstrip("_").replace("_", "-"): value for name, value in given.items()})


@register.simple_tag
def button(
    label: str,
    *,
    kind: str = "secondary",
    icon_name: str = "",
    size: str = "",
    icon_only: bool = False,
    href: str = "",
    key: str = "",
    **given: Any,
) -> SafeString:
    """A button, or a link that looks like one when it has `href`.

    `kind`: primary, secondary, ghost, danger, danger-solid, success. `key` is the id of a
    command in common/commands.py, which then clicks this button. Further keyword
    arguments become attributes.
    """
    classes = ["button", f"button--{kind}"]
    classes += [f"button--{size}"] if size else []
    classes += ["button--icon"] if icon_only else []
    more = given.pop("class_", "")
    given["class"] = " ".join([*classes, more]).strip()
    if key:
        given["data-key"] = key
    if icon_only:
        given.setdefault("aria-label", label)
        given.setdefault("title", label)
    picture = icon(icon_name) if icon_name else ""
    text = "" if icon_only else format_html("<span>{}</span>", label)
    if href:
        return format_html('<a href="{}"{}>{}{}</a>', href, attributes(given), picture, text)
    given.setdefault("type", "button")
    return format_html("<button{}>{}{}</button>", attributes(given), picture, text)


@register.simple_tag
def field(
    bound: forms.BoundField, *, label: str = "", help_text: str = "", label_hidden: bool = False
) -> SafeString:
    """A field of a form with label, help and errors, bound together for screen readers."""
    if label:
        bound.label = label
    if help_text:
        bound.help_text = help_text
    context = {"field": bound, "label_hidden": label_hidden}
    return bound.form.render(template_name="ui/_field.html", context=context)


@register.filter
def widget_kind(bound: forms.BoundField) -> str:
    """How the field is laid out: `check`, `switch`, `options`, `menu` or `line`."""
    widget = bound.field.widget
    if isinstance(widget, forms.CheckboxInput):
        return "switch" if widget.attrs.get("role") == "switch" else "check"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "options"
    return "menu" if isinstance(widget, forms.Select) else "line"


@register.simple_block_tag
def panel(
    content: str,
    title: str = "",
    *,
    icon_name: str = "",
    collapsible: bool = False,
    closed: bool = False,
    id: str = "",  # noqa: A002 -- the attribute's name
    heading: str = "h2",
) -> SafeString:
    """A card with a title; with `collapsible` it folds."""
    context = {
        "content": content,
        "title": title,
        "icon_name": icon_name,
        "closed": closed,
        "id": id,
        "heading": heading,
    }
    name = "ui/_panel_folding.html" if collapsible else "ui/_panel.html"
    return render_to_string(name, context)


@register.simple_block_tag
def banner(
    content: str, *, kind: str = "info", bar: bool = False, icon_name: str = "", role: str = ""
) -> SafeString:
    """One sentence about the state of what is shown. `kind`: info, success, warning, danger,
    neutral."""
    icons = {
        "info": "info-circle",
        "success": "circle-check",
        "warning": "alert-triangle",
        "danger": "alert-circle",
        "neutral": "info-circle",
    }
    context = {
        "content": content,
        "kind": kind,
        "bar": bar,
        "icon_name": icon_name or icons[kind],
        "role": role,
    }
    return render_to_string("ui/_banner.html", context)


@register.simple_tag
def badge(label: str, *, kind: str = "neutral", icon_name: str = "", title: str = "") -> SafeString:
    """A state in a word. `kind`: neutral, info, success, warning, danger, accent."""
    return format_html(
        '<span class="badge badge--{}"{}>{}{}</span>',
        kind,
        attributes({"title": title or None}),
        icon(icon_name) if icon_name else "",
        label,
    )


@register.simple_tag
def tag(name: str, *, hue: str = "") -> SafeString:
    """A label that somebody made, in one of the eight hues."""
    shown = hue if hue in HUES else ""
    return format_html(
        '<span class="tag"{}><span dir="auto">{}</span></span>',
        attributes({"data-hue": shown or None}),
        name,
    )


@register.filter
def hue_of(name: Any) -> str:
    """The hue of a name, always the same one."""
    return HUES[crc32(str(name).casefold().encode()) % len(HUES)]


@register.filter
def initials(name: Any) -> str:
    words = [word for word in str(name).replace("@", " ").split() if word[:1].isalnum()]
    letters = [words[0][0], words[-1][0]] if len(words) > 1 else [word[0] for word in words]
    return "".join(letters).upper() or "?"


@register.simple_tag
def avatar(who: Any, *, size: int = 24, photo: str = "") -> SafeString:
    """The person's photo or initials. Stands beside a name, so it is silent."""
    name = str(getattr(who, "name", "") or who or "")
    inner = format_html('<img src="{}" alt="">', photo) if photo else initials(name)
    return format_html(
        '<span class="avatar avatar--{}" data-hue="{}" aria-hidden="true">{}</span>',
        size,
        hue_of(name),
        inner,
    )


@register.simple_block_tag
def empty(
    content: str, title: str, *, text: str = "", icon_name: str = "inbox", tip: str = ""
) -> SafeString:
    """What is shown where a list has no rows. The block holds the buttons."""
    context = {"content": content, "title": title, "text": text, "icon_name": icon_name, "tip": tip}
    return render_to_string("ui/_empty.html", context)


@register.simple_block_tag
def menu(
    content: str,
    label: str,
    *,
    id: str,  # noqa: A002 -- the attribute's name
    icon_name: str = "dots",
    kind: str = "ghost",
    size: str = "",
    show_label: bool = False,
    key: str = "",
) -> SafeString:
    """A button that opens a list of commands (`menu_item`). `id` is unique on the page."""
    context = {
        "content": content,
        "label": label,
        "id": id,
        "icon_name": icon_name,
        "kind": kind,
        "size": size,
        "show_label": show_label,
        "key": key,
    }
    return render_to_string("ui/_menu.html", context)


@register.simple_tag
def menu_item(
    label: str,
    *,
    icon_name: str = "",
    href: str = "",
    danger: bool = False,
    hint: str = "",
    **given: Any,
) -> SafeString:
    """One command in a menu; a link with `href`, else a button (give `form` or `hx_post`). What
    it comes to stands at its end as `hint`."""
    given["class"] = "menu__item menu__item--danger" if danger else "menu__item"
    given["role"] = "menuitem"
    given["tabindex"] = "-1"
    picture = icon(icon_name) if icon_name else ""
    if href:
        return format_html(
            '<a href="{}"{}>{}<span>{}</span></a>', href, attributes(given), picture, label
        )
    given.setdefault("type", "button")
    end = format_html('<span class="menu__hint">{}</span>', hint) if hint else ""
    return format_html(
        "<button{}>{}<span>{}</span>{}</button>", attributes(given), picture, label, end
    )


@register.simple_block_tag
def dialog(
    content: str,
    title: str,
    *,
    id: str = "dialog",  # noqa: A002 -- the attribute's name
    wide: bool = False,
) -> SafeString:
    """A native dialog. In #dialog-root it opens by itself; elsewhere by
    `<button data-opens="its-id">`."""
    context = {"content": content, "title": title, "id": id, "wide": wide}
    return render_to_string("ui/_dialog.html", context)


@register.simple_block_tag
def tabs(content: str, label: str) -> SafeString:
    """Navigation between views of one thing; holds `tab`s."""
    return format_html('<nav class="tabs" aria-label="{}">{}</nav>', label, content)


@register.simple_tag
def tab(
    label: str, href: str, *, current: bool = False, count: int | None = None, **given: Any
) -> SafeString:
    given["class"] = "tabs__tab"
    given["aria-current"] = "page" if current else None
    number = "" if count is None else format_html('<span class="tabs__count">{}</span>', count)
    return format_html('<a href="{}"{}>{}{}</a>', href, attributes(given), label, number)


@register.simple_tag(takes_context=True)
def pager(
    context: Context,
    page: Any,
    *,
    target: str = "",
    label: str = "",
    element: str = "li",
) -> SafeString:
    """The way to the next page: a link that loads itself when it comes into view.

    `page` is a `common.paging.Page`. `target` is the name of the partial that holds the next
    rows and their own pager; it becomes this element's id, and the answer takes its place.
    """
    if not page.next_cursor:
        return mark_safe("")
    query = context["request"].GET.copy()
    query["after"] = page.next_cursor
    given = {
        "url": f"?{query.urlencode()}",
        "target": target,
        "label": label or _("Load older"),
        "element": element,
    }
    return render_to_string("ui/_pager.html", given)


@register.simple_tag
def skeleton(lines: int = 3, *, kind: str = "") -> SafeString:
    """Grey bars in the place of what is on its way; `kind="rows"` has the height of rows."""
    bars = format_html_join(
        "", "{}", [(mark_safe('<span class="skeleton__line"></span>'),)] * lines
    )
    classes = f"skeleton skeleton--{kind}" if kind else "skeleton"
    return format_html('<div class="{}" aria-hidden="true">{}</div>', classes, bars)


@register.simple_tag
def keycap(*keys: str) -> SafeString:
    """Keys as they are printed on a keyboard. The words for them come from aria-keyshortcuts."""
    caps = format_html_join("", '<kbd class="keycap">{}</kbd>', ((key,) for key in keys))
    return format_html('<span class="keys" aria-hidden="true">{}</span>', caps)


@register.simple_tag
def when(moment: datetime | None, *, form: str = "short") -> SafeString:
    """A moment as a person says it: `09:42`, `Yesterday`, `12 Mar`, `12 Mar 2024`.

    The full date is in the title. `form="relative"` says how long ago and is kept up to date
    by js/lib/times.js; `form="ahead"` has day and time; `form="full"` writes everything out.
    """
    if moment is None:
        return mark_safe("")
    local = timezone.localtime(moment)
    full = date_format(local, "DATETIME_FORMAT")
    ahead = date_format(local, "D j M, H:i")
    shown = {"full": full, "relative": _relative(local), "ahead": ahead}.get(form) or _short(local)
    return format_html(
        '<time datetime="{}" title="{}"{}>{}</time>',
        local.isoformat(timespec="seconds"),
        full,
        attributes({"data-relative": form == "relative"}),
        shown,
    )


def _short(local: datetime) -> str:
    today = timezone.localtime().date()
    if local.date() == today:
        return date_format(local, "H:i")
    if local.date() == today - timedelta(days=1):
        return _("Yesterday")
    return date_format(local, "j M" if local.year == today.year else "j M Y")


def _relative(local: datetime) -> str:
    minutes = round((timezone.now() - local).total_seconds() / 60)
    if abs(minutes) >= 24 * 60:
        return _short(local)
    if minutes < 0:
        return _short(local)
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return _("%(count)d min ago") % {"count": minutes}
    return _("%(count)d h ago") % {"count": minutes // 60}


@register.simple_tag
def stylesheets() -> SafeString:
    """Links to all style sheets, in the order of the layers; to one, where they were joined."""
    return _links_to(linked_stylesheets(), storages["staticfiles"])


@lru_cache(maxsize=2)
def _links_to(paths: tuple[str, ...], storage: Storage) -> SafeString:
    """Kept, because not joined they are forty, on each page."""
    return format_html_join(
        "\n", '<link rel="stylesheet" href="{}">', ((storage.url(path),) for path in paths)
    )


@register.simple_block_tag(takes_context=True)
def navigation(context: Context, content: str) -> SafeString:
    """The sidebar. The block holds the name of the section that is open."""
    request = context["request"]
    # The bar on phones comes later in the page and must know the same; a block occurs once.
    request.open_section = content.strip()
    personal = personal_entries(request.open_section, request.user)
    own_paths = {entry.path for group in personal for entry in group.entries}
    full_path = request.get_full_path()
    given = {
        "entries": main_entries(),
        "settings_entry": SETTINGS,
        "section": request.open_section,
        # One place is marked: a view or an account of one's own wins over the box that it narrows.
        "path": full_path if full_path in own_paths else request.path,
        "personal": personal,
    }
    inherited: dict[str, Any] = context.flatten()  # type: ignore[assignment]
    return render_to_string("ui/_sidebar.html", {**inherited, **given}, request=request)


@register.simple_tag
def email_tabs(current: str) -> SafeString:
    """The tabs over all pages of one's mail in the settings."""
    links = [
        tab(str(one.label), one.path, current=one.section == current) for one in EMAIL if one.exists
    ]
    return tabs(SafeString("".join(links)), _("Email sync"))


@register.simple_tag(takes_context=True)
def phone_navigation(context: Context) -> SafeString:
    """The bar at the bottom on phones; stands after `navigation`."""
    request = context["request"]
    given = {"phone_entries": phone_entries(), "section": request.open_section}
    return render_to_string("ui/_tabbar.html", given, request=request)
