"""Control characters and over-long values in everything that a user or a stranger can put into a
mail on its way out: the dialogue has the commands that it should have, and the mail its fields."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from inbox.domain import answering
from inbox.enums import DraftKind
from inbox.models import DraftFile
from mailsync.domain import blobs, outbox
from mailsync.domain.accounts import Server, connect_account
from mailsync.enums import Security, SubmissionState
from mailsync.models import MailAccount, Submission
from tests.factories.mail import make_thread
from tests.fakes.scripted import PASSWORD, ScriptedServer, Talk
from users.models import User

# In words; or not at all, where it is nothing that the window sends.
REFUSED = (422, 404)
HTMX = {"HTTP_HX_REQUEST": "true"}
INJECTIONS = {
    "cr": "a\rBcc: eve@evil.example",
    "lf": "a\nBcc: eve@evil.example",
    "crlf": "a\r\nBcc: eve@evil.example",
    "end of header": "a\r\n\r\nanother body",
    "nul": "a\x00b",
    "line separator": "a\u2028Bcc: eve@evil.example",
    "encoded word": "=?utf-8?q?a=0d=0aBcc:_eve@evil.example?=",
    "dot": "a\r\n.\r\nMAIL FROM:<ceo@northwind.example>",
    "long": "x" * 1000,
    "long words": "word " * 400,
}
FIELDS = {
    "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
    "Content-Transfer-Encoding", "In-Reply-To", "References", "Cc",
}  # fmt: skip
COMMANDS = [rb"EHLO \S+", rb"AUTH PLAIN \S+", rb"MAIL FROM:<\S+>.*", rb"RCPT TO:<\S+>", rb"DATA"]


def storable(text: str) -> str:
    """PostgreSQL has no NUL in a text."""
    return text.replace("\x00", "")


def take(talk: Talk) -> None:
    """A server that takes everything."""
    talk.say(b"220 ready\r\n")
    while line := talk.hear():
        verb = line.split()[0].upper()
        if verb == b"EHLO":
            talk.say(b"250-here\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n")
        elif verb == b"AUTH":
            talk.say(b"235 in\r\n")
        elif verb == b"DATA":
            talk.say(b"354 go\r\n")
            while talk.hear() not in (b".\r\n", b""):
                pass
            talk.say(b"250 ok\r\n")
        else:
            talk.say(b"250 ok\r\n")


class Posted:
    """Sends what a form said, and shows what came over the wire."""

    def __init__(self, client: Any, account: MailAccount, server: ScriptedServer) -> None:
        self.client, self.account, self.server = client, account, server

    def send(self, **given: Any) -> int:
        fields = {
            "account": self.account.key,
            "to": "Ada <ada@acme.example>",
            "subject": "Offer",
            "content": "<div>Hello</div>",
            "format": "html",
            "visibility": "private",
            "act": "send-anyway",
            "confirmed": ["no_subject", "forgotten_file", "new_address", "look_alike"],
            **given,
        }
        status: int = self.client.post("/mail/compose/", fields, **HTMX).status_code
        Submission.objects.filter(state=SubmissionState.QUEUED).update(send_at=timezone.now())
        for submission_id in outbox.due():
            outbox.send(submission_id)
        return status

    def send_and_check(self, **given: Any) -> None:
        """Either it is refused and nothing left, or what left is in order."""
        status = self.send(**given)
        if status == 200:
            self.check()
        else:
            assert status in REFUSED
            assert self.server.said == []

    def check(self, *, recipients: int = 1) -> dict[str, str]:
        """The header of the one mail, by name, after the dialogue was found in order."""
        said = self.server.said
        begin = said.index(b"DATA\r\n") + 1
        end = said.index(b".\r\n")
        commands = said[:begin]
        patterns = [*COMMANDS[:3], *COMMANDS[3:4] * recipients, *COMMANDS[4:]]
        assert len(commands) == len(patterns), commands
        for line, pattern in zip(commands, patterns, strict=True):
            assert re.fullmatch(pattern + rb"\r\n", line), line
        assert said[end + 1 :] in ([], [b"QUIT\r\n"])
        mail = said[begin:end]
        assert max(map(len, mail)) <= 1000  # 998 and CRLF (RFC 5322 2.1.1)
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\x00", b"".join(mail))
        header = re.sub(rb"\r\n(?=[ \t])", b"", b"".join(mail[: mail.index(b"\r\n")]))
        named = dict(line.split(b": ", 1) for line in header.rstrip().split(b"\r\n"))
        assert {name.decode() for name in named} <= FIELDS
        return {name.decode(): value.decode("ascii") for name, value in named.items()}


@pytest.fixture
def posted(
    alice: User, signed_in: Any, loopback_allowed: None, monkeypatch: pytest.MonkeyPatch
) -> Any:
    for task in ("sync_account", "replay_changes"):
        monkeypatch.setattr(f"mailsync.tasks.{task}.delay_on_commit", lambda *_: None)
    monkeypatch.setattr("mailsync.tasks.send_submission.apply_async", lambda *_, **__: None)
    with ScriptedServer(take) as running:
        server = Server("127.0.0.1", running.port, Security.PLAIN, alice.email, PASSWORD)
        account = connect_account(alice, address=alice.email, incoming=server, outgoing=server)
        yield Posted(signed_in.as_(alice), account, running)


@pytest.mark.parametrize("text", INJECTIONS.values(), ids=INJECTIONS)
def test_in_the_subject(posted, text):
    posted.send_and_check(subject=text)


@pytest.mark.parametrize("text", INJECTIONS.values(), ids=INJECTIONS)
def test_in_the_name_of_the_sender(posted, text):
    MailAccount.objects.update(sender_name=storable(text)[:150])
    assert posted.send() == 200
    posted.check()


@pytest.mark.parametrize("text", INJECTIONS.values(), ids=INJECTIONS)
def test_in_the_name_of_a_recipient(posted, text):
    """Taken as a name, or refused in words; never a second recipient."""
    quoted = text.replace('"', "")
    posted.send_and_check(to=f'"{quoted}" <ada@acme.example>')


@pytest.mark.parametrize("text", INJECTIONS.values(), ids=INJECTIONS)
def test_in_an_address(posted, text):
    assert posted.send(to=f"<{text}@acme.example>") in REFUSED
    assert b"eve@evil.example" not in b"".join(
        line for line in posted.server.said if line.startswith((b"RCPT", b"MAIL"))
    )


@pytest.mark.parametrize("text", INJECTIONS.values(), ids=INJECTIONS)
def test_in_the_text(posted, text):
    posted.send_and_check(content=f"<p>{text}</p>")


@pytest.mark.parametrize("text", INJECTIONS.values(), ids=INJECTIONS)
def test_in_the_header_of_the_mail_that_is_answered(posted, text):
    thread = make_thread(posted.account)
    email = thread.emails.get()
    raw = (
        f"From: {text} <ada@acme.example>\r\nTo: alice@northwind.example\r\nSubject: {text}\r\n"
        f"Reply-To: {text} <ada@acme.example>\r\nMessage-ID: <{text}@acme.example>\r\n"
        f"References: <{text}> <x@y.example>\r\nIn-Reply-To: {text}\r\n\r\nThanks.\r\n"
    )
    email.blob = blobs.store(posted.account.pk, raw.encode())
    email.subject = storable(text)[:300]
    email.save()
    # The subject as the window offers it.
    offered = answering.answer_to(email, kind=DraftKind.REPLY, by=posted.account.owner).subject
    assert posted.send(kind="reply", parent=email.key, subject=offered) == 200
    posted.check()


@pytest.mark.parametrize("text", INJECTIONS.values(), ids=INJECTIONS)
def test_in_the_name_and_type_of_a_file(posted, text, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    file = SimpleUploadedFile("a.txt", b"content", content_type="text/plain")
    answer = posted.client.post(
        "/mail/compose/",
        {"account": posted.account.key, "subject": "x"},
        HTTP_ACCEPT="application/json",
    )
    draft = answer.json()
    posted.client.post(f"/mail/drafts/{draft['draft']}/files/", {"file": file})
    DraftFile.objects.update(name=storable(text)[:255], content_type=storable(text)[:120])
    assert posted.send(draft=draft["draft"], version=draft["version"]) == 200
    posted.check()


PLACES = {
    "label": ("/settings/labels/", ("name",), {"hue": "200"}),
    "template": ("/settings/email/templates/new/", ("name", "folder", "subject", "html"), {}),
    "signature": ("/settings/email/signatures/new/", ("name", "html"), {}),
    "view": ("/mail/views/", ("name", "query"), {"box": "inbox"}),
    "account": ("/settings/email/{key}/", ("sender_name",), {"default_visibility": "private"}),
    "roles": ("/settings/email/{key}/roles/", ("sent", "drafts", "trash", "archive", "spam"), {}),
}


@pytest.mark.parametrize("text", INJECTIONS.values(), ids=INJECTIONS)
def test_in_names_and_in_what_is_searched_for(posted, text):
    """Taken or refused, never an error, and no server hears of it."""
    for url, names, rest in PLACES.values():
        address = url.format(key=posted.account.key)
        answer = posted.client.post(address, {**dict.fromkeys(names, text), **rest})
        assert answer.status_code in (200, 302, 303, 422), address
    for url in ("/mail/search/", "/mail/recipients/", "/mail/inbox/", "/settings/email/templates/"):
        assert posted.client.get(url, {"q": text, "label": text}).status_code < 500
    assert posted.server.said == []
