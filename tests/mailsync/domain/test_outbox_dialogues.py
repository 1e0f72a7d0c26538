"""The outbox and a server that refuses, hangs up or answers nonsense at each step of the dialogue:
at most one copy, and an end that says in words what happened."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from inbox.domain.queries.outgoing import Waiting
from mailsync.domain import outbox, sent_copies
from mailsync.domain.accounts import Server, connect_account
from mailsync.enums import Security, SentCopy, SubmissionState
from mailsync.models import MailAccount, OutboxClock, Submission
from mailsync.providers import smtp
from mailsync.providers.smtp_wire import COMMAND_SECONDS, SmtpWire
from tests.fakes.outgoing import ADA, MESSAGE_ID, SentMailbox, queue
from tests.fakes.scripted import PASSWORD, ScriptedServer, Talk
from users.models import User

S = SubmissionState
Begin = Callable[..., ScriptedServer]
DOT = b"dot"


class Sink:
    """A submission server. In the first connection it misbehaves at one step; later ones are
    fine. `copies` are the mails that it has, whatever it said."""

    def __init__(self, step: bytes, reply: bytes | None) -> None:
        self.step, self.reply = step, reply
        self.copies = 0
        self.connections = 0

    def __call__(self, talk: Talk) -> None:
        self.connections += 1
        bad = self.step if self.connections == 1 else b""
        if not self._said(talk, b"220 ready", is_bad=bad == b"greeting"):
            return
        while line := talk.hear():
            verb = line.split()[0].upper()
            good = {
                b"EHLO": b"250-here\r\n250 AUTH PLAIN",
                b"AUTH": b"235 in",
                b"DATA": b"354 go",
            }.get(verb, b"250 ok")
            if not self._said(talk, good, is_bad=bad == verb):
                return
            if verb == b"DATA" and not (bad == verb and self.reply):
                while talk.hear() not in (b".\r\n", b""):
                    pass
                is_bad = bad == DOT
                # A server that refuses does not have it; one that hangs up may have.
                self.copies += not (is_bad and self.reply and self.reply[:1] in b"45")
                if not self._said(talk, b"250 taken", is_bad=is_bad):
                    return

    def _said(self, talk: Talk, good: bytes, *, is_bad: bool) -> bool:
        """False when it hangs up instead of answering."""
        if is_bad and self.reply is None:
            return False
        talk.say((self.reply if is_bad and self.reply else good) + b"\r\n")
        return True


@pytest.fixture
def connected(
    alice: User, loopback_allowed: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[int], MailAccount]]:
    monkeypatch.setattr("mailsync.tasks.sync_account.delay_on_commit", lambda *_: None)

    def connect(port: int) -> MailAccount:
        server = Server("127.0.0.1", port, Security.PLAIN, alice.email, PASSWORD)
        return connect_account(alice, address=alice.email, incoming=server, outgoing=server)

    return connect


AGAIN = [
    (b"greeting", b"421 4.3.2 down", "server_unavailable", "tried again by itself"),
    (b"greeting", None, "connection_lost", "tried again by itself"),
    (b"EHLO", None, "connection_lost", "tried again by itself"),
    (b"AUTH", b"454 4.7.0 later", "server_unavailable", "tried again by itself"),
    (b"AUTH", b"535 5.7.8 wrong", "sign_in_refused", "refused this user name and password"),
    (b"AUTH", None, "connection_lost", "tried again by itself"),
    (b"MAIL", b"451 4.3.0 later", "server_unavailable", "tried again by itself"),
    (b"MAIL", b"550 5.4.5 daily limit", "sending_limit", "lets this account send no more"),
    (b"MAIL", None, "connection_lost", "tried again by itself"),
    (b"RCPT", b"450 4.2.1 busy", "throttled", "tried again by itself"),
    (b"RCPT", b"452 4.5.3 too many recipients", "throttled", "tried again by itself"),
    (b"RCPT", None, "connection_lost", "tried again by itself"),
    (b"DATA", b"451 4.7.1 rate limit", "throttled", "tried again by itself"),
    (b"DATA", None, "connection_lost", "tried again by itself"),
    (DOT, b"451 4.3.0 later", "server_unavailable", "tried again by itself"),
    (DOT, b"550 5.4.5 daily limit", "sending_limit", "lets this account send no more"),
]
NEVER = [
    (b"MAIL", b"550 5.7.1 not you", "message_refused", "refused the message"),
    (b"RCPT", b"550 5.1.1 unknown", "recipients_refused", "refused every recipient"),
    (b"DATA", b"554 5.5.1 no", "message_refused", "refused the message"),
    (DOT, b"552 5.3.4 too big", "message_too_big", "larger than the server takes"),
    (DOT, b"554 5.7.1 spam", "message_refused", "refused the message"),
]
PERHAPS = [(DOT, None), (DOT, b"nonsense"), (DOT, b"354 what")]


@pytest.mark.parametrize(("step", "reply", "code", "words"), AGAIN)
def test_what_is_over_soon_is_tried_again_once(connected, step, reply, code, words):
    sink = Sink(step, reply)
    with ScriptedServer(sink) as server:
        row = queue(connected(server.port), to=[ADA])
        outbox.send(row.pk)
        row.refresh_from_db()
        assert (row.state, row.error_code, sink.copies) == (S.QUEUED, code, 0)
        assert words in Waiting(row).reason
        assert row.send_at > timezone.now()
        with time_machine.travel(row.send_at + timedelta(seconds=1), tick=False):
            OutboxClock.objects.update(seen_at=timezone.now())
            for _worker in range(2):
                outbox.send(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error_code, sink.copies) == (S.SENT, "", 1)


@pytest.mark.parametrize(("step", "reply", "code", "words"), NEVER)
def test_what_is_refused_for_good_stays_with_its_author(connected, step, reply, code, words):
    sink = Sink(step, reply)
    with ScriptedServer(sink) as server:
        row = queue(connected(server.port), to=[ADA])
        for _worker in range(2):
            outbox.send(row.pk)
        row.refresh_from_db()
        assert (row.state, row.error_code, sink.copies) == (S.FAILED, code, 0)
        assert words in Waiting(row).reason
        # He has put it right at his provider, and says so.
        outbox.send_again(row)
        outbox.send(row.pk)
    row.refresh_from_db()
    assert (row.state, sink.copies) == (S.SENT, 1)


@pytest.mark.parametrize(("step", "reply"), PERHAPS)
def test_what_was_cut_after_the_dot_is_perhaps_sent(connected, step, reply):
    sink = Sink(step, reply)
    with ScriptedServer(sink) as server:
        row = queue(connected(server.port), to=[ADA])
        row.account.mailboxes.create(path="Sent", role="sent")
        for hours in (0, 1, 30):
            with time_machine.travel(timezone.now() + timedelta(hours=hours), tick=False):
                OutboxClock.objects.update(seen_at=timezone.now())
                outbox.recover()
                assert hours == 0 or outbox.due() == []
                outbox.send(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error_code, sink.copies) == (S.UNKNOWN, "outcome_unknown", 1)
    assert "It may have been sent." in Waiting(row).reason
    with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=False):
        sent_copies.look(row.pk, store=SentMailbox(MESSAGE_ID))
    row.refresh_from_db()
    assert (row.state, row.error_code, row.sent_copy) == (S.SENT, "", SentCopy.FOUND)


def test_a_reply_that_takes_nine_minutes_is_waited_for(connected, monkeypatch):
    """Meanwhile other workers come by and find a mail that is in somebody's hand."""
    sink = Sink(b"", None)
    seen: list[tuple[str, list[int]]] = []
    reply = SmtpWire.reply

    def reply_late(wire, *, seconds=COMMAND_SECONDS):
        if seconds == smtp.AFTER_DOT_SECONDS:
            clock.shift(timedelta(minutes=9))
            OutboxClock.objects.update(seen_at=timezone.now())
            outbox.recover()
            outbox.send(row.pk)
            seen.append((Submission.objects.get().state, outbox.due()))
        return reply(wire, seconds=seconds)

    monkeypatch.setattr(SmtpWire, "reply", reply_late)
    with ScriptedServer(sink) as server:
        row = queue(connected(server.port), to=[ADA])
        with time_machine.travel(timezone.now(), tick=False) as clock:
            outbox.send(row.pk)
    row.refresh_from_db()
    assert seen == [(S.HANDED_OVER, [])]
    assert (row.state, row.error_code, sink.copies) == (S.SENT, "", 1)


def test_a_server_has_ten_minutes_after_the_dot():
    """RFC 5321 4.5.3.2.6. Whoever gives up before that makes doubles; the row is nobody else's
    until then."""
    assert smtp.AFTER_DOT_SECONDS >= 600
    assert timedelta(seconds=smtp.AFTER_DOT_SECONDS) < outbox.LEASE
