"""The style sheets, in the order of their layers."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR) / "static"
# tokens.css comes first because it declares the order of the layers.
FIRST = ("tokens", "fonts", "reset", "base", "layout")
LAST = ("utilities", "print")


def stylesheet_paths() -> tuple[str, ...]:
    """Paths below static/. While DEBUG is on, a new file is found without a restart."""
    return _read_paths() if settings.DEBUG else _cached_paths()


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
