"""What its reader could not see of a mail is not quoted under our name."""

import pytest

from mailsync.mime import html
from mailsync.mime.html import ImagePolicy

AS_IT_IS = ImagePolicy(inline=lambda name: f"cid:{name}", remote=lambda address: address)


def quoted(source: str) -> str:
    return html.clean_quote(source, images=AS_IT_IS)


def words(source: str) -> str:
    return " ".join(html.html_to_text(quoted(source)).split())


@pytest.mark.parametrize(
    "style",
    [
        "display:none",
        "DISPLAY : none !important",
        "visibility:hidden",
        "opacity:0",
        "opacity:0.01",
        "max-height:0",
        "height:0;overflow:hidden",
        "width:0px;overflow:hidden",
        "font-size:0",
        "font-size:1px",
        "font-size:.1em",
        "font:0/0 a",
        "line-height:0",
        "color:transparent",
        "color:rgba(0,0,0,0.01)",
        "color:#fff",
        "color:#fdfefd",
        "color:white;background:url(https://w.example/night.png)",
        "background:#101010;color:#0c0c0c",
        "background-color:black;color:black",
    ],
)
def test_hidden_by_style(style):
    assert words(f"<p>seen</p><div style='{style}'>hidden</div><p>end</p>") == "seen end"
    assert words(f"<style>.x{{{style}}}</style><p>seen</p><b class=x>hidden</b>") == "seen"


@pytest.mark.parametrize(
    "source",
    [
        "<table bgcolor='#000000'><tr><td><font color=black>hidden</font></td></tr></table>seen",
        "<body bgcolor=black text=black><p>hidden</p><p style='color:white'>seen</p></body>",
        "<div style='color:#fff'>hidden<span style='background:#06c'>seen</span></div>",
        "<div style='font-size:0'>hidden<b style='font-size:2em'>hidden</b></div>seen",
        "<div style='font-size:0'>hidden<b style='font-size:13px'>seen</b></div>",
        "<div style='display:none'><div>hidden</div>hidden<br>hidden</div>seen",
        "<a style='color:#fff' href='https://w.example'>hidden</a>seen",
        "<details><summary>seen</summary></details><noscript>hidden</noscript>",
    ],
)
def test_hidden_by_what_stands_around_it(source):
    assert words(source) == "seen"


@pytest.mark.parametrize(
    "source",
    [
        "<td style='font-size:0px;padding:10px'><div style='font-size:13px'>seen</div></td>",
        "<div style='line-height:0'><p style='line-height:1.5'>seen</p></div>",
        "<td style='background-color:#06c;color:#fff'>seen</td>",
        "<body style='background:#111'><p style='color:#eee'>seen</p></body>",
        "<a name=x style='background:#06c;color:#fff'>seen</a>",
        "<div style='font:400 16px/24px Arial'>seen</div>",
        "<div style='font:bold 80% Arial'>seen</div>",
        "<div style='height:0'>seen</div>",
        "<div style='max-height:none;opacity:.9;color:currentcolor;width:0.5%'>seen</div>",
        "<div style='color:windowtext;background:none'>seen</div>",
    ],
)
def test_what_is_seen_stays(source):
    assert words(f"<table><tr>{source}</tr></table>") == "seen"


@pytest.mark.parametrize(
    ("picture", "is_kept"),
    [
        ("<img src='https://w.example/logo.png'>", True),
        ("<img src='https://w.example/logo.png' width=120 height=40>", True),
        ("<img src='https://w.example/logo.png' width='100%'>", True),
        ("<img src='https://w.example/o.gif' width=1 height=1>", False),
        ("<img src='https://w.example/o.gif' height=0>", False),
        ("<img src='https://w.example/o.gif' style='width:1px;height:1px'>", False),
        ("<img src='https://w.example/o.gif' style='max-height:1px'>", False),
        ("<img src='https://w.example/o.gif' style='display:none'>", False),
        ("<img src='https://w.example/o.gif' style='opacity:0'>", False),
        ("<img src='cid:spacer@here' width=1 height=9>", True),
    ],
)
def test_a_picture_that_only_watches_is_left_out(picture, is_kept):
    assert ("<img" in quoted(f"<p>text</p>{picture}")) is is_kept


def test_pictures_stay_where_text_would_not_be_seen():
    assert "<img" in quoted(
        "<td style='font-size:0;line-height:0'><img src='https://w.example/a.png'></td>"
    )


def test_ten_thousand_elements_take_one_look_each():
    source = "<div style='color:#fff'>x</div>" * 10_000
    assert "x" not in quoted(source).replace("</div>", "")
