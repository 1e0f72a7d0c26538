"""Inputs that were measured to hold a worker for seconds or minutes; each must end at once."""

import re
import resource
import time
from collections import deque

import pytest

from mailsync.mime import (
    answers,
    auto,
    bounces,
    charsets,
    css,
    dates,
    folding,
    forwards,
    headers,
    html,
    labels,
    mailboxes,
    parse,
    plain,
    quotes,
    sandbox,
    senders,
    shapes,
    structure,
    subjects,
    transfer,
)
from mailsync.mime.types import Readability

HEAD = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: hello\r\n"


def nested_multiparts(depth):
    out = [HEAD]
    for level in range(depth):
        out.append(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level))  # noqa: PERF401
    return b"".join(out) + b"\r\nend"


BOMBS = {
    "a million header fields": (HEAD + b"X-A: b\r\n" * 1_000_000 + b"\r\nhi", 2.0),
    "200,000 empty parts": (
        HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 200_000,
        1.0,
    ),
    "50 MB of base64": (
        HEAD
        + b"Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + (b"QUJD" * 19 + b"\r\n") * 640_000,
        2.0,
    ),
    "1,500 nested multiparts": (nested_multiparts(1_500), 0.5),
    "1,500 nested messages": (HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 1_500, 0.5),
    "2,000 open brackets": (b"From: a@example.com\r\nTo: " + b"(" * 2_000 + b"@\r\n\r\nhi", 0.2),
    "8,000 parameters": (
        HEAD
        + b"Content-Type: text/plain"
        + b"".join(b"; a*%d*=x" % number for number in range(8_000))
        + b"\r\n\r\nhi",
        0.2,
    ),
    "file name of 8,000 words": (
        HEAD
        + b'Content-Type: image/png\r\nContent-Disposition: attachment; filename="'
        + b" ".join([b"=?utf-8?q?a?="] * 8_000)
        + b'"\r\n\r\nhi',
        0.2,
    ),
    "subject of 8,000 words": (
        HEAD[:-8] + b"Subject: " + b" ".join([b"=?utf-8?q?a?="] * 8_000) + b"\r\n\r\nhi",
        0.2,
    ),
    "8,000 recipients": (
        b"From: a@example.com\r\nTo: "
        + b",\r\n ".join(b"n%d <a%d@example.com>" % (n, n) for n in range(8_000))
        + b"\r\n\r\nhi",
        0.5,
    ),
    "punycode": (
        HEAD + b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a-b" * 70_000,
        0.3,
    ),
    "a million delimiter-like lines": (
        HEAD + b'Content-Type: multipart/mixed; boundary="-"\r\n\r\n' + b"--- \n" * 1_000_000,
        1.0,
    ),
    "an open tag without end": (
        HEAD + b"Content-Type: text/html\r\n\r\n" + b"<a " * 300_000,
        2.0,
    ),
    "nested divs without plain text": (
        HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000 + b"x",
        2.0,
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_is_read_within_its_time(name):
    raw, seconds = BOMBS[name]
    begin = time.process_time()
    email = parse.parse(raw)
    assert time.process_time() - begin < seconds
    assert email.size == len(raw)
    assert email.sender.address == "a@example.com"


def test_too_many_parts_are_named_as_the_reason():
    email = parse.parse(BOMBS["200,000 empty parts"][0])
    assert (email.readability, email.note) == (Readability.UNREADABLE, "message_too_complex")
    assert email.subject == "hello"


def test_message_after_a_bomb_is_read_as_ever():
    parse.parse(BOMBS["1,500 nested multiparts"][0])
    assert parse.parse(HEAD + b"\r\nbody\r\n").text == "body"


def cpu_of_children():
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


HTML_BOMBS = {
    "100,000 attributes": "<p " + " ".join(f"a{n}=b" for n in range(100_000)) + ">the text</p>",
    "2,000 nested fonts": "".join(f"<font size={n}>" for n in range(2_000)) + "the text",
    "rules by elements": "<style>"
    + "".join(f".a{n} * * b{{color:red}}" for n in range(5_000))
    + "</style>"
    + "<b>x</b>" * 20_000
    + "the text",
}


@pytest.mark.servers
@pytest.mark.parametrize("name", HTML_BOMBS)
def test_html_bomb_ends_with_its_text_shown(name):
    sandbox.close_idle()
    own, children = time.process_time(), cpu_of_children()
    cleaned = html.clean(HTML_BOMBS[name])
    assert time.process_time() - own < 2.0
    sandbox.close_idle()
    # What the child spends on its imports is added to what the job may take.
    assert cpu_of_children() - children < sandbox.CPU_SECONDS + 3
    assert "the text" in cleaned


# Each nests without end in a browser; a count of opening less closing tags sees nothing of it.
NESTINGS = {
    "open": "<div>",
    "closed by what is not open": "<div></b>",
    "closed inside of a table": "<div><table></div></table>",
    "closed inside of a menu": "<div><select></div></select>",
    "around a form": "<form><div></form>",
    "formatting that comes back": "<div><font></div>",
    "formatting closed in a table": "<div><font><table></font></table></div>",
}


@pytest.mark.parametrize("name", NESTINGS)
def test_hopeless_nesting_is_shown_as_text_at_once(name):
    source = NESTINGS[name] * 10_000 + "the text"
    assert shapes.shape_of(source) is shapes.Shape.HOPELESS
    own, children = time.process_time(), cpu_of_children()
    assert "the text" in html.clean(source)
    assert time.process_time() - own < 2.0
    assert cpu_of_children() == children


FLAT = ["<p>", "<p>a</p>", "<tr><td>a", "<div><b>a</b></div>", "<div>a<br></div>",
        "<table><tr><td><font>a</font></td></tr></table>"]  # fmt: skip


@pytest.mark.parametrize("piece", FLAT)
def test_long_mail_is_not_taken_for_deep(piece):
    assert shapes.shape_of(piece * 3_000) is shapes.Shape.ORDINARY


@pytest.mark.servers
def test_sandbox_ends_what_takes_too_long_and_serves_the_next():
    assert sandbox.run(html._clean_for_quoting, "<p>fine</p>") == "<p>fine</p>"
    children = cpu_of_children()
    assert sandbox.run(html._clean_for_showing, "<div>" * 150_000) is None
    assert cpu_of_children() - children < sandbox.CPU_SECONDS + 3
    assert sandbox.run(html._clean_for_quoting, "<p>again</p>") == "<p>again</p>"
    sandbox.close_idle()


LABELS = [
    "punycode", "\0", "zlib_codec", "utf-7", "unicode_escape", "raw_unicode_escape", "idna",
    "rot13", "base64", "hex", "mbcs", "undefined", "utf-16", "utf-32", "iso-2022-kr", "hz",
    "cp65001", "x" * 5_000, "../../etc/passwd", "utf-8\r\nX: y",
]  # fmt: skip


@pytest.mark.parametrize("label", LABELS)
def test_charset_labels_end_quickly_in_storable_text(label):
    data = ("Grüße -b-" * 20_000).encode()
    begin = time.process_time()
    text = charsets.decode(data, label)
    assert time.process_time() - begin < 0.2
    text.encode("utf-8")


MODULES = (
    answers, auto, bounces, charsets, css, dates, folding, forwards, headers, html, labels, mailboxes,
    parse, plain, quotes, senders, shapes, structure, subjects, transfer,
)  # fmt: skip
EXPRESSIONS = [
    (f"{module.__name__.rpartition('.')[2]}.{name}", expression)
    for module in MODULES
    for name, expression in vars(module).items()
    if isinstance(expression, re.Pattern)
]
# Long enough that the square of it shows, and a hundred expressions read each of them.
HOSTILE = {
    "On and spaces": "On" + " " * 25_000,
    "letters": "a" * 25_000,
    "spaces": " " * 25_000,
    "open tags": "<a " * 8_333,
    "dashes": "-" * 25_000,
    "dashes and words": "-- a " * 5_000,
    "encoded openings": "=?a?q?" * 4_166,
    "quotes": '"' * 25_000,
    "back-slashes": '"\\' * 12_500,
    "ats": "a@" * 12_500,
    "dotted": "a@a." * 6_250,
    "numbers": "1 " * 12_500,
    "times": "10:10 " * 4_166,
    "colons": "From: " * 4_166,
    "angles": "<" * 25_000,
    "angle pairs": "<a@b.c> " * 3_125,
    "line breaks": "\n" * 25_000,
    "folded": "a:\n " * 6_250,
    "begin lines": "begin 644 a\n" * 2_083,
    "marks": "> " * 12_500,
    "semicolons": ";a=" * 8_333,
    "meta": "<meta " * 4_166,
    "years": "2024-10-10 GMT" * 1_785,
}


def cpu_seconds(work, text):
    begin = time.process_time()
    work(text)
    return time.process_time() - begin


def is_linear(work, text):
    """Four times the text takes about four times as long, where it takes long at all: sixteen
    times would be the square. The machine is no part of it, nor is what is loaded at the first
    call: what took long is measured anew."""
    if cpu_seconds(work, text) < 0.05:
        return True
    return cpu_seconds(work, text) < 9 * cpu_seconds(work, text[: len(text) // 4])


def matching(expression):
    return lambda text: deque(expression.finditer(text), maxlen=0)


def test_the_measure_knows_a_square():
    assert is_linear(matching(re.compile("b")), HOSTILE["letters"])
    assert not is_linear(matching(re.compile("a+b")), HOSTILE["letters"])


@pytest.mark.parametrize("text", HOSTILE)
def test_every_expression_is_linear_on_hostile_text(text):
    for name, expression in EXPRESSIONS:
        subject = HOSTILE[text] + "!"
        if isinstance(expression.pattern, bytes):
            subject = subject.encode()
        assert is_linear(matching(expression), subject), name


@pytest.mark.parametrize("text", HOSTILE)
def test_readers_of_text_are_linear_on_hostile_text(text):
    for reader in (quotes.split, forwards.unwrap_text, plain.linkify, plain.html_to_text,
                   shapes.shape_of):  # fmt: skip
        assert is_linear(reader, HOSTILE[text]), reader.__name__
