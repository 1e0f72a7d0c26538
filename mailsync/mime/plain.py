"""Text out of HTML and back, and the text formats of mail.

HTML is read tag by tag and not as a tree, so that nesting costs nothing: 100,000 nested elements
keep a tree parser busy for a minute and a half, this for a fraction of a second.
"""

import html as html_entities
import re

import bleach.linkifier

from mailsync.mime import limits

_TAG_NAME = re.compile(r"/?[a-zA-Z][a-zA-Z0-9:-]*")
_HREF = re.compile(r"""(?i)\bhref\s*=\s*(?:"([^"]{0,4000})"|'([^']{0,4000})'|([^\s>"']{1,4000}))""")
_HIDDEN = re.compile(r"(?i)display\s*:\s*none")
_SKIPPED = frozenset(("style", "script", "head", "title", "noscript", "template", "svg", "math"))
_PARAGRAPHS = frozenset(
    ("p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "ul", "ol", "dl", "table",
     "hr", "fieldset", "figure")
)  # fmt: skip
_BLOCKS = _PARAGRAPHS | frozenset(
    ("div", "li", "tr", "dt", "dd", "section", "article", "header", "footer", "center", "body",
     "html", "form", "address", "main", "aside", "nav", "caption", "tbody", "thead", "details",
     "summary")
)  # fmt: skip
_WHITE = re.compile(r"[ \t\r\n\f]+")
_MANY_BREAKS = re.compile(r"\n{3,}")
_VOID = frozenset(("br", "hr", "img", "input", "meta", "link", "area", "base", "col", "wbr"))


class _TextWriter:
    """Collects text with its line breaks, quote levels and list marks."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.breaks = 2  # line breaks that stand at the end already
        self.quote = 0
        self.preformatted = 0
        self.pending_space = False
        self.lists: list[int] = []

    def text(self, text: str) -> None:
        if self.preformatted:
            for index, line in enumerate(text.split("\n")):
                if index:
                    self.line_break()
                self.write(line)
            return
        collapsed = _WHITE.sub(" ", text)
        if collapsed == " " or not collapsed:
            self.pending_space = self.pending_space or (bool(collapsed) and not self.breaks)
            return
        if collapsed[0] == " ":
            self.pending_space = not self.breaks
            collapsed = collapsed[1:]
        trailing = collapsed[-1] == " "
        self.write(collapsed[:-1] if trailing else collapsed)
        self.pending_space = trailing

    def write(self, text: str) -> None:
        if not text:
            return
        if self.breaks and self.quote:
            self.out.append(">" * min(self.quote, 20) + " ")
        elif self.pending_space and not self.breaks:
            self.out.append(" ")
        self.pending_space = False
        self.out.append(text)
        self.breaks = 0

    def line_break(self) -> None:
        if self.breaks and self.quote:
            self.out.append(">" * min(self.quote, 20))
        self.out.append("\n")
        self.breaks += 1
        self.pending_space = False

    def block(self, lines: int) -> None:
        while self.breaks < lines:
            self.line_break()
        self.pending_space = False


def html_to_text(html: str, *, links: bool = True) -> str:
    """The text of HTML, with lists, quotes and tables kept readable, and links if wanted."""
    text = _HtmlReader(html[: limits.HTML_CHARACTERS], links=links).read()
    text = text.replace("\xa0", " ").replace("\u200b", "").replace("\u200c", "")
    lines = [line.rstrip() for line in text.split("\n")]
    return _MANY_BREAKS.sub("\n\n", "\n".join(lines)).strip("\n")


class _HtmlReader:
    """Goes through HTML tag by tag, and past what is not shown."""

    def __init__(self, html: str, *, links: bool) -> None:
        self.html = html
        self.writer = _TextWriter()
        self.links = links
        self.hidden_tag, self.hidden_depth = "", 0
        self.anchor, self.anchor_at = "", 0

    def read(self) -> str:
        at = 0
        while at < len(self.html):
            start = self.html.find("<", at)
            start = start if start >= 0 else len(self.html)
            if start > at and not self.hidden_tag:
                piece = self.html[at:start]
                self.writer.text(html_entities.unescape(piece) if "&" in piece else piece)
            at = self._markup(start) if start < len(self.html) else start
        return "".join(self.writer.out)

    def _markup(self, start: int) -> int:
        """Reads what begins with `<`; answers where it ends."""
        html = self.html
        if html.startswith("<!--", start):
            return self._after("-->", start + 4)
        name = _TAG_NAME.match(html, start + 1, start + 40)
        if name is None:
            if html[start + 1 : start + 2] in ("!", "?", "/"):
                return self._after(">", start)
            if not self.hidden_tag:
                self.writer.text("<")
            return start + 1
        end = _tag_end(html, name.end())
        tag, rest = name.group().lower(), html[name.end() : end]
        return self._tag(tag.lstrip("/"), rest, end + 1, closing=tag[0] == "/")

    def _after(self, mark: str, start: int) -> int:
        end = self.html.find(mark, start)
        return end + len(mark) if end >= 0 else len(self.html)

    def _tag(self, tag: str, rest: str, at: int, *, closing: bool) -> int:
        if self.hidden_tag:
            self._in_hidden(tag, rest, closing=closing)
        elif tag in _SKIPPED and not closing:
            if tag in ("style", "script", "title", "noscript"):
                return _after_raw(self.html, at, tag)
            self.hidden_tag, self.hidden_depth = tag, 1
        elif not closing and tag not in _VOID and "style" in rest and _HIDDEN.search(rest):
            self.hidden_tag, self.hidden_depth = tag, 1
        elif tag == "a" and self.links:
            self._link(rest, closing=closing)
        else:
            _element(self.writer, tag, closing=closing)
        return at

    def _in_hidden(self, tag: str, rest: str, *, closing: bool) -> None:
        if tag == self.hidden_tag and not rest.endswith("/"):
            self.hidden_depth += -1 if closing else 1
        if self.hidden_depth <= 0:
            self.hidden_tag = ""

    def _link(self, rest: str, *, closing: bool) -> None:
        if not closing:
            self.anchor, self.anchor_at = _link_of(rest), len(self.writer.out)
            return
        shown = "".join(self.writer.out[self.anchor_at :]).strip()
        if self.anchor and shown and not _same_address(self.anchor, shown):
            self.writer.text(f" <{self.anchor}>")
        self.anchor = ""


def _element(writer: _TextWriter, tag: str, *, closing: bool) -> None:
    if tag == "br":
        writer.line_break()
    elif tag in ("td", "th"):
        if not closing and not writer.breaks:
            writer.out.append("  ")
            writer.pending_space = False
    elif tag == "hr" and not closing:
        writer.block(1)
        writer.text("-" * 30)
        writer.block(1)
    elif tag in _BLOCKS:
        _block(writer, tag, closing=closing)


def _block(writer: _TextWriter, tag: str, *, closing: bool) -> None:
    if tag == "blockquote" and closing:
        writer.block(1)
        writer.quote = max(0, writer.quote - 1)
    writer.block(2 if tag in _PARAGRAPHS and not (writer.lists and tag in _LISTS) else 1)
    if tag == "blockquote" and not closing:
        writer.quote += 1
    elif tag == "pre":
        writer.preformatted = max(0, writer.preformatted + (-1 if closing else 1))
    elif tag in _LISTS:
        if closing:
            writer.lists[-1:] = []
        elif len(writer.lists) < 20:
            writer.lists.append(0 if tag == "ol" else -1)
    elif tag == "li" and not closing:
        _list_mark(writer)


_LISTS = frozenset(("ul", "ol"))


def _list_mark(writer: _TextWriter) -> None:
    mark = "* "
    if writer.lists and writer.lists[-1] >= 0:
        writer.lists[-1] += 1
        mark = f"{writer.lists[-1]}. "
    writer.write("  " * max(0, len(writer.lists) - 1) + mark)
    writer.breaks = 0


def _tag_end(html: str, start: int) -> int:
    """The `>` that ends a tag; one inside a quoted value does not, if the value is not long."""
    end = html.find(">", start)
    if end < 0:
        return len(html)
    for quote in ('"', "'"):
        if html.count(quote, start, end) % 2:
            close = html.find(quote, end, end + 2000)
            if close >= 0:
                further = html.find(">", close, close + 4000)
                return further if further >= 0 else end
    return end


def _after_raw(html: str, at: int, tag: str) -> int:
    end = re.compile(f"(?i)</{tag}").search(html, at)
    if end is None:
        return len(html)
    close = html.find(">", end.end())
    return close + 1 if close >= 0 else len(html)


def _link_of(attributes: str) -> str:
    found = _HREF.search(attributes)
    if found is None:
        return ""
    address = html_entities.unescape(found.group(1) or found.group(2) or found.group(3) or "")
    address = "".join(address.split())
    return address if address.lower().startswith(("http://", "https://", "mailto:")) else ""


def _same_address(address: str, shown: str) -> bool:
    bare = re.sub(r"(?i)^(https?://|mailto:)", "", address).rstrip("/")
    return re.sub(r"(?i)^(https?://|mailto:)", "", shown).rstrip("/") == bare


# --- text to HTML ----------------------------------------------------------------------------

_QUOTE_MARK = re.compile(r"((?:> ?){1,20})(.*)")


def text_to_html_source(text: str) -> str:
    """Escaped text with links, line breaks and quotes; still to be cleaned like any other HTML."""
    out: list[str] = []
    level = 0
    is_first = True
    for line in text[: limits.TEXT_CHARACTERS].replace("\r\n", "\n").split("\n"):
        found = _QUOTE_MARK.match(line)
        wanted = found.group(1).count(">") if found else 0
        content = found.group(2) if found else line
        if wanted != level:
            out.append("<blockquote>" * (wanted - level) + "</blockquote>" * (level - wanted))
            level, is_first = wanted, True
        if not is_first:
            out.append("<br>")
        is_first = False
        out.append(linkify(content))
    out.append("</blockquote>" * level)
    return "".join(out)


_LINK_HINT = re.compile(r"(?i)://|www\.|@")
# Any host after a scheme; bleach by itself knows the top-level domains of its year.
_HTTP = re.compile(
    r"(?i)\b(?:https?://|www\.)[^\s<>\"'`{}|\\^\[\]\xa0]{0,1999}[^\s<>\"'`{}|\\^\[\]\xa0.,;:!?)*_]"
)


def linkify(line: str) -> str:
    """One line, escaped, its web and mail addresses made links (bleach knows the domains)."""
    if _LINK_HINT.search(line) is None:
        return _spaces(html_entities.escape(line, quote=False))
    if len(line) > 4000:
        return _spaces(html_entities.escape(line, quote=False))
    return str(_LINKER.linkify(_spaces(html_entities.escape(line, quote=False))))


def _spaces(text: str) -> str:
    """Runs of spaces are kept: tables in plain text are drawn with them."""
    if "  " in text:
        text = text.replace("  ", " \u00a0")
    return "\u00a0" + text[1:] if text[:1] == " " else text


_LINKER = bleach.linkifier.Linker(parse_email=True, callbacks=[], url_re=_HTTP)


# --- formats of text -------------------------------------------------------------------------


def unflow(text: str, *, delete_space: bool = False) -> str:
    """RFC 3676: lines that end with a space go on in the next, within one quote level."""
    out: list[str] = []
    flowing = False
    last_level = 0
    for line in text.split("\n"):
        level = len(line) - len(line.lstrip(">"))
        content = line[level:].removeprefix(" ")
        if flowing and level == last_level and content != "-- ":
            out[-1] += content
        else:
            out.append((">" * level + " " if level else "") + content)
        flowing = content.endswith(" ") and content != "-- "
        if flowing and delete_space:
            out[-1] = out[-1][:-1]
        last_level = level
    return "\n".join(line.rstrip() if line != "-- " else line for line in out)


_ENRICHED = re.compile(r"<(/?)([A-Za-z0-9-]{1,60})>|<<|\n+", re.IGNORECASE)


def enriched_to_text(text: str) -> str:
    """RFC 1896: commands dropped, parameters with them, one line break is a space."""
    out: list[str] = []
    at, skipping = 0, False
    for found in _ENRICHED.finditer(text):
        if not skipping:
            out.append(text[at : found.start()])
        at = found.end()
        mark = found.group()
        if found.group(2) and found.group(2).lower() == "param":
            skipping = not found.group(1)
        elif skipping:
            continue
        elif mark == "<<":
            out.append("<")
        elif mark[0] == "\n":
            out.append(" " if len(mark) == 1 else "\n" * (len(mark) - 1))
    out.append(text[at:])
    return "".join(out)
