"""The style sheets, in the order of their layers; joined where static files are collected."""

import posixpath
import re
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage

ROOT = Path(settings.BASE_DIR) / "static"
# tokens.css comes first because it declares the order of the layers.
FIRST = ("tokens", "fonts", "reset", "base", "layout")
LAST = ("utilities", "print")
# What the collected files hold instead of forty: one request, and packed half as large.
JOINED = "css/joined.css"
QUOTED_OR_COMMENT = re.compile(r"""("[^"\n]*"|'[^'\n]*')|/\*.*?\*/""", re.DOTALL)
RELATIVE_ADDRESS = re.compile(r'url\("(?!data:|/|#|https?:)([^"]+)"\)')
BLANK = re.compile(r"\s*\n\s*")


def stylesheet_paths() -> tuple[str, ...]:
    """Paths below static/. While DEBUG is on, a new file is found without a restart."""
    return _read_paths() if settings.DEBUG else _cached_paths()


def linked_stylesheets() -> tuple[str, ...]:
    """What a page names: the joined file where the storage of static files makes it."""
    is_joined = getattr(staticfiles_storage, "joins_stylesheets", False)
    return (JOINED,) if is_joined else stylesheet_paths()


def joined_stylesheet() -> str:
    """All of them as one text, in the same order, without comments and indentation."""
    return "".join(_text_to_join(path) for path in stylesheet_paths())


def _text_to_join(path: str) -> str:
    def move(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), found[1]))
        return f'url("{posixpath.relpath(target, posixpath.dirname(JOINED))}")'

    text = QUOTED_OR_COMMENT.sub(lambda found: found[1] or "", (ROOT / path).read_text())
    return BLANK.sub("\n", RELATIVE_ADDRESS.sub(move, text)).lstrip()


def _read_paths() -> tuple[str, ...]:
    def below(folder: str) -> list[str]:
        return sorted(f"css/{folder}/{path.name}" for path in (ROOT / "css" / folder).glob("*.css"))

    return (
        *(f"css/{name}.css" for name in FIRST),
        *below("components"),
        *below("pages"),
        *(f"css/{name}.css" for name in LAST),
    )


_cached_paths = lru_cache(maxsize=1)(_read_paths)
