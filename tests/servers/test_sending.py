"""Mail written here, through a real Postfix into a second person's mailbox, and the way back."""

import imaplib
import smtplib
import ssl
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid, parsedate_to_datetime
from typing import Any

import pytest
from django.utils import timezone

from inbox.domain import answering, compose, drafts
from inbox.domain.queries import outgoing
from inbox.enums import DraftKind
from mailsync.domain import bounces, outbox, sent_copies
from mailsync.domain.accounts import Server, connect_account
from mailsync.domain.sent import keep_sent
from mailsync.domain.sync import sync_account
from mailsync.enums import AccountState, Security, SentCopy, SubmissionState
from mailsync.models import Email, MailAccount, Submission, Thread
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.postfix import BOUNCED, PUT_OFF, REFUSED, Postfix
from users.models import User

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

LONGEST = 20
S = SubmissionState


class SecondClient:
    """Another person with another mail program."""

    def __init__(self, dovecot: Dovecot, postfix: Postfix) -> None:
        self.address = dovecot.new_user().replace("northwind", "acme")
        self._context = ssl.create_default_context(cafile=str(dovecot.authority.ca))
        self._imap_port, self._smtp_port = dovecot.tls_port, postfix.port

    def mails(self, mailbox: str = "INBOX", *, user: str = "") -> list[EmailMessage]:
        with imaplib.IMAP4_SSL("localhost", self._imap_port, ssl_context=self._context) as client:
            client.login(user or self.address, PASSWORD)
            client.select(mailbox, readonly=True)
            found = client.search(None, "ALL")[1][0].split()
            raws = [client.fetch(number, "(RFC822)")[1][0][1] for number in found]
        return [message_from_bytes(raw, policy=policy.default) for raw in raws]

    def wait_for(self, number: int) -> EmailMessage:
        """The newest mail once that many have come."""
        found: list[EmailMessage] = []
        until = time.monotonic() + 60
        while len(found) < number:
            assert time.monotonic() < until, f"{len(found)} of {number} mails came"
            time.sleep(0.05)
            found = self.mails()
        assert len(found) == number
        return found[-1]

    def answer(self, mail: EmailMessage, text: str) -> None:
        """As mail programs do (RFC 5322 3.6.4)."""
        reply = EmailMessage()
        reply["From"] = f"Ada Byron <{self.address}>"
        reply["To"] = mail["From"]
        reply["Subject"] = f"Re: {mail['Subject'].removeprefix('Re: ')}"
        reply["Message-ID"] = make_msgid(domain="acme.example")
        reply["In-Reply-To"] = mail["Message-ID"]
        reply["References"] = f"{mail.get('References', '')} {mail['Message-ID']}".strip()
        reply["Date"] = timezone.now()
        reply.set_content(text)
        with smtplib.SMTP("localhost", self._smtp_port) as client:
            client.starttls(context=self._context)
            client.login(self.address, PASSWORD)
            client.send_message(reply)


@pytest.fixture
def ada(dovecot: Dovecot, postfix: Postfix) -> SecondClient:
    return SecondClient(dovecot, postfix)


@pytest.fixture
def account(
    dovecot: Dovecot,
    postfix: Postfix,
    alice: User,
    settings: Any,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> MailAccount:
    settings.BLOB_DIR = tmp_path / "blobs"
    for task in ("sync_account", "replay_changes", "look_for_report"):
        monkeypatch.setattr(f"mailsync.tasks.{task}.delay_on_commit", lambda *_: None)
    monkeypatch.setattr("mailsync.tasks.send_submission.apply_async", lambda *_, **__: None)
    user = dovecot.new_user()
    return connect_account(
        alice,
        address=user,
        incoming=Server("127.0.0.1", dovecot.port, Security.PLAIN, user, PASSWORD),
        outgoing=Server("localhost", postfix.port, Security.STARTTLS, user, PASSWORD),
    )


def sync(account: MailAccount) -> None:
    while sync_account(account.pk).has_more:
        pass
    account.refresh_from_db()
    assert (account.state, account.error_code) == (AccountState.OK, "")


def sync_until(account: MailAccount, holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        MailAccount.objects.update(next_poll_at=timezone.now())
        sync(account)


def write(account: MailAccount, *to: str, **fields: Any) -> Submission:
    start = drafts.Start(to=tuple(("", one) for one in to), subject="Offer 2027")
    draft = drafts.start_new(by=account.owner, start=start, account=account)
    return send(drafts.save(draft, version=draft.version, html="<p>Our offer.</p>", **fields))


def answer(email: Email, text: str) -> Submission:
    draft = answering.start_answer(email, kind=DraftKind.REPLY, by=email.account.owner)
    return send(drafts.save(draft, version=draft.version, html=f"<p>{text}</p>"))


def send(draft: Any) -> Submission:
    row = compose.send(draft, by=draft.author, version=draft.version, force=True)
    outbox.send_now(row)
    outbox.send(row.pk)
    keep_sent(row.account_id)
    row.refresh_from_db()
    return row


def look_into_sent() -> None:
    """The look that is due two minutes after sending."""
    Submission.objects.exclude(look_at=None).update(look_at=timezone.now())
    for submission_id in sent_copies.due_looks():
        sent_copies.look(submission_id)


def ids(text: str) -> list[str]:
    return (text or "").split()


def test_a_conversation_of_up_to_twenty_mails_stays_one(
    account: MailAccount, ada: SecondClient, dovecot: Dovecot
) -> None:
    """There and back, at each length: one thread here, and headers by which any mail program keeps
    it one there."""
    sync(account)
    started = timezone.now().replace(microsecond=0)
    boss = dovecot.new_user()
    row = write(account, ada.address, bcc=[["", boss]])
    chain: list[str] = []
    for length in range(1, LONGEST + 1, 2):
        assert (row.state, row.error_code) == (S.SENT, "")
        mail = ada.wait_for((length + 1) // 2)
        assert mail["Message-ID"] == f"<{row.message_id}>"
        assert mail["From"].addresses[0].addr_spec == account.address
        assert ids(mail["In-Reply-To"]) == chain[-1:]
        assert ids(mail["References"]) == chain
        assert started <= parsedate_to_datetime(mail["Date"]) <= timezone.now()
        assert mail["Bcc"] is None
        assert mail.get("Reply-To") is None, "answers go to From"
        assert Thread.objects.get().email_count == length
        chain.append(mail["Message-ID"])

        ada.answer(mail, f"Answer {length}")
        sync_until(account, Email.objects.filter(preview__startswith=f"Answer {length}").exists)
        thread = Thread.objects.get()
        assert thread.email_count == length + 1
        last = Email.objects.get(is_outgoing=False, preview__startswith=f"Answer {length}")
        chain.append(f"<{last.message_id}>")
        if length + 2 <= LONGEST:
            row = answer(last, f"And {length + 2}")

    # One copy of each in Sent, the first with the Bcc that Ada has not seen; and nothing doubled
    # when the copies come back from there.
    look_into_sent()
    sync(account)
    sent = ada.mails("Sent", user=account.address)
    assert sorted(mail["Message-ID"] for mail in sent) == sorted(chain[::2])
    assert [mail["Bcc"] for mail in sent if mail["Bcc"]] == [boss]
    assert Thread.objects.get().email_count == LONGEST
    assert Email.objects.count() == LONGEST


def test_each_recipient_has_a_result_and_those_put_off_get_it_later(
    account: MailAccount, ada: SecondClient
) -> None:
    sync(account)
    refused, busy = f"{REFUSED}@acme.example", f"{PUT_OFF}@acme.example"
    row = write(account, ada.address, refused, busy)
    assert row.state == S.SENT
    assert {address: result["accepted"] for address, result in row.results.items()} == {
        ada.address: True,
        refused: False,
        busy: False,
    }
    assert [row.results[one]["code"] for one in (ada.address, refused, busy)] == [250, 550, 450]
    later = row.remainders.get()
    assert (later.state, later.envelope_to) == (S.QUEUED, [busy])
    assert later.message_id == row.message_id
    # The second try meets the same, and the first recipient gets nothing twice.
    outbox.send_now(later)
    outbox.send(later.pk)
    later.refresh_from_db()
    assert (later.state, later.error_code) == (S.QUEUED, "throttled")
    ada.wait_for(1)


def test_all_refused_is_not_sent_and_says_so(account: MailAccount) -> None:
    sync(account)
    row = write(account, f"{REFUSED}@acme.example")
    assert (row.state, row.error_code) == (S.FAILED, "recipients_refused")
    assert outgoing.Waiting(row).reason == "The server refused every recipient."
    assert not Email.objects.exists()


def test_a_report_of_a_real_server_is_matched(account: MailAccount, ada: SecondClient) -> None:
    """Taken first, bounced later: Postfix writes the report (RFC 3464)."""
    sync(account)
    gone = f"{BOUNCED}@acme.example"
    row = write(account, ada.address, gone)
    assert row.state == S.SENT
    reports = Email.objects.filter(is_outgoing=False)
    sync_until(account, reports.exists)
    (report_id,) = bounces.reports_among(reports.values_list("pk", flat=True))
    assert bounces.note_report(report_id)
    row.refresh_from_db()
    assert outgoing.troubles(row) == [f"{gone} does not exist or takes no mail."]
    assert row.results[gone]["report"]["status"] == "5.1.1"
    assert "report" not in row.results[ada.address]
    assert row.sent_copy == SentCopy.WAITING
