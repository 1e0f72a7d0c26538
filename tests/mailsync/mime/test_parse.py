import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsync.mime import dates, headers, parse, transfer
from mailsync.mime.types import Kind, ParsedEmail, Party, Readability

DATA = Path(__file__).parent / "data"


def mail(body=b"hello", **fields):
    head = {"From": "Ann <ann@example.com>", "To": "bob@example.com", "Subject": "x"} | {
        name.replace("_", "-"): value for name, value in fields.items()
    }
    lines = [f"{name}: {value}".encode() for name, value in head.items()]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


FROM_FORMS = [
    ("alice@corp.example <mallory@evil.test>", "mallory@evil.test"),
    ('"alice@corp.example" <mallory@evil.test>', "mallory@evil.test"),
    ("<@evil.test:alice@corp.example>", "alice@corp.example"),
    ("ALICE@CORP.Example", "alice@corp.example"),
    ("g: alice@corp.example, mallory@evil.test;", "alice@corp.example"),
    ("alice@corp.example (Alice)", "alice@corp.example"),
    ("=?utf-8?q?Ren=C3=A9?= <rene@müller.example>", "rene@xn--mller-kva.example"),
    ("undisclosed-recipients:;", ""),
    ("Ann <ann@corp.example(mallory@evil.test)>", "ann@corp.example"),
    (" Ann  <ann@corp.example> , Bo <bo@corp.example>", "ann@corp.example"),
]


@pytest.mark.parametrize(("value", "address"), FROM_FORMS)
def test_sender_is_the_address_that_mail_would_go_to(value, address):
    assert parse.parse(mail(From=value)).sender.address == address


def test_comma_in_an_encoded_name_does_not_divide_the_field():
    value = "=?utf-8?q?Doe=2C_J=C3=B8rgen?= <j@example.com>, Bo <bo@example.com>"
    assert parse.parse(mail(Cc=value)).cc == (
        Party("Doe, Jørgen", "j@example.com"),
        Party("Bo", "bo@example.com"),
    )


def test_encoded_words_cut_inside_a_character_are_joined():
    subject = "=?utf-8?B?ww==?=\r\n =?utf-8?B?vA==?="
    assert parse.parse(mail(Subject=subject)).subject == "ü"


def test_line_break_in_an_encoded_word_stays_one_line():
    subject = parse.parse(mail(Subject="=?utf-8?q?a=0D=0ABcc:_e@x.example?=")).subject
    assert subject == "a Bcc: e@x.example"


DATES = [
    ("Fri, 02 Jan 2026 03:04:05 +0200", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
    ("2 Jan 26 03:04 EST", datetime(2026, 1, 2, 8, 4, tzinfo=UTC)),
    ("2 Jan 2026 (a (nested) comment) 03:04:05 +0000", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("Thu, 31 Dec 1969 23:59:59 +0000", None),
    ("Fri, 32 Jan 2026 03:04:05 +0000", None),
    ("yesterday afternoon", None),
    ("", None),
]


@pytest.mark.parametrize(("value", "moment"), DATES)
def test_dates(value, moment):
    assert dates.date(value) == moment


def test_references_keep_both_ends_and_drop_what_is_no_id():
    ids = [f"n{number}@example.com" for number in range(100)]
    value = " ".join(f"<{one}>" for one in ids) + " <1> <" + "x" * 300 + "@y>"
    got = parse.parse(mail(References=value, In_Reply_To="<last@example.com>")).references
    assert got == (*ids[:20], *ids[81:], "last@example.com")


def test_name_of_a_file_in_windows_letters():
    email = parse.parse((DATA / "attachment_nonascii_filename.eml").read_bytes())
    assert [part.name for part in email.attachments] == ["ciële.txt"]


NAMES = [
    ("../../etc/passwd", "passwd"),
    ("evil\u202egpj.exe", "evilgpj.exe"),
    ("con.txt", "_con.txt"),
    ("a\x00b.txt", "ab.txt"),
    ("C:\\temp\\x.doc", "x.doc"),
    ("x" * 400 + ".pdf", "x" * 146 + ".pdf"),
    ("x.html ", "x.html"),
]


@pytest.mark.parametrize(("name", "cleaned"), NAMES)
def test_file_names_can_be_saved_anywhere(name, cleaned):
    assert headers.file_name(name) == cleaned


def test_broken_base64_gives_what_it_has():
    raw = (DATA / "malformed-base64-attach.eml").read_bytes()
    (part,) = parse.parse(raw).attachments
    assert parse.part_bytes(raw, part.section)


def test_uuencoded_file_in_the_text_is_an_attachment():
    raw = mail(b"see file\r\n\r\nbegin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\nbye\r\n")
    email = parse.parse(raw)
    assert [(part.name, part.section) for part in email.attachments] == [("a.txt", "1~1")]
    assert parse.part_bytes(raw, "1~1") == b"Cat"
    assert "#0V%T" not in email.text
    assert "bye" in email.text


def test_attached_message_is_named_after_its_subject():
    inner = mail(b"inner", Subject="Offer 7")
    raw = mail(b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--b--\r\n",
               Content_Type="multipart/mixed; boundary=b")  # fmt: skip
    (part,) = parse.parse(raw).attachments
    assert (part.name, part.section) == ("Offer 7.eml", "1")
    assert parse.part_bytes(raw, "1") == inner


def test_flowed_text_is_joined():
    raw = mail(b"one \r\ntwo\r\n> three \r\n> four\r\n",
               Content_Type="text/plain; format=flowed")  # fmt: skip
    assert parse.parse(raw).text == "one two\n> three four"


CONTENT_TYPES = [
    (b" Text / Plain ; charset=utf-8", ("text/plain", {"charset": "utf-8"})),
    (b"(of) text (plain) / (and) plain", ("text/plain", {})),
    (b'multipart/mixed boundary="b"', ("multipart/mixed", {"boundary": "b"})),
]


@pytest.mark.parametrize(("value", "read"), CONTENT_TYPES)
def test_content_types_as_programs_write_them(value, read):
    assert headers.content_field(value) == read


@given(st.binary(max_size=300), st.sampled_from([b"", b"\r\n", b" \r\n\t\n" * 600]))
def test_size_of_a_base64_part_is_that_of_its_content(content, below):
    raw = b"head" + base64.encodebytes(content).replace(b"\n", b"\r\n") + below
    assert transfer.decoded_size(raw, 4, len(raw), "base64") == len(content)


KINDS = [
    ({"Auto-Submitted": "auto-replied"}, Kind.AUTOMATIC),
    ({"Subject": "Automatic reply: hello"}, Kind.AUTOMATIC),
    ({"List-Id": "News <news.example.com>"}, Kind.LIST),
    ({"Content-Type": "multipart/report; report-type=disposition-notification; boundary=b"},
     Kind.RECEIPT),
    ({"Auto-Submitted": "no"}, Kind.PERSON),
    ({"Subject": "Delivery problem with my order"}, Kind.PERSON),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "kind"), KINDS)
def test_kinds(fields, kind):
    assert parse.parse(mail(**fields)).kind is kind


def test_abuse_report_is_no_bounce():
    assert parse.parse((DATA / "arf-01.eml").read_bytes()).kind is Kind.AUTOMATIC


def test_missing_last_boundary_is_read_and_marked():
    email = parse.parse((DATA / "bad-final-boundary.eml").read_bytes())
    assert email.text
    assert email.readability in (Readability.COMPLETE, Readability.PARTIAL)


def test_header_alone_gives_the_same_fields_as_the_whole():
    raw = (DATA / "outlook.eml").read_bytes()
    whole, head = parse.parse(raw), parse.parse_header(raw.split(b"\n\n", 1)[0] + b"\n\n")
    for name in ("message_id", "references", "subject", "sender", "to", "cc", "sent_at", "kind"):
        assert getattr(head, name) == getattr(whole, name)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_are_parsed(raw):
    assert isinstance(parse._parse(raw, b""), ParsedEmail)


PIECES = st.sampled_from(
    [b"Content-Type: multipart/mixed; boundary=b\r\n", b"--b\r\n", b"--b--\r\n", b"\r\n", b"\n",
     b"From: =?utf-8?b?w?= <a@b>\r\n", b"To: (((\r\n", b"Content-Transfer-Encoding: base64\r\n",
     b"Content-Type: message/rfc822\r\n", b"begin 644 a\r\n", b"\xff\xfe", b"end\r\n", b"a*0*=x;"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=40).map(b"".join))
def test_any_pieces_of_mail_are_parsed_into_what_a_database_takes(raw):
    email = parse._parse(raw, b"")
    for text in (email.subject, email.text, email.preview, email.sender.name):
        assert "\x00" not in text
        text.encode()
