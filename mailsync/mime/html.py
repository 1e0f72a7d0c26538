"""Foreign HTML made fit to be shown: no script, no style sheet, no request that nobody asked for.

Cleaning happens when a mail is shown and is never stored as truth, so that better rules reach
old mail. What comes out still belongs into a sandboxed frame with its own content policy: each
of the two has to hold without the other.
"""

import contextlib
import html as html_entities
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import css_inline
import nh3

from mailsync.mime import folding, limits, plain, sandbox
from mailsync.mime.css import clean_style
from mailsync.mime.folding import HtmlSplit
from mailsync.mime.plain import html_to_text
from mailsync.mime.shapes import Shape, shape_of
from mailsync.mime.subjects import is_forward
from mailsync.mime.unseen import without_unseen

__all__ = [
    "BLANK_IMAGE",
    "ImagePolicy",
    "blocked_images",
    "clean",
    "clean_folded",
    "clean_quote",
    "clean_split",
    "html_to_text",
    "text_to_html",
]

BLANK_IMAGE = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="


@dataclass(frozen=True, slots=True)
class ImagePolicy:
    """What becomes of pictures.

    `inline` maps a Content-ID to an address of ours, or to None when the mail has no such part.
    `remote` maps a web address to what may be loaded in its stead (our proxy, or the address
    itself); without it, remote pictures are blank and keep their address in `data-src`.
    """

    inline: Callable[[str], str | None] | None = None
    remote: Callable[[str], str | None] | None = None


BLOCKED = ImagePolicy()

TAGS = frozenset(
    ["a", "abbr", "acronym", "address", "article", "aside", "b", "bdi", "bdo", "big",
     "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del",
     "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "font", "footer", "h1",
     "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins", "kbd", "li", "main",
     "mark", "nav", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp", "section", "small",
     "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th",
     "thead", "time", "tr", "tt", "u", "ul", "var", "wbr"]
)  # fmt: skip
_DROPPED_WITH_CONTENT = frozenset(
    ["script", "style", "title", "svg", "math", "iframe", "object", "embed", "applet", "audio",
     "video", "canvas", "template", "noscript", "noembed", "noframes", "frameset", "select",
     "textarea", "xmp", "plaintext"]
)  # fmt: skip
_BOX = {"align", "valign", "width", "height", "bgcolor"}
ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title", "align", *folding.MARKING},
    "a": {"href"},
    "bdo": {"dir"},
    "blockquote": {"type"},
    "col": {"span", *_BOX},
    "colgroup": {"span", *_BOX},
    "font": {"color", "face", "size"},
    "hr": {"size", "noshade", "color", *_BOX},
    "img": {"src", "alt", "width", "height", "border", "hspace", "vspace"},
    "li": {"type", "value"},
    "ol": {"type", "start", "reversed"},
    "ul": {"type"},
    "table": {"border", "cellpadding", "cellspacing", "summary", "rules", "frame", *_BOX},
    "tbody": _BOX,
    "td": {"abbr", "colspan", "rowspan", "headers", "scope", "nowrap", *_BOX},
    "tfoot": _BOX,
    "th": {"abbr", "colspan", "rowspan", "headers", "scope", "nowrap", *_BOX},
    "thead": _BOX,
    "time": {"datetime"},
    "tr": _BOX,
}
_SCHEMES = {"http", "https", "mailto", "tel"}

# What no sender can write: it marks pictures and quotes between cleaning and the last step.
_MARK = "x" + secrets.token_hex(8)
_MARKED = re.compile(rf' src="{_MARK}:([^"]*)"')
_MARKED_ELEMENT = re.compile(rf' [a-z-]+="{_MARK}-[a-z]+"')
_INLINER = css_inline.CSSInliner(
    load_remote_stylesheets=False, keep_style_tags=False, keep_link_tags=False
)
_BODY = re.compile(r"(?i)<(/?)body\b([^>]*)>")
_BODY_COLOURS = re.compile(r"""(?i)\b(bgcolor|text)\s*=\s*["']?(#[0-9a-f]{3,8}|[a-z]{3,30})\b""")


def clean(html: str, *, images: ImagePolicy = BLOCKED) -> str:
    """HTML for showing. Hostile sizes end as plain text; cleaning twice changes nothing."""
    return _finished(_bounded(html, _clean_for_showing), images)


def clean_split(html: str, *, images: ImagePolicy = BLOCKED) -> HtmlSplit | None:
    """Cleaned as for showing, the quote apart; None when there is none to be set apart."""
    found = folding.split_html(_bounded(html, _clean_for_showing), mark=_MARK)
    return found and found._replace(
        before=_finished(found.before, images),
        quote=_finished(found.quote, images),
        after=_finished(found.after, images),
    )


def clean_folded(html: str, *, label: str, subject: str = "", images: ImagePolicy = BLOCKED) -> str:
    """HTML for showing, what is quoted behind a fold that its reader opens.

    `label` names the fold to people who do not see it. What was forwarded, and a quote that is
    all there is, come unfolded; `subject` tells forwards that look like answers.
    """
    cleaned = _bounded(html, _clean_for_showing)
    found = folding.split_html(cleaned, mark=_MARK)
    if found is None:
        return _finished(cleaned, images)
    is_open = found.is_forward or is_forward(subject) or not found.has_new
    title = html_entities.escape(label)
    folded = (
        f"{found.before}<details{' open' if is_open else ''}>"
        f'<summary title="{title}" aria-label="{title}">•••</summary>'
        f"{found.quote}</details>{found.after}"
    )
    return _finished(folded, images)


def clean_quote(html: str, *, images: ImagePolicy) -> str:
    """For what goes out under our name: as its reader saw it, and nothing that he could not see.
    Pictures without a place are left out, but for those of the web that wait for one."""
    return _SHOWS_NOTHING.sub("", _finished(_bounded(html, _clean_for_quoting), images))


def text_to_html(text: str) -> str:
    """Plain text for showing: links, line breaks and quote levels."""
    return _finished(_cleaner().clean(plain.text_to_html_source(text)), BLOCKED)


def blocked_images(cleaned: str) -> int:
    """How many remote pictures `clean` has left out."""
    return cleaned.count(' data-src="')


def _bounded(html: str, cleaner: Callable[[str], str]) -> str:
    html = html.replace("\x00", "")
    shape = shape_of(html) if len(html) <= limits.HTML_CHARACTERS else Shape.HOPELESS
    if shape is Shape.ORDINARY:
        return cleaner(html)
    if shape is Shape.SUSPICIOUS:
        cleaned = sandbox.run(_clean_apart, f"{cleaner.__name__}\n{_MARK}\n{html}")
        if cleaned is not None:
            return cleaned
    return _cleaner().clean(plain.text_to_html_source(html_to_text(html)))


def _clean_for_showing(html: str) -> str:
    return _cleaner().clean(_prepare(html))


def _clean_for_quoting(html: str) -> str:
    return without_unseen(_quote_cleaner().clean(_prepare(html)), web=f"{_MARK}:http")


def _clean_apart(job: str) -> str:
    """Runs in a child of the sandbox, whose mark for pictures is another one."""
    name, mark, html = job.split("\n", 2)
    cleaners = (_clean_for_quoting, _clean_for_showing)
    cleaner = next(one for one in cleaners if one.__name__ == name)
    return cleaner(html).replace(_MARK, mark)


def _prepare(html: str) -> str:
    """Style sheets become attributes, and the body an element that may stay."""
    if "<style" in html or "<STYLE" in html:
        with contextlib.suppress(css_inline.InlineError, ValueError):  # else without its looks
            html = _INLINER.inline(html)
    return _BODY.sub(_body_as_div, html)


def _body_as_div(match: re.Match[str]) -> str:
    if match.group(1):
        return "</div>"
    attributes = match.group(2)
    colours = {name.lower(): value for name, value in _BODY_COLOURS.findall(attributes)}
    if colours and "style" not in attributes.lower():
        style = "".join(
            f"{prop}:{colours[name]};"
            for name, prop in (("bgcolor", "background-color"), ("text", "color"))
            if name in colours
        )
        return f'<div style="{style}">'
    return f"<div {attributes}>"


@lru_cache(maxsize=1)
def _cleaner() -> nh3.Cleaner:
    return _cleaner_of(TAGS, _filter_attribute)


@lru_cache(maxsize=1)
def _quote_cleaner() -> nh3.Cleaner:
    """The same without folds, whose content nobody would see, and without marks of quotes."""
    return _cleaner_of(TAGS - {"details", "summary"}, _filter_quoted)


def _cleaner_of(tags: frozenset[str], keep: Callable[[str, str, str], str | None]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(tags),
        clean_content_tags=set(_DROPPED_WITH_CONTENT),
        attributes=ATTRIBUTES,
        attribute_filter=keep,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes=_SCHEMES | {"cid", "data"},
        url_relative="deny",
    )


_SHOWS_NOTHING = re.compile(
    rf'<img(?![^<>]* src="(?!{re.escape(BLANK_IMAGE)}))(?![^<>]* data-src=)[^<>]*>'
)


def _filter_quoted(tag: str, name: str, value: str) -> str | None:
    return None if name in folding.MARKING else _filter_attribute(tag, name, value)


def _filter_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "style":
        return clean_style(value) or None
    if name in folding.MARKING:
        role = folding.role_of(tag, name, value)
        return f"{_MARK}-{role}" if role else None
    if name == "src":
        return _marked_image(value)
    if name == "href":
        scheme = value.strip().partition(":")[0].lower()
        return value if scheme in _SCHEMES else None
    if name in ("bgcolor", "color") and not _COLOUR.fullmatch(value.strip()):
        return None
    return value[:1000]


_COLOUR = re.compile(r"#?[A-Za-z0-9]{1,30}|rgb\([\d ,.%]{1,40}\)")
_DATA_IMAGE = re.compile(r"data:image/(?:png|jpeg|jpg|gif|webp);base64,[A-Za-z0-9+/=\s]{1,400000}")


def _marked_image(value: str) -> str | None:
    value = value.strip()
    scheme = value.partition(":")[0].lower()
    if scheme == "data":
        return value if _DATA_IMAGE.fullmatch(value) else None
    if scheme in ("cid", "http", "https"):
        return f"{_MARK}:{value}"
    return None


def _finished(cleaned: str, images: ImagePolicy) -> str:
    """Marks taken away, pictures given their addresses."""
    if _MARK not in cleaned:
        return cleaned
    cleaned = _MARKED_ELEMENT.sub("", cleaned)

    def place(match: re.Match[str]) -> str:
        address = html_entities.unescape(match.group(1))
        if address[:4].lower() == "cid:":
            source = images.inline(address[4:].strip("<>")) if images.inline else None
            return f' src="{html_entities.escape(source or BLANK_IMAGE)}"'
        source = images.remote(address) if images.remote else None
        if source:
            return f' src="{html_entities.escape(source)}"'
        return f' src="{BLANK_IMAGE}" data-src="{html_entities.escape(address)}"'

    return _MARKED.sub(place, cleaned)
