r"""The declarations of a style attribute that a mail may keep.

A sanitiser that looks at property names alone lets `background:url(//tracker)` through, also
when it is spelled `\\75rl(`. Values are read as the browser reads them: by tokens, and no
function is let through but colours and sums.
"""

import re
from functools import lru_cache

import tinycss2

from mailsync.mime import limits

_SIDES = ("top", "right", "bottom", "left")
PROPERTIES = frozenset(
    [
        "background", "background-color", "border-collapse", "border-spacing", "border-radius",
        "border-top-left-radius", "border-top-right-radius", "border-bottom-left-radius",
        "border-bottom-right-radius", "box-sizing", "box-shadow", "caption-side", "clear", "color",
        "direction", "display", "empty-cells", "float", "font", "font-family", "font-size",
        "font-stretch", "font-style", "font-variant", "font-weight", "height", "hyphens",
        "letter-spacing", "line-height", "list-style", "list-style-position", "list-style-type",
        "max-height", "max-width", "min-height", "min-width", "opacity", "overflow",
        "overflow-wrap", "overflow-x", "overflow-y", "table-layout", "text-align",
        "text-align-last", "text-decoration", "text-decoration-color", "text-decoration-line",
        "text-decoration-style", "text-indent", "text-overflow", "text-shadow", "text-transform",
        "unicode-bidi", "vertical-align", "visibility", "white-space", "width", "word-break",
        "word-spacing", "word-wrap", "border", "margin", "padding", "border-width", "border-style",
        "border-color", "outline", "outline-color", "outline-style", "outline-width",
        "align-items", "align-content", "align-self", "flex", "flex-basis", "flex-direction",
        "flex-flow", "flex-grow", "flex-shrink", "flex-wrap", "justify-content", "gap", "order",
        "object-fit", "object-position", "aspect-ratio", "tab-size", "widows", "orphans",
        "margin-inline-start", "margin-inline-end", "padding-inline-start", "padding-inline-end",
        *(f"margin-{side}" for side in _SIDES),
        *(f"padding-{side}" for side in _SIDES),
        *(f"border-{side}" for side in _SIDES),
        *(f"border-{side}-{what}" for side in _SIDES for what in ("color", "style", "width")),
    ]
)  # fmt: skip

_COLOUR_FUNCTIONS = frozenset(("rgb", "rgba", "hsl", "hsla"))
_FUNCTIONS = _COLOUR_FUNCTIONS | {"calc"}
_NEVER_NEGATIVE = ("margin", "text-indent", "letter-spacing", "word-spacing", "outline", "order")
# Nothing but names, numbers, colours and units: what tinycss2 would say is known beforehand.
_HARMLESS = re.compile(r"[A-Za-z0-9#%., \t\r\n/+-]*")
_NEGATIVE = re.compile(r"(?:^|[\s,/(])-[\d.]")
_WHITE = re.compile(r"\s+")
_EXOTIC_DISPLAY = frozenset(("contents", "grid", "inline-grid"))


@lru_cache(maxsize=2048)
def clean_style(style: str) -> str:
    """What is left of a style attribute; empty when nothing is."""
    if len(style) > limits.STYLE_CHARACTERS:
        style = style[: style.rfind(";", 0, limits.STYLE_CHARACTERS) + 1]
    kept: list[str] = []
    if not any(sign in style for sign in "\\@{}<>'\"()/*!"):
        for declaration in style.split(";"):
            name, colon, value = declaration.partition(":")
            if colon:
                _keep(kept, name.strip().lower(), value.strip())
        return ";".join(kept)
    for node in tinycss2.parse_declaration_list(style, skip_comments=True, skip_whitespace=True):
        if node.type != "declaration":
            continue
        value = _safe_value(node.lower_name, node.value)
        if value:
            _keep(kept, node.lower_name, value)
    return ";".join(kept)


def _keep(kept: list[str], name: str, value: str) -> None:
    if name not in PROPERTIES or not value:
        return
    value = _WHITE.sub(" ", value)
    if name.startswith(_NEVER_NEGATIVE) and _NEGATIVE.search(value):
        return
    if name == "display" and value.lower() in _EXOTIC_DISPLAY:
        return
    if ":" in value or ";" in value:
        return
    kept.append(f"{name}:{value}")


def _safe_value(name: str, tokens: list[tinycss2.ast.Node]) -> str:
    """The value without what may not stay; empty when nothing of it may."""
    out: list[str] = []
    for token in tokens:
        text = _safe_token(token)
        if text is None:
            if name == "background" and token.type in ("url", "error", "function"):
                continue  # the colour beside the picture stays
            return ""
        out.append(text)
    return _WHITE.sub(" ", "".join(out)).strip()


def _safe_token(token: tinycss2.ast.Node) -> str | None:
    """The token as it may be written; None for one that may not."""
    text: str | None = None
    if token.type == "function":
        if token.lower_name in _FUNCTIONS and _is_flat(token.arguments):
            text = token.serialize()
    elif token.type in ("string", "ident", "hash"):
        if _WORDS.fullmatch(token.value):
            text = _QUOTED[token.type].format(token.value)
    elif token.type == "literal":
        text = token.value if token.value in (",", "/", "+", "-") else None
    elif token.type in ("comment", "whitespace"):
        text = "" if token.type == "comment" else " "
    elif token.type in ("number", "percentage", "dimension"):
        written = token.serialize()
        text = written if _HARMLESS.fullmatch(written) else None
    return text


_QUOTED = {"string": "'{}'", "ident": "{}", "hash": "#{}"}
_WORDS = re.compile(r"[\w .-]{0,200}")


def _is_flat(tokens: list[tinycss2.ast.Node]) -> bool:
    """The arguments of a colour or a sum: numbers and signs, and brackets no deeper than one."""
    for token in tokens:
        if token.type == "() block":
            if any(inner.type not in _NUMERIC for inner in token.content):
                return False
        elif token.type not in _NUMERIC or (
            token.type == "literal" and token.value not in (",", "/", "+", "-", "*")
        ):
            return False
    return True


_NUMERIC = frozenset(("number", "percentage", "dimension", "whitespace", "literal", "ident"))
