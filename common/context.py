"""What every template may use without its view handing it over."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language, get_language_bidi

from common.commands import for_scripts
from common.navigation import is_page

# The widths of panes, in rem, that layout.css knows. js/elements/resize-handle.js keeps them in
# cookies, as js/lib/dark-mail.js does with its choice.
PANE_WIDTHS = {
    "list": frozenset({"18", "20", "22", "24", "26", "28", "30"}),
    "side": frozenset({"16", "18", "20", "22", "24"}),
}

# Places other apps answer under; the shell shows what belongs to them once they are there.
PATHS = {
    "compose": "/mail/compose/",
    "counts": "/mail/counts/",
    "events": "/events/",
    "palette": "/search/palette/",
    "sign_out": "/logout/",
    "undo": "/undo/",
    "bell": "/notifications/popover/",
    "bell_count": "/notifications/count/",
}


def shell(request: HttpRequest) -> dict[str, Any]:
    """`ui`: language, direction, theme, density, keys, pane widths, dark mail, and whether this is a
    demo."""
    user = getattr(request, "user", None)
    preferences = None
    if user is not None and user.is_authenticated:
        # By way of the user, since this app knows no other.
        preferences = user._meta.get_field("preferences").related_model.of(user)
    return {
        "ui": {
            "language": get_language() or settings.LANGUAGE_CODE,
            "direction": "rtl" if get_language_bidi() else "ltr",
            "theme": preferences.theme if preferences else "system",
            "density": preferences.density if preferences else "cosy",
            "single_keys": preferences.single_keys if preferences else True,
            "panes": {
                name: value
                for name, widths in PANE_WIDTHS.items()
                if (value := request.COOKIES.get(f"pane-{name}")) in widths
            },
            "dark_mail": request.COOKIES.get("dark-mail") == "1",
            "demo": settings.DEMO,
            # Called by the base templates alone, so fragments do not pay for it.
            "client": for_scripts,
            "paths": {name: path for name, path in PATHS.items() if is_page(path)},
        },
        "preferences": preferences,
    }
