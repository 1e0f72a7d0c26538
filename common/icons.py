"""The one sprite that holds every icon in use."""

import re
from pathlib import Path
from xml.etree import ElementTree

from django.conf import settings

LIST = Path(settings.BASE_DIR) / "static" / "icons.txt"
SPRITE = Path(settings.BASE_DIR) / "static" / "icons.svg"
SOURCE = Path(settings.BASE_DIR) / "static" / "vendor" / "tabler"
SVG = "{http://www.w3.org/2000/svg}"
STROKE_WIDTH = "1.75"
# Icons that point along the line of writing, and so are mirrored where it runs to the left.
POINTING = frozenset(
    {
        "align-left",
        "arrow-back-up",
        "arrow-back-up-double",
        "arrow-forward-up",
        "arrow-left",
        "arrow-right",
        "chevron-left",
        "chevron-right",
        "corner-down-left",
        "corner-up-left",
        "corner-up-right",
        "indent-decrease",
        "indent-increase",
        "login",
        "logout",
        "mail-forward",
        "send",
        "send-2",
    }
)


class UnknownIconError(LookupError):
    """An icon is named that is not in static/icons.txt."""


def listed_icons() -> list[str]:
    """The ids in the sprite: `eye` for the outline, `eye-filled` for its filled twin."""
    lines = (line.strip() for line in LIST.read_text().splitlines())
    return [symbol_id(line) for line in lines if line and not line.startswith("#")]


def symbol_id(name: str) -> str:
    return f"{name.removeprefix('filled:')}-filled" if name.startswith("filled:") else name


def build_sprite() -> str:
    """The sprite's text, in the order of the list."""
    (version,) = (path for path in SOURCE.iterdir() if path.is_dir())
    symbols = "\n".join(_symbol(name, version) for name in listed_icons())
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n'


def _symbol(name: str, folder: Path) -> str:
    filled = name.endswith("-filled")
    path = folder / ("filled" if filled else "outline") / f"{name.removesuffix('-filled')}.svg"
    if not path.exists():
        raise UnknownIconError(f"{name} has not been fetched: run scripts/vendor.py icons")
    # Our own vendored file, so the parser meets no foreign XML.
    root = ElementTree.fromstring(path.read_text())  # noqa: S314 -- a file of our own
    shapes = [child for child in root if child.get("stroke") != "none"]
    body = "".join(ElementTree.tostring(shape, encoding="unicode") for shape in shapes)
    body = re.sub(r"\s*ns0:|(?<=<)ns0:|\s*xmlns:ns0=\"[^\"]*\"", "", body).replace("</ns0:", "</")
    paint = (
        'fill="currentColor"'
        if filled
        else f'fill="none" stroke="currentColor" stroke-width="{STROKE_WIDTH}" '
        'stroke-linecap="round" stroke-linejoin="round"'
    )
    return f'<symbol id="{name}" viewBox="0 0 24 24" {paint}>{" ".join(body.split())}</symbol>'
