"""Drafts in the Drafts mailbox of a server in memory; another mail program is the test."""

import email as stdlib_email
from collections.abc import Iterator
from datetime import timedelta
from email import policy
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from inbox.domain import answering, compose, draft_exchange, draft_files, drafts
from inbox.enums import DraftKind
from inbox.models import Draft, DraftCopy, Signature
from mailsync.domain import sync
from mailsync.enums import AccountScope, Outcome
from mailsync.models import Email, MailAccount, MailboxEntry
from mailsync.providers.base import Keyword, ProviderError, Reaction
from tests.factories.mail import make_account
from tests.fakes.store import BARE, FULL, FakeServer, FakeStore
from users.models import User

DRAFT = Keyword.DRAFT | Keyword.SEEN


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


@pytest.fixture
def account(
    alice: User, server: FakeServer, settings: Any, tmp_path: Any, monkeypatch: Any, clock: Any
) -> MailAccount:
    settings.BLOB_DIR = tmp_path / "blobs"
    settings.MEDIA_ROOT = tmp_path / "media"
    monkeypatch.setattr("mailsync.domain.connections.open_store", lambda _: server.open_store())
    found = make_account(alice)
    sync_all(found)
    return found


def sync_all(account: MailAccount) -> None:
    while sync.sync_account(account.pk).has_more:
        pass


def later(clock: Any, **pause: float) -> None:
    clock.shift(timedelta(**pause))


def new_draft(user: User, **changes: Any) -> Draft:
    draft = drafts.start_new(by=user, start=drafts.Start(to=(("Ada", "ada@acme.example"),)))
    return drafts.save(draft, version=1, **{"subject": "Offer", "html": "<p>Hi</p>", **changes})


def keep(account: MailAccount, clock: Any) -> None:
    later(clock, seconds=30)
    draft_exchange.exchange_now(account.pk)


def there(server: FakeServer) -> list[Any]:
    """What another mail program shows in Drafts."""
    return [
        stdlib_email.message_from_bytes(one.raw, policy=policy.default)
        for one in server.mailboxes["Drafts"].messages.values()
    ]


def rewrite(server: FakeServer, *, subject: str, text: str = "Changed there") -> None:
    """What a mail program does with a draft: a new message under the same Message-ID."""
    (uid,) = server.mailboxes["Drafts"].messages
    before = there(server)[0]
    raw = (
        f"Message-ID: {before['Message-ID']}\r\nFrom: alice@northwind.example\r\n"
        f"To: Ada <ada@acme.example>\r\nSubject: {subject}\r\n\r\n{text}\r\n"
    )
    server.deliver(raw.encode(), mailbox="Drafts", keywords=DRAFT)
    server.expunge("Drafts", uid)


def test_a_saved_draft_is_in_the_mailbox_once_and_follows(account, alice, server, clock):
    draft = new_draft(alice, bcc=[["", "boss@northwind.example"], ["", "half"]])
    draft_exchange.exchange_now(account.pk)
    assert there(server) == []  # somebody may still be typing

    keep(account, clock)
    (message,) = there(server)
    assert (message["Subject"], message["To"]) == ("Offer", "Ada <ada@acme.example>")
    assert message["Bcc"] == "boss@northwind.example"
    assert next(iter(server.mailboxes["Drafts"].messages.values())).keywords == DRAFT

    drafts.save(draft, version=draft.version, subject="Better offer", html="{{person.name}}")
    keep(account, clock)
    (second,) = there(server)
    assert (second["Subject"], second["Message-ID"]) == ("Better offer", message["Message-ID"])
    assert "{{person.name}}" in second.get_body(("html",)).get_content()

    keep(account, clock)
    assert server.calls.count("append") == 2
    assert DraftCopy.objects.get().due_at is None


def test_the_copy_is_the_whole_mail_and_comes_back_untouched(account, alice, server, clock):
    signature = Signature.objects.create(owner=alice, name="S", html="<p>Alice K.</p>")
    draft = new_draft(alice, signature=signature)
    draft_files.add_file(draft, name="a.pdf", content_type="application/pdf", content=b"%PDF")
    keep(account, clock)
    (message,) = there(server)
    assert "Alice K." in message.get_body(("html",)).get_content()
    assert [part.get_filename() for part in message.iter_attachments()] == ["a.pdf"]
    sync_all(account)
    draft.refresh_from_db()
    assert (draft.signature, draft.html, Draft.objects.count()) == (signature, "<p>Hi</p>", 1)


def test_files_alone_change_the_copy(account, alice, server, clock):
    draft = new_draft(alice)
    keep(account, clock)
    file = draft_files.add_file(draft, name="a.txt", content_type="text/plain", content=b"a")
    keep(account, clock)
    assert [p.get_filename() for p in there(server)[0].iter_attachments()] == ["a.txt"]
    draft_files.remove_file(file)
    keep(account, clock)
    assert list(there(server)[0].iter_attachments()) == []


@pytest.mark.parametrize("end", ["discard", "send", "delete", "other account"])
def test_what_is_no_draft_any_more_is_none_there(account, alice, server, clock, end):
    draft = new_draft(alice)
    keep(account, clock)
    assert len(there(server)) == 1
    if end == "discard":
        drafts.discard(draft)
    elif end == "send":
        compose.send(draft, by=alice, version=draft.version)
    elif end == "delete":
        drafts.delete(draft)
    else:
        other = make_account(alice, "other@northwind.example")
        drafts.save(draft, version=draft.version, account=other)
        later(clock, minutes=1)
    draft_exchange.exchange_now(account.pk)
    assert there(server) == []
    assert not DraftCopy.objects.filter(account=account).exists()


def test_a_draft_brought_back_is_there_again(account, alice, server, clock):
    draft = new_draft(alice)
    keep(account, clock)
    drafts.discard(draft)
    draft_exchange.exchange_now(account.pk)
    drafts.bring_back(draft)
    keep(account, clock)
    assert [message["Subject"] for message in there(server)] == ["Offer"]


def test_an_edit_made_there_comes_back_as_a_version(account, alice, server, clock):
    draft = new_draft(alice)
    draft_files.add_file(draft, name="a.txt", content_type="text/plain", content=b"a")
    keep(account, clock)
    rewrite(server, subject="From the phone")
    sync_all(account)
    stale = draft.version
    draft.refresh_from_db()
    assert (draft.subject, draft.version) == ("From the phone", stale + 1)
    assert "Changed there" in draft.html
    assert not draft.includes_quote
    assert not draft.files.exists()
    # A window that was open here is told and overwrites nothing.
    with pytest.raises(drafts.DraftConflictError):
        drafts.save(draft, version=stale, subject="Mine")
    # And the other way round again.
    drafts.save(draft, version=draft.version, subject="Once more here")
    keep(account, clock)
    assert [message["Subject"] for message in there(server)] == ["Once more here"]
    assert Draft.objects.count() == 1


def test_changed_here_and_there_both_stand(account, alice, server, clock):
    draft = new_draft(alice)
    keep(account, clock)
    draft = drafts.save(draft, version=draft.version, subject="Here")
    rewrite(server, subject="There")
    sync_all(account)
    keep(account, clock)
    assert set(Draft.objects.values_list("subject", flat=True)) == {"Here", "There"}
    mine, theirs = Draft.objects.get(subject="Here"), Draft.objects.get(subject="There")
    assert (mine.other_version, theirs.other_version) == (theirs, mine)
    messages = there(server)
    assert {one["Subject"] for one in messages} == {"Here", "There"}
    assert len({one["Message-ID"] for one in messages}) == 2


def test_a_draft_begun_elsewhere_is_among_the_drafts_and_no_mail(account, alice, server, clock):
    server.deliver(
        b"From: alice@northwind.example\r\nTo: grace@navy.example\r\nSubject: Begun there\r\n"
        b'Message-ID: <x1@phone>\r\nContent-Type: multipart/related; boundary="r"\r\n\r\n'
        b'--r\r\nContent-Type: text/html\r\n\r\n<p>Hello</p><img src="cid:pic@x">\r\n'
        b"--r\r\nContent-Type: image/png\r\nContent-ID: <pic@x>\r\nContent-Disposition: inline\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--r--\r\n",
        mailbox="Drafts",
        keywords=DRAFT,
    )
    sync_all(account)
    sync_all(account)
    draft = Draft.objects.usable_by(alice).get()
    assert (draft.subject, draft.to) == ("Begun there", [["", "grace@navy.example"]])
    assert [file.content_id for file in draft.files.all()] == ["pic@x"]
    assert not Email.objects.exists()
    assert MailboxEntry.objects.get().outcome == Outcome.DRAFT
    drafts.save(draft, version=draft.version, subject="Gone on here")
    keep(account, clock)
    (message,) = there(server)
    assert (message["Subject"], message["Message-ID"]) == ("Gone on here", "<x1@phone>")


def test_an_answer_begun_elsewhere_knows_what_it_answers(account, alice, server, clock):
    server.deliver(b"From: ada@acme.example\r\nSubject: Renewal\r\nMessage-ID: <p@acme>\r\n\r\nHi")
    server.deliver(
        b"From: alice@northwind.example\r\nTo: ada@acme.example\r\nSubject: Re: Renewal\r\n"
        b"In-Reply-To: <p@acme>\r\nMessage-ID: <a@phone>\r\n\r\nYes",
        mailbox="Drafts",
    )
    sync_all(account)
    sync_all(account)
    draft = Draft.objects.get()
    assert (draft.kind, draft.parent) == (DraftKind.REPLY, Email.objects.get())


def test_thrown_away_there_is_thrown_away_here_after_a_second_look(account, alice, server, clock):
    draft = new_draft(alice)
    keep(account, clock)
    server.expunge("Drafts", next(iter(server.mailboxes["Drafts"].messages)))
    sync_all(account)
    assert Draft.objects.standing().exists()
    later(clock, minutes=3)
    draft_exchange.exchange_now(account.pk)
    assert not Draft.objects.standing().exists()
    drafts.bring_back(draft)
    assert Draft.objects.standing().exists()


def test_what_is_written_here_outlives_its_end_there(account, alice, server, clock):
    draft = new_draft(alice)
    keep(account, clock)
    draft = drafts.save(draft, version=draft.version, subject="Newer")
    server.expunge("Drafts", next(iter(server.mailboxes["Drafts"].messages)))
    sync_all(account)
    keep(account, clock)
    assert [message["Subject"] for message in there(server)] == ["Newer"]
    assert Draft.objects.standing().get().subject == "Newer"


def test_a_mailbox_numbered_anew_changes_nothing(account, alice, server, clock):
    draft = new_draft(alice)
    keep(account, clock)
    server.deliver(b"Subject: Other\r\n\r\nx", mailbox="Drafts")
    sync_all(account)
    versions = dict(Draft.objects.values_list("pk", "version"))
    server.bump_uidvalidity("Drafts")
    sync_all(account)
    later(clock, minutes=5)
    draft_exchange.exchange_now(account.pk)
    assert dict(Draft.objects.standing().values_list("pk", "version")) == versions
    drafts.save(draft, version=draft.version, subject="After")
    keep(account, clock)
    assert {one["Subject"] for one in there(server)} == {"After", "Other"}


@pytest.mark.parametrize("capabilities", [FULL, FULL - {"CONDSTORE", "QRESYNC"}])
def test_cut_off_at_every_step_there_is_one_copy_in_the_end(
    alice, account, server, clock, capabilities
):
    server.capabilities = capabilities
    draft = new_draft(alice)
    keep(account, clock)
    began = server.steps
    draft = drafts.save(draft, version=draft.version, subject="Second")
    keep(account, clock)
    steps = server.steps - began
    for step in range(1, steps + 1):
        draft = drafts.save(draft, version=draft.version, subject=f"Cut at {step}")
        later(clock, seconds=30)
        server.fail_at(step, SystemExit())
        with pytest.raises(SystemExit):
            draft_exchange.exchange_now(account.pk)
        MailAccount.objects.update(lease_until=None, lease_owner="")
        later(clock, minutes=15)
        draft_exchange.exchange_now(account.pk)
        draft_exchange.exchange_now(account.pk)
        draft.refresh_from_db()
        assert [one["Subject"] for one in there(server)] == [f"Cut at {step}"]
        assert (draft.subject, Draft.objects.count()) == (f"Cut at {step}", 1)


def test_cut_off_after_the_server_had_it_nothing_is_stored_again(
    account, alice, server, clock, monkeypatch
):
    new_draft(alice)
    later(clock, seconds=30)
    append = server.open_store().append.__func__

    def store_and_die(self: Any, *args: Any, **kwargs: Any) -> Any:
        append(self, *args, **kwargs)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("tests.fakes.store.FakeStore.append", store_and_die)
        with pytest.raises(SystemExit):
            draft_exchange.exchange_now(account.pk)
    MailAccount.objects.update(lease_until=None, lease_owner="")
    before = server.calls.count("append")
    keep(account, clock)
    assert server.calls.count("append") == before
    copy = DraftCopy.objects.get()
    assert (len(there(server)), copy.version, copy.due_at) == (1, copy.draft.version, None)


def test_a_refusal_waits_and_holds_up_nobody(account, alice, server, clock, monkeypatch):
    first, second = new_draft(alice), new_draft(alice, subject="Small")
    append = server.open_store().append.__func__

    def refuse_first(self: Any, path: str, raw: bytes, **kwargs: Any) -> Any:
        if b"Subject: Offer" in raw:
            raise ProviderError("mailbox_full", Reaction.REFUSED)
        return append(self, path, raw, **kwargs)

    monkeypatch.setattr("tests.fakes.store.FakeStore.append", refuse_first)
    keep(account, clock)
    assert [one["Subject"] for one in there(server)] == ["Small"]
    assert DraftCopy.objects.get(draft=first).error_code == "mailbox_full"
    assert DraftCopy.objects.get(draft=second).error_code == ""
    assert Draft.objects.standing().count() == 2


@pytest.mark.parametrize("why", ["opted out", "no UIDPLUS", "no Drafts"])
def test_some_mailboxes_are_left_alone(account, alice, server, clock, why):
    if why == "opted out":
        MailAccount.objects.update(keeps_drafts=False)
    elif why == "no UIDPLUS":
        server.capabilities = BARE
    else:
        account.mailboxes.filter(role="drafts").update(role="")
    account.refresh_from_db()
    new_draft(alice)
    server.deliver(b"Subject: Theirs\r\n\r\nx", mailbox="Drafts")
    sync_all(account)
    keep(account, clock)
    assert len(there(server)) == 1
    assert Draft.objects.count() == 1


def test_a_teams_draft_begun_elsewhere_is_the_teams(
    account, alice, bob, dana, carol, server, clock
):
    MailAccount.objects.update(scope=AccountScope.TEAM, owner=dana)
    account.refresh_from_db()
    account.members.add(alice, bob)
    server.deliver(b"Subject: For all\r\n\r\nx", mailbox="Drafts")
    sync_all(account)
    for member in (alice, bob):
        assert Draft.objects.usable_by(member).get().subject == "For all"
    for outsider in (carol, dana):
        assert not Draft.objects.usable_by(outsider).exists()


def test_an_unfinished_answer_is_kept_while_its_parent_is_still_fetched(
    account, alice, server, clock
):
    server.deliver(b"From: ada@acme.example\r\nSubject: Plan\r\nMessage-ID: <p@acme>\r\n\r\nHi")
    sync_all(account)
    answer = answering.start_answer(Email.objects.get(), kind=DraftKind.REPLY, by=alice)
    drafts.save(answer, version=1, html="<p>Yes</p>")
    keep(account, clock)
    assert there(server)[0]["In-Reply-To"] == "<p@acme>"
    Email.objects.update(blob=None)
    answer.refresh_from_db()
    drafts.save(answer, version=answer.version, html="<p>Yes, fine</p>")
    keep(account, clock)
    (message,) = there(server)
    assert message["In-Reply-To"] is None
    assert "Yes, fine" in message.get_body(("html",)).get_content()


def test_a_draft_that_breaks_us_does_not_hold_up_the_mail(
    account, alice, server, clock, monkeypatch, caplog
):
    def broken(raw: bytes) -> Any:
        raise ValueError("odd")

    monkeypatch.setattr("inbox.domain.draft_mail.read", broken)
    server.deliver(b"Subject: Odd\r\n\r\nx", mailbox="Drafts")
    server.deliver(b"From: ada@acme.example\r\nSubject: Plan\r\nMessage-ID: <p@a>\r\n\r\nHi")
    sync_all(account)
    account.refresh_from_db()
    assert account.error_code == ""
    assert Email.objects.get().subject == "Plan"
    assert "drafts were not exchanged" in caplog.text


def test_what_is_typed_here_while_the_other_version_comes_in_is_not_lost(
    account, alice, server, clock, monkeypatch
):
    draft = new_draft(alice)
    keep(account, clock)
    rewrite(server, subject="Changed there")
    content = FakeStore.content

    def typed_first(store: FakeStore, uids: Any) -> Any:
        found = list(content(store, uids))
        row = Draft.objects.get(pk=draft.pk)
        if row.subject == "Offer":
            drafts.save(row, version=row.version, subject="Typed here")
        yield from found

    monkeypatch.setattr(FakeStore, "content", typed_first)
    keep(account, clock)
    subjects = set(Draft.objects.values_list("subject", flat=True))
    assert subjects == {"Typed here", "Changed there"}


def test_what_is_typed_here_while_its_copy_is_found_missing_is_not_thrown_away(
    account, alice, server, clock, monkeypatch
):
    draft = new_draft(alice)
    keep(account, clock)
    (uid,) = server.mailboxes["Drafts"].messages
    server.expunge("Drafts", uid)
    keep(account, clock)
    uids = FakeStore.uids

    def typed_first(store: FakeStore, **options: Any) -> list[int]:
        row = Draft.objects.get(pk=draft.pk)
        if row.subject == "Offer":
            drafts.save(row, version=row.version, subject="Typed here")
        return uids(store, **options)

    monkeypatch.setattr(FakeStore, "uids", typed_first)
    later(clock, minutes=3)
    draft_exchange.exchange_now(account.pk)
    draft.refresh_from_db()
    assert (draft.subject, draft.discarded_at) == ("Typed here", None)
    keep(account, clock)
    (message,) = there(server)
    assert message["Subject"] == "Typed here"


def test_a_draft_that_is_written_after_its_copy_was_first_missed_is_stored_again(
    account, alice, server, clock
):
    draft = new_draft(alice)
    keep(account, clock)
    (uid,) = server.mailboxes["Drafts"].messages
    server.expunge("Drafts", uid)
    keep(account, clock)
    drafts.save(draft, version=draft.version, subject="Typed here")
    later(clock, minutes=3)
    keep(account, clock)
    (message,) = there(server)
    assert message["Subject"] == "Typed here"
