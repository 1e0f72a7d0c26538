"""Whether HTML has a shape that could keep a tree parser busy. Counted, not parsed."""

import re
from collections import Counter
from enum import Enum

from mailsync.mime import limits


class Shape(Enum):
    ORDINARY = "ordinary"
    SUSPICIOUS = "suspicious"  # deep, many attributes, or many rules for many elements
    HOPELESS = "hopeless"  # so deep that no parser ends in the time it is given


_ANY_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
# Elements that the next of their kind closes, so that old mail never does; and forms, whose
# closing tag closes nothing that stands in them.
_UNCLOSED = frozenset(
    ["p", "li", "td", "th", "tr", "dd", "dt", "br", "hr", "img", "col", "meta", "link", "input",
     "option", "wbr", "base", "form"]
)  # fmt: skip
# No closing tag reaches out of these (HTML 13.2.4.2, "has an element in scope").
_BARRIERS = frozenset(
    ["table", "caption", "button", "select", "object", "applet", "marquee", "template", "svg",
     "math"]
)  # fmt: skip
# Opened anew in every block until they are closed themselves (HTML 13.2.4.3).
_FORMATTING = frozenset(
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt",
     "u"]
)  # fmt: skip
_RULES_TIMES_TAGS = 2_000_000
_SHEET_TIMES_TAGS = 200_000_000


def shape_of(html: str) -> Shape:
    tags = html.count("<")
    depth = _deepest(html) if tags > limits.HTML_DEPTH else 0
    if depth > limits.HTML_HOPELESS_DEPTH:
        return Shape.HOPELESS
    if (
        depth > limits.HTML_DEPTH
        or _most_attributes(html) > limits.HTML_ATTRIBUTES
        or _has_heavy_sheet(html, tags)
    ):
        return Shape.SUSPICIOUS
    return Shape.ORDINARY


def _has_heavy_sheet(html: str, tags: int) -> bool:
    sheet = html.find("<style")
    if sheet < 0:
        return False
    length = html.rfind("</style") - sheet
    rules = html.count("{")
    return rules * tags > _RULES_TIMES_TAGS or max(length, 0) * tags > _SHEET_TIMES_TAGS


def _deepest(html: str) -> int:
    """No less than the depth of the tree, up to where it is hopeless: a closing tag counts only
    where it closes something."""
    tree = _Open()
    deepest = 0
    for closing, raw_tag in _ANY_TAG.findall(html):
        tag = raw_tag.lower()
        if tag in _UNCLOSED:
            continue
        if closing:
            tree.close(tag)
            continue
        tree.open(tag)
        deepest = max(deepest, tree.depth)
        if deepest > limits.HTML_HOPELESS_DEPTH:
            break
    return deepest


class _Open:
    """The elements that are open, in one list for each barrier around them."""

    def __init__(self) -> None:
        self.depth = 0
        self._scopes: list[list[str]] = [[]]
        self._counts: list[Counter[str]] = [Counter()]
        self._barriers: Counter[str] = Counter()
        self._reopened: Counter[str] = Counter()  # formatting that outlives its block

    def open(self, tag: str) -> None:
        self.depth += 1
        if tag in _BARRIERS:
            self._scopes.append([])
            self._counts.append(Counter())
            self._barriers[tag] += 1
            self._scopes[-1].append(tag)
            return
        self._scopes[-1].append(tag)
        self._counts[-1][tag] += 1

    def close(self, tag: str) -> None:
        if tag in _BARRIERS:
            while self._barriers[tag]:
                if self._leave_scope() == tag:
                    break
        elif self._counts[-1][tag]:
            while self._pop() != tag:
                pass
            if tag in _FORMATTING:  # closed by its own tag, it does not come back
                self._reopened[tag] -= 1
                self.depth -= 1
        elif self._reopened[tag] and len(self._scopes) == 1:
            self._reopened[tag] -= 1
            self.depth -= 1

    def _pop(self) -> str:
        tag = self._scopes[-1].pop()
        self._counts[-1][tag] -= 1
        self._closed(tag)
        return tag

    def _closed(self, tag: str) -> None:
        if tag in _FORMATTING:
            self._reopened[tag] += 1
        else:
            self.depth -= 1

    def _leave_scope(self) -> str:
        barrier, *others = self._scopes.pop()
        self._counts.pop()
        for tag in others:
            self._closed(tag)
        self._barriers[barrier] -= 1
        self.depth -= 1
        return barrier


def _most_attributes(html: str) -> int:
    """An upper bound: what stands between a `<` and the next one, counted by its gaps."""
    if len(html) < limits.HTML_ATTRIBUTES * 2:
        return 0
    most = 0
    for piece in html.split("<"):
        if len(piece) > 2 * limits.HTML_ATTRIBUTES:
            tag = piece.partition(">")[0]
            most = max(
                most, min(len(tag.split()) + tag.count("/"), tag.count("=") + tag.count(" "))
            )
    return most
