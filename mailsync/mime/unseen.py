"""What is in a mail and its reader could not see, taken out before the mail is quoted.

A quote goes out under our name. Text that its writer hid, by style or by the colour of its ground,
would be said by us to people who have other eyes for it, and a picture of one point only tells who
reads. What stays keeps its looks.

It works on cleaned HTML: every element is closed, no attribute holds a raw `<` or `>`, and a style
is `name:value` between semicolons. Each token is looked at once.
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple

from tinycss2 import color3, parse_component_value_list

# Smaller letters nobody reads, and a picture of that size nobody looks at.
_LEAST_PIXELS = 3
_LEAST_SHARE = 0.2
_LEAST_OPACITY = 0.1
_LEAST_DIFFERENCE = 0.08
_TOKEN = re.compile(r"<(/?)([a-z0-9]+)([^<>]*)>")
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
_VOID = frozenset(("br", "hr", "img", "col", "wbr"))
_NOTHING = re.compile(r"-?0*\.?0*(?:px|pt|em|rem|ex|%|vh|vw)?")
_LENGTH = re.compile(r"([0-9]*\.?[0-9]+)(px|pt|em|rem|ex|%)?")
_PIXELS = re.compile(r"([0-9]+)(?:\.[0-9]+)?(?:px)?")
# Of each property what hides by itself, whatever stands around it.
_HIDING = {"display": {"none"}, "visibility": {"hidden", "collapse"}}

_Colour = tuple[float, float, float]
_WHITE: _Colour = (1.0, 1.0, 1.0)
_BLACK: _Colour = (0.0, 0.0, 0.0)
_LINK: _Colour = (0.0, 0.0, 0.9)


class _Looks(NamedTuple):
    """What a style says; None where it says nothing."""

    is_hidden: bool = False
    is_tiny: bool | None = None
    is_relative: bool = False  # a size that is a share of the one around it
    is_flat: bool | None = None  # lines without height
    is_clear: bool | None = None  # letters that let everything through
    colour: _Colour | None = None
    ground: _Colour | None = None


class _Place(NamedTuple):
    """What holds for text here."""

    is_tiny: bool = False
    is_flat: bool = False
    is_clear: bool = False
    colour: _Colour = _BLACK
    ground: _Colour = _WHITE

    @property
    def is_read(self) -> bool:
        if self.is_tiny or self.is_flat or self.is_clear:
            return False
        pairs = zip(self.colour, self.ground, strict=True)
        return max(abs(one - other) for one, other in pairs) > _LEAST_DIFFERENCE


def without_unseen(cleaned: str, *, web: str) -> str:
    """`web` begins the address of a picture that lies in the web."""
    out: list[str] = []
    places = [_Place()]
    at, hidden = 0, 0
    for token in _TOKEN.finditer(cleaned):
        text = cleaned[at : token.start()]
        at = token.end()
        if not hidden and (places[-1].is_read or text.isspace()):
            out.append(text)
        closing, tag, rest = token.groups()
        if hidden:
            hidden += 0 if tag in _VOID else -1 if closing else 1
            continue
        if closing:
            if len(places) > 1:
                places.pop()
        else:
            attributes = dict(_ATTRIBUTE.findall(rest))
            looks = _looks(attributes.get("style", ""))
            if looks.is_hidden or (tag == "img" and _is_watching(attributes, web)):
                hidden = 0 if tag in _VOID else 1
                continue
            if tag not in _VOID:
                places.append(_inside(places[-1], tag, attributes, looks))
        out.append(token.group())
    if not hidden and places[-1].is_read:
        out.append(cleaned[at:])
    return "".join(out)


def _inside(outer: _Place, tag: str, attributes: dict[str, str], looks: _Looks) -> _Place:
    is_tiny = outer.is_tiny if looks.is_tiny is None else looks.is_tiny
    usual = _LINK if tag == "a" else outer.colour
    return _Place(
        is_tiny=is_tiny or (looks.is_relative and outer.is_tiny),
        is_flat=outer.is_flat if looks.is_flat is None else looks.is_flat,
        is_clear=outer.is_clear if looks.is_clear is None else looks.is_clear,
        colour=looks.colour or _colour(attributes.get("color", "")) or usual,
        ground=looks.ground or _colour(attributes.get("bgcolor", "")) or outer.ground,
    )


def _is_watching(attributes: dict[str, str], web: str) -> bool:
    """A picture of the web that is there to be asked for, and not to be looked at."""
    if not attributes.get("src", "").startswith(web):
        return False
    styles = _declarations(attributes.get("style", ""))
    sizes = [
        _PIXELS.fullmatch(known[name].strip())
        for known in (attributes, styles)
        for name in ("width", "height", "max-width", "max-height")
        if name in known
    ]
    return any(size and int(size[1]) < _LEAST_PIXELS for size in sizes)


def _declarations(style: str) -> dict[str, str]:
    pairs = (one.partition(":") for one in style.split(";"))
    return {name: value.strip().lower() for name, _colon, value in pairs}


@lru_cache(maxsize=2048)
def _looks(style: str) -> _Looks:
    if not style:
        return _Looks()
    said = _declarations(style)
    is_tiny, is_relative = _size(said.get("font-size") or said.get("font", ""))
    letters = _rgba(said.get("color", ""))
    return _Looks(
        is_hidden=_hides(said),
        is_tiny=is_tiny,
        is_relative=is_relative,
        is_flat=bool(_NOTHING.fullmatch(said["line-height"])) if "line-height" in said else None,
        is_clear=letters.alpha < _LEAST_OPACITY if letters else None,
        colour=letters and letters[:3],
        ground=_ground(said.get("background-color") or said.get("background", "")),
    )


def _hides(said: dict[str, str]) -> bool:
    if any(said.get(name) in values for name, values in _HIDING.items()):
        return True
    opacity = _LENGTH.fullmatch(said.get("opacity", "1"))
    if opacity and float(opacity[1]) < _LEAST_OPACITY:
        return True
    is_cut = said.get("overflow", "").startswith("hidden")
    return any(
        _NOTHING.fullmatch(said[name]) and (is_cut or name.startswith("max-"))
        for name in ("height", "width", "max-height", "max-width")
        if said.get(name)
    )


def _size(value: str) -> tuple[bool | None, bool]:
    """Whether letters are too small to be read, and whether that depends on what is around."""
    for word in value.partition("/")[0].split():
        found = _LENGTH.fullmatch(word)
        if not found:
            continue
        number, unit = float(found[1]), found[2]
        if unit in ("px", "pt"):
            return number < _LEAST_PIXELS, False
        if unit:
            share = number / 100 if unit == "%" else number
            return share < _LEAST_SHARE, unit != "rem"
        if number == 0:
            return True, False
    return None, False


def _colour(value: str) -> _Colour | None:
    found = _rgba(value)
    return found and found[:3]


def _rgba(value: Any) -> Any:
    """The colour that this is; None for `currentcolor` and for what is none."""
    found = color3.parse_color(value)
    return found if isinstance(found, color3.RGBA) else None


def _ground(value: str) -> _Colour | None:
    for token in parse_component_value_list(value):
        found = _rgba(token)
        if found and found.alpha > 1 / 2:
            return tuple(found[:3])
    return None
