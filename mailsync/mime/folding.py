"""Where the quote lies in the HTML of a mail, so that a page can fold it. Nothing is deleted.

It works on cleaned HTML, in which every element is closed and no attribute holds a raw `<` or
`>`; the cleaner marks the elements by which mail programs set off their quotes. Where there are
no such elements, the lines are read as those of a plain text are. Each token and each line is
looked at a fixed number of times.
"""

import html as html_entities
import re
from functools import lru_cache
from typing import NamedTuple

from mailsync.mime import quotes

# What a mail program calls the elements around a quote, before sanitising takes the names away.
MARKING = frozenset(("class", "id", "name", "data-marker", "data-signatureblock"))
_BOX = "box"  # holds the quote and its introduction
_REST = "rest"  # all that follows is quoted
_INTRODUCTION = "introduction"
_FORWARD = "forward"  # holds what was forwarded
_SIGNATURE = "signature"
_CITE = "cite"  # a blockquote that is no mere indent
_ROLES = {
    _BOX: "gmail_quote gmail_quote_container gmail_extra yahoo_quoted protonmail_quote "
    "tutanota_quote zmail_extra bloop_original_html ms-outlook-mobile-reference-message "
    "missive_quote front-blockquote ntes-mailmaster-quote foxmail_quote quote isreplycontent "
    "__quoted_text__ mail-editor-reference-message-container ydp-quoted",
    _REST: "divrplyfwdmsg appendonsend olk_src_body_section stopspelling zwchr __quote__",
    _INTRODUCTION: "moz-cite-prefix gmail_attr reply-intro",
    _FORWARD: "moz-forward-container isforwardcontent",
    _SIGNATURE: "gmail_signature moz-signature signature applemailsignature "
    "ms-outlook-mobile-signature protonmail_signature_block tutanota_signature __sig_pre__ "
    "__sig_post__ lineBreakAtBeginningOfSignature".lower(),
}
_ROLE_OF = {name: role for role, names in _ROLES.items() for name in names.split()}
_PREFIXES = {"yahoo_quoted_": _BOX, "ydp-yahoo-quoted": _BOX, "x_divrplyfwdmsg": _REST}


@lru_cache(maxsize=4096)
def role_of(tag: str, name: str, value: str) -> str:
    """What an attribute says of its element; empty when nothing."""
    if name == "data-signatureblock":
        return _SIGNATURE
    for one in value[:200].lower().split():
        role = _ROLE_OF.get(one) or next(
            (role for prefix, role in _PREFIXES.items() if one.startswith(prefix)), ""
        )
        # Editors indent with a blockquote of this class; a quote has a box around it as well.
        if role and not (tag == "blockquote" and one == "gmail_quote"):
            return role
    return ""


class HtmlSplit(NamedTuple):
    """One after the other the pieces show the mail as it was, also with an element around
    `quote` and without it: what is open where it begins is open where it ends."""

    before: str
    quote: str
    after: str
    is_forward: bool  # what was forwarded is what its reader came for

    @property
    def has_new(self) -> bool:
        return _shows(self.before) or _shows(self.after)


def split_html(cleaned: str, *, mark: str) -> HtmlSplit | None:
    """The quote and what stands around it; None without one, or with answers between its lines.

    `mark` begins the values of attributes by which the cleaner says what `role_of` found.
    """
    page = _Page(cleaned, mark)
    found = _Search(page).quote()
    if found is None:
        return None
    start, end, is_forward = found
    start = page.lifted(start)
    end = max(page.lowered(end, start), start)
    return HtmlSplit(*page.pieces(start, end), is_forward)


_TAG = re.compile(r"<(/?)([a-z0-9]+)([^<>]*)>")
_TAGS = re.compile(r"<[^<>]*>")
_INVISIBLE = " \t\r\n\f\xa0\u200b\u200c\u200d\u200e\u200f\ufeff\u00ad\u034f"
_VOID = frozenset(("br", "hr", "img", "col", "wbr"))
_PARAGRAPHS = frozenset(
    ["p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "ul", "ol", "dl", "table",
     "hr", "figure"]
)  # fmt: skip
_BLOCKS = _PARAGRAPHS | frozenset(
    ["div", "li", "tr", "dt", "dd", "section", "article", "header", "footer", "center",
     "address", "main", "aside", "nav", "caption", "details", "summary"]
)  # fmt: skip
# A fold must not begin between the rows of a table, nor anywhere inside of a paragraph.
_NO_PARENTS = frozenset(
    ["table", "tbody", "thead", "tfoot", "tr", "colgroup", "ul", "ol", "dl", "ruby", "details"]
)  # fmt: skip
_NO_ANCESTORS = frozenset(("p", "a", "summary"))


def _shows(html: str) -> bool:
    return "<img" in html or bool(
        html_entities.unescape(_TAGS.sub("", html)).strip(_INVISIBLE + "-_")
    )


class _Token(NamedTuple):
    start: int
    end: int
    tag: str  # empty for text
    parent: int  # the element around it, as the index of its opening tag; -1 at the top
    opened: int  # of a closing tag: the index of its opening tag; else -1
    shown: int  # how many tokens before this one can be seen


class _Line(NamedTuple):
    text: str
    first: int  # token
    last: int
    quote: int  # the outermost blockquote around it; -1 when none
    signature: bool


class _Page:
    """Cleaned HTML as tokens and as lines."""

    def __init__(self, html: str, mark: str) -> None:
        self.html = html
        self.tokens: list[_Token] = []
        self.lines: list[_Line] = []
        self.closed: dict[int, int] = {}  # opening tag -> closing tag
        self.roles: dict[int, list[tuple[str, int]]] = {}  # line -> role and element
        self._stack: list[int] = []
        self._quotes: list[int] = []
        self._signatures = 0
        self._preformatted = 0
        self._shown = 0
        self._words: list[str] = []
        self._first = -1
        self._pattern = re.compile(rf'="{re.escape(mark)}-([a-z]+)"')
        self._marked_elements: dict[int, list[str]] = {}
        self._read()

    def _read(self) -> None:
        at = 0
        for found in _TAG.finditer(self.html):
            if found.start() > at:
                self._text(at, found.start())
            at = found.end()
            if found.group(1):
                self._close(found)
            else:
                self._open(found)
        if at < len(self.html):
            self._text(at, len(self.html))
        self._flush()

    def _add(self, start: int, end: int, tag: str = "", opened: int = -1) -> int:
        parent = self._stack[-1] if self._stack else -1
        self.tokens.append(_Token(start, end, tag, parent, opened, self._shown))
        return len(self.tokens) - 1

    def _text(self, start: int, end: int) -> None:
        text = self.html[start:end]
        if not self._preformatted:
            self._words_of(text, start, end)
            return
        for index, piece in enumerate(text.split("\n")):
            if index:
                start += 1
                self._flush(is_blank=True)
            self._words_of(piece, start, start + len(piece))
            start += len(piece)

    def _words_of(self, text: str, start: int, end: int) -> None:
        at = self._add(start, end)
        text = html_entities.unescape(text) if "&" in text else text
        if text.strip(_INVISIBLE):
            self._shown += 1
            if self._first < 0:
                self._first = at
        self._words.append(text)

    def _open(self, found: re.Match[str]) -> None:
        tag, attributes = found.group(2), found.group(3)
        if tag in _BLOCKS:
            self._flush(is_blank=tag in _PARAGRAPHS)
        at = self._add(found.start(), found.end(), tag)
        if tag in _VOID:
            self._void(tag)
            if tag != "hr":
                return
        roles = self._pattern.findall(attributes)
        if tag == "blockquote" and ' type="cite"' in attributes:
            roles.append(_CITE)
        if roles:
            self._flush()
            self._marked_elements[at] = roles
            self._signatures += _SIGNATURE in roles
            self.roles.setdefault(len(self.lines), []).extend((role, at) for role in roles)
        if tag in _VOID:
            return
        self._stack.append(at)
        if tag == "blockquote":
            self._quotes.append(at)
        elif tag == "pre":
            self._preformatted += 1
        elif tag in ("td", "th"):
            self._words.append("  ")

    def _void(self, tag: str) -> None:
        if tag == "br":
            self._flush(is_blank=True)
        elif tag == "img":
            self._shown += 1

    def _close(self, found: re.Match[str]) -> None:
        tag = found.group(2)
        if tag in _BLOCKS:
            self._flush(is_blank=tag in _PARAGRAPHS)
        if not self._stack:
            return
        opened = self._stack[-1]
        at = self._add(found.start(), found.end(), tag, opened)
        self._stack.pop()
        self.closed[opened] = at
        if _SIGNATURE in self._marked_elements.get(opened, ()):
            self._flush()
            self._signatures -= 1
        if tag == "blockquote":
            self._quotes.pop()
        elif tag == "pre":
            self._preformatted -= 1

    def _flush(self, *, is_blank: bool = False) -> None:
        """Ends the line; an empty one counts only where a reader would see it."""
        text = " ".join("".join(self._words).split()).strip(_INVISIBLE)
        self._words.clear()
        if not text and (not is_blank or not self.lines or not self.lines[-1].text):
            return
        last = len(self.tokens) - 1
        first = self._first if self._first >= 0 else max(last, 0)
        self._first = -1
        quote = self._quotes[0] if self._quotes else -1
        mark = "> " if quote >= 0 and text else ""
        self.lines.append(_Line(mark + text, first, last, quote, self._signatures > 0))

    # --- places between tokens ---

    def _shown_before(self, place: int) -> int:
        return self.tokens[place].shown if place < len(self.tokens) else self._shown

    def lifted(self, place: int) -> int:
        """Up to what is seen before: breaks, rules and empty elements go with the quote."""
        while place > 0:
            token = self.tokens[place - 1]
            if token.shown != self._shown_before(place):
                break
            if token.opened < 0:
                place -= 1
            elif self.tokens[token.opened].shown == token.shown:
                place = token.opened
            else:
                break
        return place

    def lowered(self, place: int, start: int) -> int:
        """Down over what cannot be seen, but not out of an element that began before `start`."""
        while place < len(self.tokens):
            token = self.tokens[place]
            closes_earlier = token.opened >= 0 and token.opened < start
            if closes_earlier or self._shown_before(place + 1) != token.shown:
                break
            place += 1
        return place

    def _around(self, place: int) -> list[int]:
        """The elements that are open here, the outermost first."""
        if place >= len(self.tokens):
            return []
        at = self.tokens[place].parent
        chain: list[int] = []
        while at >= 0:
            chain.append(at)
            at = self.tokens[at].parent
        return chain[::-1]

    def pieces(self, start: int, end: int) -> tuple[str, str, str]:
        above, below = self._around(start), self._around(end)
        common = 0
        while common < min(len(above), len(below)) and above[common] == below[common]:
            common += 1
        tags = [self.tokens[at].tag for at in above[:common]]
        common = next((n for n, tag in enumerate(tags) if tag in _NO_ANCESTORS), common)
        while common and tags[common - 1] in _NO_PARENTS:
            common -= 1
        one, other = self._offset(start), self._offset(end)
        return (
            self.html[:one] + self._closing(above[common:]),
            self._opening(above[common:]) + self.html[one:other] + self._closing(below[common:]),
            self._opening(below[common:]) + self.html[other:],
        )

    def _offset(self, place: int) -> int:
        return self.tokens[place].start if place < len(self.tokens) else len(self.html)

    def _opening(self, elements: list[int]) -> str:
        return "".join(self.html[self.tokens[at].start : self.tokens[at].end] for at in elements)

    def _closing(self, elements: list[int]) -> str:
        return "".join(f"</{self.tokens[at].tag}>" for at in reversed(elements))


class _Search:
    """Finds the quote of a page, by elements first and else by its lines."""

    def __init__(self, page: _Page) -> None:
        self.page = page
        self.lines = page.lines
        self.texts = [line.text for line in page.lines]

    def quote(self) -> tuple[int, int, bool] | None:
        """Where it begins and ends, as tokens, and whether it is a forward."""
        for index in range(min(len(self.lines), quotes.LINES)):
            for role, element in self.page.roles.get(index, ()):
                if role == _SIGNATURE:
                    continue
                return self._by_element(role, element, index)
            found = self._by_line(index)
            if found is not None:
                return found
        return None

    def _by_element(self, role: str, element: int, index: int) -> tuple[int, int, bool] | None:
        begin = element
        if role == _REST:
            return begin, len(self.page.tokens), False
        if role == _INTRODUCTION:
            return self._run(begin, index)
        if role == _CITE:
            is_forward = quotes.header_block(self.texts, index) is not None
            return self._run(begin, index, is_forward=is_forward)
        stop = self.page.closed.get(element, len(self.page.tokens) - 1) + 1
        if role == _FORWARD or self._is_announced(index):
            return begin, self._end(stop), True
        within = [at for at in range(index, len(self.lines)) if self.lines[at].first < stop]
        quoted = [at for at in within if self.lines[at].quote >= 0]
        if quoted and any(self.texts[at] for at in within if at > quoted[-1]):
            return self._run(begin, index)
        return begin, self._end(stop), False

    def _is_announced(self, index: int) -> bool:
        """A box of Gmail that begins with a rule of dashes is a forward, in every language."""
        text = self.texts[index]
        return text.startswith("--") and quotes.is_divider(text, self.texts, index)

    def _by_line(self, index: int) -> tuple[int, int, bool] | None:
        line = self.lines[index]
        text = line.text
        if not text or len(text) > quotes.LINE_CHARACTERS:
            return None
        if line.quote >= 0:
            is_top = index == 0 or self.lines[index - 1].quote != line.quote
            if is_top and index and self._begins_quote(index):
                return self._run(line.quote, index)
            return None
        if quotes.may_introduce(text):
            begin = quotes.introduction(self.texts, index)
            if begin is not None:
                return self._run(self.lines[begin].first, index)
        if quotes.is_divider(text, self.texts, index) or (
            quotes.header_block(self.texts, index) is not None
        ):
            return line.first, len(self.page.tokens), False
        return None

    def _begins_quote(self, index: int) -> bool:
        """Whether a blockquote begins with a line about its writer."""
        if quotes.header_block(self.texts, index) is not None:
            return True
        bare = [text.removeprefix("> ") for text in self.texts[index : index + 2]]
        return any(
            text and quotes.may_introduce(text) and quotes.introduction(bare, at) is not None
            for at, text in enumerate(bare)
        )

    def _run(
        self, begin: int, index: int, *, is_forward: bool = False
    ) -> tuple[int, int, bool] | None:
        """From an introduction to the end of what it introduces."""
        at = index
        while at < len(self.lines) and at < index + 8 and self.lines[at].quote < 0:
            at += 1
        if at >= len(self.lines) or self.lines[at].quote < 0:
            return begin, len(self.page.tokens), is_forward
        last = at
        while at < len(self.lines):
            if self.lines[at].quote >= 0:
                last = at
            elif self.texts[at] and quotes.introduction(self.texts, at) is None:
                break
            at += 1
        if at < len(self.lines) and any(line.quote >= 0 for line in self.lines[at:]):
            # Answers between the quoted lines are not understood without them.
            return None
        stop = self.page.closed.get(self.lines[last].quote, self.lines[last].last) + 1
        return begin, self._end(stop), is_forward

    def _end(self, stop: int) -> int:
        """A signature below the quote goes with it: it is that of the text above."""
        below = next((line for line in self.lines if line.first >= stop and line.text), None)
        if below is None or below.signature or quotes.begins_signature(below.text):
            return len(self.page.tokens)
        return stop
