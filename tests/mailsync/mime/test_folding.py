"""What is quoted in HTML: found by structure, folded, never lost."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsync.mime import html

GMAIL = (
    "<div dir=ltr>Yes, gladly.</div><br><div class='gmail_quote'><div class='gmail_attr'>"
    "On Mon, 2 Feb 2026 at 10:11, Bo &lt;<a href='mailto:b@x.example'>b@x.example</a>&gt; wrote:"
    "<br></div><blockquote class='gmail_quote'>Shall we?</blockquote></div>"
)
OUTLOOK = (
    "<div class=WordSection1><p class=MsoNormal>Yes, gladly.</p><div><div style='border:none;"
    "border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in'><p><b>Von:</b> Bo &lt;b@x.example&gt;"
    "<br><b>Gesendet:</b> Montag, 2. Februar 2026 10:11<br><b>An:</b> Ann<br><b>Betreff:</b> Ja?"
    "</p></div></div><p>Shall we?</p></div>"
)
OUTLOOK_WEB = (
    "<div>Yes, gladly.</div><div id=appendonsend></div><hr><div id=divRplyFwdMsg>"
    "<b>From:</b> Bo</div><div>Shall we?</div>"
)
THUNDERBIRD = (
    "<p>Yes, gladly.</p><div class='moz-cite-prefix'>Am 02.02.26 um 10:11 schrieb Bo:<br></div>"
    "<blockquote type='cite' cite='mid:1@x'><p>Shall we?</p></blockquote>"
    "<div class='moz-signature'>-- <br>Ann</div>"
)
APPLE = (
    "<body>Yes, gladly.<br><div><br><blockquote type=cite><div>On 2 Feb 2026, at 10:11, Bo "
    "&lt;b@x.example&gt; wrote:</div><br><div>Shall we?</div></blockquote></div><br></body>"
)
YAHOO = (
    "<div>Yes, gladly.</div><div id='yahoo_quoted_12' class='yahoo_quoted'><div>Le lundi, Bo a "
    "écrit :</div><div>Shall we?</div></div>"
)
YANDEX = (
    '<p>Yes, gladly.<br><br>02.02.2026, 10:11, "Bo" &lt;b@x.example&gt;:</p>'
    "<blockquote>Shall we?</blockquote>"
)  # fmt: skip
TABLE = (
    "<table><tr><td>Yes, gladly.</td></tr><tr><td><blockquote type=cite>Shall we?</blockquote>"
    "</td></tr></table>"
)
CLIENTS = {
    "gmail": GMAIL, "outlook": OUTLOOK, "outlook web": OUTLOOK_WEB, "thunderbird": THUNDERBIRD,
    "apple": APPLE, "yahoo": YAHOO, "yandex": YANDEX, "table": TABLE,
}  # fmt: skip


def text_of(piece):
    return html.html_to_text(piece, links=False).strip()


@pytest.mark.parametrize("name", CLIENTS)
def test_quote_of_each_program_is_folded_and_the_answer_is_not(name):
    found = html.clean_split(CLIENTS[name])
    assert text_of(found.before + found.after) == "Yes, gladly."
    assert "Shall we?" in text_of(found.quote)
    folded = html.clean_folded(CLIENTS[name], label="Quoted text")
    assert folded.count("<details>") == folded.count("</details>") == 1
    assert 'aria-label="Quoted text"' in folded


def test_answer_below_the_quote_stays_in_sight():
    source = (
        "<div>On 2 Feb 2026 at 10:11, Bo &lt;b@x.example&gt; wrote:</div>"
        "<blockquote type=cite>Shall we?</blockquote><p>Yes, gladly.</p>"
    )
    found = html.clean_split(source)
    assert (text_of(found.before), text_of(found.after)) == ("", "Yes, gladly.")


def test_answers_between_the_lines_are_not_torn_apart():
    source = (
        "<p>On 2 Feb 2026 at 10:11, Bo &lt;b@x.example&gt; wrote:</p><blockquote type=cite>One?"
        "</blockquote><p>Yes.</p><blockquote type=cite>Two?</blockquote><p>No.</p>"
    )
    assert html.clean_split(source) is None
    assert "<details" not in html.clean_folded(source, label="Quoted text")


NOT_FOLDED = [
    "<p>Hello</p><blockquote>a saying</blockquote><p>Bye</p>",
    "<p>Meet at:</p><ul><li>10:00<li>11:00</ul><p>Bye</p>",
    "<p>We wrote: hello</p><p>and more</p>",
    "<p>Hello</p><blockquote class=gmail_quote style='margin:0 0 0 40px'>indented</blockquote>",
]


@pytest.mark.parametrize("source", NOT_FOLDED)
def test_what_is_no_quote_is_not_folded(source):
    assert html.clean_folded(source, label="Quoted text") == html.clean(source)


GMAIL_FORWARD = (
    "<p>FYI</p><div class=gmail_quote>---------- Forwarded message ---------<br>From: <b>Bo</b> "
    "&lt;b@x.example&gt;<br>Date: Mon<br>Subject: Offer<br>To: Ann<br>Text</div>"
)
OPEN = [
    (GMAIL_FORWARD, ""),
    ("<blockquote type=cite>nothing but a quote</blockquote>", ""),
    (OUTLOOK, "WG: Ja?"),
]


@pytest.mark.parametrize(("source", "subject"), OPEN)
def test_forward_and_bare_quote_come_unfolded(source, subject):
    assert "<details open>" in html.clean_folded(source, label="Quoted text", subject=subject)


def test_no_sender_can_forge_a_mark():
    folded = html.clean_folded(
        GMAIL.replace("gmail_attr", "x-box box message_quote"), label="Quoted text"
    )
    assert re.search(r" (?:class|id|name|data-marker)=", folded) is None


PIECES = st.lists(
    st.sampled_from(
        ["<div>", "</div>", "<p>", "</p>", "<table><tr><td>", "</table>", "<br>", "<hr>", "a", "b c",
         "<div class=gmail_quote>", "<blockquote type=cite>", "<blockquote>", "</blockquote>", "<ul><li>",
         "<div id=divRplyFwdMsg>", "<span class=moz-cite-prefix>", "<div class=gmail_signature>", "-- ",
         "On 2 Feb 2026 at 10:11, Bo &lt;b@x.example&gt; wrote:", "<pre>x\ny", "</pre>", "<img src=cid:a>",
         "From: b@x.example<br>Date: x<br>Subject: y<br>", "<a href=https://a.example>", "</a>", "<h1>"]
    ),
    max_size=30,
).map("".join)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(PIECES)
def test_no_word_is_lost_and_every_piece_is_well_formed(source):
    found = html.clean_split(source)
    if found is None:
        return
    pieces = (found.before, found.quote, found.after)
    folded = f"{found.before}<details>{found.quote}</details>{found.after}"
    for piece in (found.quote, found.before + found.after, folded):
        assert html.clean(piece).count("<") == piece.count("<")
    whole = html.clean(source)
    words = re.sub(r"<[^>]*>", " ", "".join(pieces)).split()
    assert words == re.sub(r"<[^>]*>", " ", whole).split()
    assert "".join(pieces).count("<img") == whole.count("<img")


HOSTILE = {
    "introductions": "<div>On 2 Feb 2026 at 10:11, Bo &lt;bx.example&gt;</div>" * 5_000,
    "colons": "<div>a b:</div>" * 10_000,
    "labels": "<div>From: x</div>" * 10_000,
    "quotes": "<blockquote type=cite>a</blockquote>b" * 5_000,
    "empty": "<div></div>" * 25_000,
    "breaks": "a" + "<br>" * 25_000,
    "one line": "a " * 100_000,
    "boxes": "<div class=gmail_extra></div>" * 10_000,
    "deep": "<b>" * 400 + "<p>a</p>" * 10_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_the_length_alone(name):
    source = HOSTILE[name]
    # The neighbours' work is in the figures too: only what is slow three times is slow.
    spent = [spent_on(source[: len(source) // 4]), spent_on(source)]
    for _ in range(2):
        if grows_evenly(spent):
            break
        spent = list(map(min, spent, [spent_on(source[: len(source) // 4]), spent_on(source)]))
    assert grows_evenly(spent)


def spent_on(source):
    begin = time.process_time()
    html.clean_split(source)
    return time.process_time() - begin


def grows_evenly(spent):
    quarter, whole = spent
    return whole < 10 * quarter + 0.1
