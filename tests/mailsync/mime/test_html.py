import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsync.mime import html
from mailsync.mime.css import clean_style
from mailsync.mime.html import BLANK_IMAGE, ImagePolicy

VECTORS = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<svg><animate attributeName=href values='javascript:alert(1)'/></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=1 onerror=alert(1)>'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='//evil.test'>x</a>",
    "<a hx-get='/deal/1/delete' data-hx-trigger=load id=csrfmiddlewaretoken name=x>x</a>",
    "<form action=/x><input name=a></form>",
    "<base href=//evil.test><meta http-equiv=refresh content='0;//evil.test'>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<table background=//t/1><td background=//t/2>x",
    "<img srcset='//t/1 1x'><video poster=//t/2></video><input type=image src=//t/3>",
    "<style>@import url(//t/1); p{background:url(//t/2)}</style><p>x",
    "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<img src='data:text/html,x'>",
]
FORBIDDEN = re.compile(
    r"(?i)<(?:script|svg|math|style|form|input|iframe|base|meta|video)|\son\w+=|javascript:|//t/|"
    r"evil|hx-|\sid=|\sname=|svg\+xml|text/html"
)


@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_active_or_remote_is_left(vector):
    assert FORBIDDEN.search(html.clean(vector)) is None


AS_IT_IS = ImagePolicy(inline=lambda name: f"cid:{name}", remote=lambda address: address)


def in_order(markup: str) -> str:
    """With the attributes of each tag in one order; the cleaner has none."""
    return re.sub(
        r"<[a-z][^>]*>",
        lambda tag: " ".join(sorted(re.findall(r'[^\s="<>]+="[^"]*"', tag[0]))),
        markup,
    )


STYLES = [
    ("color:red;font-weight:bold", "color:red;font-weight:bold"),
    ("background:#fff url(//t/1) no-repeat", "background:#fff no-repeat"),
    ("background:url(//t/1)", ""),
    ("background-image:url(//t/1)", ""),
    (r"background:\75rl(//t/1)", ""),
    (r"background:ur\l(//t/1)", ""),
    ("background:image-set('//t/1' 1x)", ""),
    ("color:var(--x,url(//t/1))", ""),
    ("width:expression(alert(1))", ""),
    ("position:fixed;top:0", ""),
    ("position : fixed", ""),
    ("z-index:9;color:blue", "color:blue"),
    ("margin:-100px", ""),
    ("margin-left : -9px", ""),
    ("text-indent:-9999px", ""),
    ("cursor:url(//t/1),auto", ""),
    ("list-style:url(//t/1)", ""),
    ("color:red!important", "color:red"),
    ("color:rgb(1,2,3)", "color:rgb(1,2,3)"),
    ("width:calc(100% - 10px)", "width:calc(100% - 10px)"),
    ("font-family:'Segoe UI',Arial", "font-family:'Segoe UI',Arial"),
    ("behavior:url(x)", ""),
    ("-moz-binding:url(x)", ""),
    ("color:red;}*{position:fixed", "color:red"),
    ("content:'x'", ""),
]


@pytest.mark.parametrize(("style", "kept"), STYLES)
def test_styles(style, kept):
    assert clean_style(style) == kept
    assert clean_style(kept) == kept


def test_remote_pictures_are_blank_until_they_are_wanted():
    source = '<img src="https://a.example/b?c=1&amp;d=2" width="4">'
    cleaned = html.clean(source)
    assert f'src="{BLANK_IMAGE}"' in cleaned
    assert 'data-src="https://a.example/b?c=1&amp;d=2"' in cleaned
    assert html.blocked_images(cleaned) == 1
    shown = html.clean(source, images=ImagePolicy(remote=lambda url: f"/proxy?u={url}"))
    assert 'src="/proxy?u=https://a.example/b?c=1&amp;d=2"' in shown
    assert html.blocked_images(shown) == 0


def test_pictures_of_the_mail_are_mapped_and_strangers_are_not():
    images = ImagePolicy(inline={"a@b": "/files/1"}.get)
    assert 'src="/files/1"' in html.clean("<img src='cid:a@b'>", images=images)
    assert f'src="{BLANK_IMAGE}"' in html.clean("<img src='cid:other'>", images=images)


def test_links_open_elsewhere_and_tell_nothing():
    assert html.clean("<a href='https://a.example/'>x</a>") == (
        '<a href="https://a.example/" target="_blank" rel="noopener noreferrer nofollow">x</a>'
    )


def test_style_sheets_become_attributes():
    assert (
        html.clean("<style>p{color:red}</style><p>x</p>") == '<div><p style="color:red">x</p></div>'
    )


@pytest.mark.parametrize(
    "text", ['http://x"onmouseover=alert(1)//', "<b>", "a <script>", "www.a.example/<x>", "&lt;"]
)
def test_text_becomes_nothing_but_links(text):
    shown = html.text_to_html(text)
    assert set(re.findall(r"</?(\w+)", shown)) <= {"a"}
    assert "onmouseover" not in re.sub(r'"[^"]*"', "", re.sub(r">[^<]*<", "><", f">{shown}<"))


def test_text_of_html_keeps_lists_quotes_and_links():
    source = (
        "<p>Hi</p><ul><li>one<li>two</ul><blockquote>said</blockquote>"
        "<a href='https://a.example/x'>here</a><table><tr><td>a<td>b</table>"
    )
    assert html.html_to_text(source) == (
        "Hi\n\n* one\n* two\n\n> said\n\nhere <https://a.example/x>\n\na  b"
    )


SOURCE = st.lists(
    st.sampled_from(
        ["<div style='color:red'>", "</div>", "<table><tr><td>", "<p>", "text", "&lt;b&gt;", "<b>",
         "<!--", "-->", "<svg>", "<style>p{color:red}</style>", "<img src=cid:a>", '"', "'", "<body>",
         "<img src=https://a.example/b>", "<a href=https://c.example>", "</a>", "<math><mi>", "\x00",
         "<noscript>", "<title>", "<textarea>", "<select>", "<details open>", "</p>", "<br/>"]
    ) | st.text(max_size=8),
    max_size=30,
).map("".join)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(SOURCE)
def test_cleaning_twice_changes_nothing(source):
    once = re.sub(' data-src="[^"]*"', "", html.clean(source))
    assert html.clean(once) == once
    quoted = html.clean_quote(source, images=AS_IT_IS)
    assert in_order(html.clean_quote(quoted, images=AS_IT_IS)) == in_order(quoted)


def test_a_quote_keeps_pictures_of_the_mail_and_of_the_web():
    source = (
        "<p>hi<img src=//t/1><img src='http://w.example/x.png' alt=w>"
        "<img src='cid:a@b' width=10 onerror=x alt='\"><script>'>"
        "<img src='cid:unknown'><img src='data:text/html,x'>"
        "<span style='display:none'>gone<img src='cid:a@b'></span></p>"
    )
    images = ImagePolicy(inline={"a@b": "cid:a@b"}.get, remote=lambda address: address)
    cleaned = html.clean_quote(source, images=images)
    assert [in_order(one) for one in re.findall("<img[^>]*>", cleaned)] == [
        in_order('<img alt="w" src="http://w.example/x.png">'),
        in_order('<img alt="&quot;&gt;&lt;script&gt;" src="cid:a@b" width="10">'),
    ]
    assert html.html_to_text(cleaned).startswith("hi")
    assert "gone" not in cleaned


def test_where_nothing_of_the_web_is_loaded_its_pictures_wait():
    source = "<img src='https://w.example/x.png?a=1&amp;b=2' width=9><img src='cid:unknown'>"
    cleaned = html.clean_quote(source, images=ImagePolicy())
    assert in_order(cleaned) == in_order(
        f'<img data-src="https://w.example/x.png?a=1&amp;b=2" src="{BLANK_IMAGE}" width="9">'
    )


@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_active_passes_in_a_quote(vector):
    assert FORBIDDEN.search(html.clean_quote(vector, images=AS_IT_IS)) is None


def test_a_quote_keeps_the_looks_of_its_style_sheet():
    source = "<style>.a{color:#c00;font-weight:bold} p{margin:9px}</style><p class=a>x</p>"
    cleaned = html.clean_quote(source, images=AS_IT_IS)
    assert "<style" not in cleaned
    assert "class" not in cleaned
    (style,) = re.findall('style="([^"]*)"', cleaned)
    assert set(style.split(";")) == {"color:#c00", "font-weight:bold", "margin:9px"}
