"""Forms of the From field by which one person is taken for another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.mime.senders import Defect, SenderVerdict, sender_verdict

ALICE = "alice@corp.example"

GENUINE = [
    ("alice@corp.example", ALICE),
    ("<alice@corp.example>", ALICE),
    ("Alice A. Archer <alice@corp.example>", ALICE),
    ('"Archer, Alice" <alice@corp.example>', ALICE),
    ("=?utf-8?q?Al=C3=ADce?= <alice@corp.example>", ALICE),
    ("Alice\r\n <alice@corp.example>", ALICE),
    ("ALICE <alice@CORP.Example>", ALICE),
    ('"alice"@corp.example', ALICE),
    ("alice+x@corp.example", "alice+x@corp.example"),
    ("alice@xn--mller-kva.example", "alice@xn--mller-kva.example"),
]


@pytest.mark.parametrize(("value", "address"), GENUINE)
def test_plain_mailbox_has_a_sender(value, address):
    verdict = sender_verdict(f"To: x@y.example\r\nFrom: {value}\r\n\r\nhi".encode())
    assert (verdict.address, verdict.defect) == (address, None)
    assert not verdict.shows_other_address


FORGED = [
    ("alice@corp.example <mallory@evil.test>", Defect.FORM),
    ("mallory@evil.test <alice@corp.example>", Defect.FORM),
    ("alice@corp.example)bob@evil.test", Defect.FORM),
    ("alice@corp.example(<mallory@evil.test>", Defect.FORM),
    ("<alice@corp.example>mallory@evil.test", Defect.FORM),
    ("=?x?q?alice=40corp.example=3E=00?=foo@evil.test", Defect.FORM),
    ("=?utf-8?q?alice=40corp.example=2C?=@evil.test", Defect.FORM),
    ("=?utf-8?q?alice=40corp.example?= =?utf-8?q?=3C?=", Defect.FORM),
    ("alice@corp.example, mallory@evil.test", Defect.SEVERAL_MAILBOXES),
    ("Alice <alice@corp.example>, <mallory@evil.test>", Defect.SEVERAL_MAILBOXES),
    ("g: alice@corp.example, mallory@evil.test;", Defect.SEVERAL_MAILBOXES),
    ("g: alice@corp.example;", Defect.FORM),
    ("<@evil.test:alice@corp.example>", Defect.FORM),
    ("alice@corp.example@evil.test", Defect.FORM),
    ("alice@corp.example.", Defect.FORM),
    ("alice@localhost", Defect.FORM),
    ("alice@[192.0.2.1]", Defect.FORM),
    ("alice @corp.example", Defect.FORM),
    ("alice(comment)@corp.example", Defect.FORM),
    ("alice@corp.example (Alice)", Defect.FORM),
    ("\u0430lice@corp.example", Defect.FORM),
    ("alice@c\u043erp.example", Defect.FORM),
    ('"alice@corp.example"@evil.test', Defect.FORM),
    ('"Alice" mallory@evil.test <alice@corp.example>', Defect.FORM),
    ('"Alice" <mallory@evil.test> "<alice@corp.example>"', Defect.FORM),
    ("a" * 65 + "@corp.example", Defect.FORM),
    ("", Defect.FORM),
    ("alice@corp.example\x00", Defect.HEADER),
    ("alice@corp.example\rX: y", Defect.HEADER),
]


@pytest.mark.parametrize(("value", "defect"), FORGED)
def test_what_could_be_read_as_another_has_no_sender(value, defect):
    verdict = sender_verdict(f"To: x@y.example\r\nFrom: {value}\r\n\r\nhi".encode())
    assert verdict == SenderVerdict(defect=defect)


HEADERS = [
    (b"To: x@y.example\r\n\r\n", Defect.NO_FIELD),
    (b"From: alice@corp.example\r\nFrom: mallory@evil.test\r\n\r\n", Defect.SEVERAL_FIELDS),
    (b"From: alice@corp.example\r\nfrom : mallory@evil.test\r\n\r\n", Defect.SEVERAL_FIELDS),
    (b"From: alice@corp.example\r\n garbage: x\r\nno field\r\n\r\n", Defect.HEADER),
    (b"From: alice@corp.example\r\n \r\nFrom: mallory@evil.test\r\n\r\n", Defect.HEADER),
    (b"From: alice@corp.example\r\n", Defect.HEADER),
    (b"From: alice@corp.example\r\n" + b"X: y\r\n" * 2_000 + b"\r\n", Defect.HEADER),
    (b"", Defect.HEADER),
]


@pytest.mark.parametrize(("header", "defect"), HEADERS)
def test_doubtful_header_has_no_sender(header, defect):
    assert sender_verdict(header).defect is defect


def test_name_that_is_dressed_up_as_an_address_is_told():
    raw = b'From: "alice@corp.example" <mallory@evil.test>\r\n\r\n'
    verdict = sender_verdict(raw)
    assert (verdict.address, verdict.shows_other_address) == ("mallory@evil.test", True)


@given(st.binary(max_size=200))
def test_any_bytes_have_a_verdict(value):
    verdict = sender_verdict(b"From: " + value + b"\r\n\r\n")
    assert bool(verdict.address) is (verdict.defect is None)
