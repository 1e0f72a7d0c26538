from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsync.mime import answers, build, parse
from mailsync.mime.html import ImagePolicy
from mailsync.mime.types import Answer, OutgoingEmail, OutgoingFile, ParsedEmail, Party

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ANN, BOB, CAT = (Party(name, f"{name.lower()}@example.com") for name in ("Ann", "Bob", "Cat"))


def email(**values):
    return OutgoingEmail(
        **{"message_id": "a1@example.com", "sender": ANN, "sent_at": MOMENT, "to": (BOB,)} | values
    )


WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp", "Cf", "Co", "Cn")), max_size=60
)
NAMES = WORDS.map(lambda name: name.strip("'\"\\<>=?(),;:@ "))
PARTIES = st.builds(
    Party,
    name=NAMES,
    address=st.from_regex(r"[a-z0-9]{1,12}(\.[a-z0-9]{1,8})?@[a-z]{1,10}\.example", fullmatch=True),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(PARTIES, max_size=6).map(tuple),
    st.lists(WORDS, max_size=8).map(" ".join),
    st.lists(WORDS, max_size=12).map("\n".join),
    st.lists(st.integers(0, 999).map(lambda n: f"n{n}@example.com"), max_size=30, unique=True),
    st.lists(st.binary(max_size=300), max_size=3),
)
def test_what_is_built_is_read_back(to, subject, text, references, contents):
    files = tuple(
        OutgoingFile(f"Größe {n}.bin", "application/octet-stream", content)
        for n, content in enumerate(contents)
    )
    outgoing = email(
        to=to,
        subject=subject,
        text=text,
        references=tuple(references),
        files=files,
        html="<p>x" if text.strip() else "",
    )
    raw = build.build(outgoing)
    got = parse.parse(raw)
    assert (got.message_id, got.sender, got.sent_at) == ("a1@example.com", ANN, MOMENT)
    assert [one.address for one in got.to] == [one.address for one in to]
    assert [one.name for one in got.to] == [one.name for one in to]
    assert got.subject == " ".join(subject.split())
    assert got.text.strip() == text.strip()
    assert got.references == tuple(references)
    assert [parse.part_bytes(raw, part.section) for part in got.attachments] == contents
    assert [part.name for part in got.attachments] == [file.name for file in files]
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")


HOSTILE = [
    "a\r\nBcc: e@x.example",
    "a\rBcc: e@x.example",
    "a\u2028Bcc: e",
    "a\x00b",
    "a\n\n<script>",
]
HEADERS = {"Date", "From", "To", "Message-ID", "Subject", "MIME-Version", "Content-Type",
           "Content-Transfer-Encoding"}  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_makes_a_header_of_its_own(value):
    raw = build.build(email(subject=value, sender=Party(value, "ann@example.com"), text="x"))
    assert set(message_from_bytes(raw).keys()) == HEADERS
    raw = build.build(email(files=(OutgoingFile(value, f"text/x;{value}", b"x"),)))
    assert b"Bcc:" not in b"".join(one for one in raw.split(b"\r\n") if one.startswith(b"Bcc"))


ADDRESSES = ["a@b>\r\nRCPT TO:<v@x", '"a\r\n"@b.example', "a b@c.example", "a@", "@b.example", "a"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_could_speak_smtp_is_refused(address):
    with pytest.raises(build.OutgoingAddressError):
        build.build(email(to=(Party("", address),)))


def test_bcc_is_in_the_sent_copy_alone():
    outgoing = email(bcc=(CAT,))
    assert b"cat@example.com" not in build.build(outgoing)
    assert parse.parse(build.build_sent_copy(outgoing)).bcc == (CAT,)


def test_no_line_of_a_single_dot():
    raw = build.build(email(text="a\n.\n\n.\r\nFrom here", html="<p>\n.\n</p>"))
    assert b"\r\n.\r\n" not in raw
    assert parse.parse(raw).text == "a\n.\n\n.\nFrom here"


def test_inline_picture_stands_beside_the_html():
    files = (OutgoingFile("i.png", "image/png", b"png", "i1@example.com"),)
    raw = build.build(email(html='<img src="cid:i1@example.com">', files=files))
    (name, part), *rest = parse.inline_images(raw).items()
    assert (name, part.section, rest) == ("i1@example.com", "2.2", [])
    message = message_from_bytes(raw, policy=policy.default)
    assert [one.get_content_type() for one in message.walk()] == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip


def parent(**values):
    return ParsedEmail(
        **{
            "digest": b"", "size": 1, "message_id": "p@x.example", "references": ("o@x.example",),
            "subject": "Re: AW: Offer", "sender": BOB, "to": (ANN, CAT), "cc": (ANN, BOB),
        } | values
    )  # fmt: skip


OWN = {ANN.address}


def test_reply_goes_to_the_sender_in_the_same_thread():
    got = answers.reply_headers(parent(), Answer.REPLY, OWN)
    assert (got.to, got.cc, got.subject) == ((BOB,), (), "Re: Offer")
    assert (got.in_reply_to, got.references) == ("p@x.example", ("o@x.example", "p@x.example"))


def test_reply_to_all_leaves_ourselves_out_and_names_each_once():
    got = answers.reply_headers(parent(), Answer.REPLY_ALL, OWN)
    assert (got.to, got.cc) == ((BOB, CAT), ())


def test_reply_to_own_mail_goes_on_to_its_readers():
    got = answers.reply_headers(parent(sender=ANN, to=(CAT,)), Answer.REPLY, OWN)
    assert got.to == (CAT,)


def test_reply_to_field_wins():
    got = answers.reply_headers(parent(reply_to=(CAT,)), Answer.REPLY, OWN)
    assert got.to == (CAT,)


def test_forward_is_addressed_to_nobody_yet():
    got = answers.reply_headers(parent(), Answer.FORWARD, OWN)
    assert (got.to, got.subject, got.in_reply_to) == ((), "Fwd: Offer", "")


def test_a_quote_has_its_introduction_and_its_looks():
    images = ImagePolicy(remote=lambda address: address)
    got = answers.quote_html(
        "<p style='color:red;x'>hi<img src=https://w.example/1></p>",
        attribution="Bob <b> wrote:",
        images=images,
    )
    assert got == (
        '<div>Bob &lt;b&gt; wrote:</div><blockquote type="cite" style="margin:0 0 0 .8ex;'
        'border-left:1px solid #ccc;padding-left:1ex"><p style="color:red">hi'
        '<img src="https://w.example/1"></p></blockquote>'
    )
