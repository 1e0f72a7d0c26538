"""Delivery reports as servers write them, by the standard (RFC 3464) and in their own words: each
finds the mail that it is about and the person who did not get it; a forged one finds nothing."""

from pathlib import Path

import pytest

from inbox.domain.queries.outgoing import troubles
from mailsync.domain import blobs, bounces
from mailsync.enums import EmailKind, SubmissionState
from mailsync.models import Email, MailAccount, Submission
from tests.factories.mail import make_account, make_thread

DATA = Path(__file__).parent.parent / "mime" / "data" / "bounces"
# File, who did not get it, Message-ID of the mail that it is about.
REPORTS = [
    ("lhost-amazonses-21.eml", "kijitora@example.com", "0000000000000000-22222222-eeee-ffff-ffff-000000000000-000000@email.amazonses.com"),
    ("lhost-aol-05.eml", "nyan@haineko.org", "15bc79632bf-5852-14fcf@webprd-m12.mail.aol.example.com"),
    ("lhost-barracuda-01.eml", "kijitora@example.org", "ad4be1052982bf7aa5558be760abbf74@neko.example.com"),
    ("lhost-domino-03.eml", "kijitora@neko.example.org", "FF00EE22AA.AA0AFFE2-NEKO000222.002DDADA-B0000304.00222002A@example.edu"),
    ("lhost-exchange2003-05.eml", "kijitora@example.com", "0000000000000000000000000000000@example.com"),
    ("lhost-exchange2007-07.eml", "kijitora@example.jp", "QCw92c-juIk7Y-w6@neko.example.com"),
    ("lhost-exim-57.eml", "kijitora@example.com", "nekochan-nyaaan-22@neko.example.com"),
    ("lhost-gmail-07.eml", "kijitora@example.ed.jp", "000000000000000000000000000000000@mail.example.com"),
    ("lhost-gmx-04.eml", "kijitora@6jo.example.co.jp", "trinity-8bc3e11d-b17c-4641-8692-498e8a19f323-1417217587540@3capp-mailcom-lxa02"),
    ("lhost-mailru-01.eml", "kijitora@example.jp", "8F3CE2D8-D60E-48C3-B9AF-BED628EE2CA5@mail.example.ru"),
    ("lhost-notes-03.eml", "kijitora@example.com", "0000000000.0000000@mx12.example.or.jp"),
    ("lhost-office365-03.eml", "kijitora@example.com", "000000000000.2222.22222222222200000000@NEKO-NYAAN"),
    ("lhost-opensmtpd-10.eml", "postmaster@cx.libsisimai.org", "74f4e3b183602776@df.example.jp"),
    ("lhost-outlook-09.eml", "kijitora@example.org", "BLU222-CR22FC17FE7748FA3ABB087581BC0@phx.gbl"),
    ("lhost-postfix-34.eml", "kijitora@example.com", "ffffffffffffffff000000002@neko.nyaan.example.jp"),
    ("lhost-qmail-03.eml", "kijitora@example.org", "00000000000000.5529.qmail@nijo.example.jp"),
    ("lhost-sendmail-53.eml", "sironeko@example.com", "201806090556.w595u8GZ093276@neko.example.jp"),
    ("lhost-yahoo-14.eml", "kijitora@example.org", "0000000000000000-00000000-2222-2222-2222-222222220000-000000@email.amazonses.com"),
    ("lhost-yandex-01.eml", "kijitora@example.jp", "446281417885946@web20h.yandex.ru"),
    ("lhost-zoho-03.eml", "shironeko@example.org", "14a3e1e110a.b4fa4ce310535.5193856207448782548@zoho.example.com"),
    ("rfc3464-29.eml", "kijitora@example.com", "neko-nyaan-cats@example.org"),
]  # fmt: skip
NAMES = [name for name, _address, _message_id in REPORTS]


def report(account: MailAccount, raw: bytes) -> Email:
    email = make_thread(account).emails.get()
    email.kind = EmailKind.BOUNCE
    email.blob = blobs.store(account.pk, raw)
    email.save()
    return email


def sent(account: MailAccount, message_id: str, *to: str) -> Submission:
    return Submission.objects.create(
        account=account,
        created_by=account.owner,
        message_id=message_id,
        envelope_from=account.address,
        envelope_to=list(to),
        state=SubmissionState.SENT,
        send_at="2026-11-20T08:00Z",
        results={one: {"accepted": True, "code": 250} for one in to},
    )


@pytest.mark.parametrize(("name", "address", "message_id"), REPORTS, ids=NAMES)
def test_a_report_finds_its_mail_and_person(account, name, address, message_id):
    row = sent(account, message_id, "reached@acme.example", address.upper())
    email = report(account, (DATA / name).read_bytes())
    assert bounces.reports_among([email.pk]) == [email.pk]
    assert bounces.note_report(email.pk)
    row.refresh_from_db()
    (told,) = troubles(row)
    assert address.upper() in told
    assert "report" not in row.results["reached@acme.example"]
    assert row.state == SubmissionState.SENT
    # Read again, nothing is told twice.
    assert bounces.note_report(email.pk)
    row.refresh_from_db()
    assert troubles(row) == [told]


RAW = (DATA / "lhost-zoho-03.eml").read_bytes()
ADDRESS, MESSAGE_ID = "shironeko@example.org", REPORTS[NAMES.index("lhost-zoho-03.eml")][2]


def test_forged_reports_find_nothing(account, bob):
    """Who guesses no Message-ID of ours, names nobody who got the mail, or writes to another
    account, changes nothing."""
    ours = sent(account, MESSAGE_ID, "someone@else.example")
    guessed = sent(account, "another@northwind.example", ADDRESS)
    for where, raw in (
        (account, RAW),
        (account, RAW.replace(MESSAGE_ID.encode(), b"guessed@northwind.example")),
        (make_account(bob), RAW),
        (account, b"From: MAILER-DAEMON@evil.example\r\nSubject: failure\r\n\r\nNo such user\r\n"),
        (account, b""),
    ):
        assert not bounces.note_report(report(where, raw).pk)
    for row in (ours, guessed):
        row.refresh_from_db()
        assert troubles(row) == []
