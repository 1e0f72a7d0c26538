"""What folders are for: what nobody knows is asked, and the user's word stands."""

import pytest

from mailsync.domain import folder_roles
from mailsync.enums import MailboxRole, Place
from mailsync.models import Email, Mailbox, MailboxEntry, Thread
from tests.factories.messages import message
from tests.fakes.store import GMAIL

pytestmark = pytest.mark.django_db
ALIAS = "Alice <alice.author@old.example>"


@pytest.fixture
def nameless(account, server, run):
    """A server that calls its folder of sent mail as no list of names does, with a mail in it."""
    server.remove("Sent")
    server.create("Wichtiges")
    server.deliver(message(1, sender=ALIAS, to="ada@acme.example"), mailbox="Wichtiges")
    server.deliver(message(2, to=account.address))
    run(account)
    return account


def mailbox(account, path) -> Mailbox:
    return account.mailboxes.get(path=path)


def test_what_nobody_knows_is_asked_where_something_depends_on_it(nameless):
    account = nameless
    assert folder_roles.open_questions([account]) == {account.pk: [MailboxRole.SENT]}
    account.mailboxes.filter(role__in=(MailboxRole.TRASH, MailboxRole.ARCHIVE)).update(role="")
    assert folder_roles.open_questions([account]) == {account.pk: [MailboxRole.SENT]}
    account.mirror_delete = account.mirror_archive = True
    assert folder_roles.open_questions([account]) == {
        account.pk: [MailboxRole.SENT, MailboxRole.ARCHIVE, MailboxRole.TRASH]
    }
    account.capabilities = sorted(GMAIL)
    assert folder_roles.open_questions([account]) == {}


def test_nothing_is_asked_before_the_folders_are_read(account):
    assert folder_roles.open_questions([account]) == {}


def test_answer_makes_the_mail_there_ones_own(nameless, run):
    account = nameless
    mail = Email.objects.get(from_address="alice.author@old.example")
    assert not mail.is_outgoing
    assert not mail.thread.in_sent
    folder_roles.choose_roles(account, {MailboxRole.SENT: mailbox(account, "Wichtiges")})
    run(account)
    mail.refresh_from_db()
    thread = Thread.objects.get(pk=mail.thread_id)
    assert (mail.is_outgoing, thread.in_sent, thread.in_archive) == (True, True, False)
    assert MailboxEntry.objects.get(email=mail).places == Place.SENT
    assert folder_roles.open_questions([account]) == {}


def test_users_word_outlives_the_servers(nameless, server, run):
    account = nameless
    run(account)
    server.create("Gesendet", role=MailboxRole.SENT)
    account.quirks["listed_at"] = 0
    account.save(update_fields=["quirks"])
    run(account)
    assert mailbox(account, "Gesendet").role == MailboxRole.SENT
    folder_roles.choose_roles(account, {MailboxRole.SENT: mailbox(account, "Wichtiges")})
    account.refresh_from_db()
    account.quirks["listed_at"] = 0
    account.save(update_fields=["quirks"])
    run(account)
    assert mailbox(account, "Wichtiges").role == MailboxRole.SENT
    assert mailbox(account, "Gesendet").role == MailboxRole.NONE


def test_taken_back_the_mail_is_not_ones_own_any_more(nameless, run):
    account = nameless
    folder_roles.choose_roles(account, {MailboxRole.SENT: mailbox(account, "Wichtiges")})
    run(account)
    folder_roles.choose_roles(account, {MailboxRole.SENT: None})
    run(account)
    mail = Email.objects.get(from_address="alice.author@old.example")
    assert (mail.is_outgoing, mail.thread.in_sent) == (False, False)
    assert folder_roles.open_questions([account]) == {}


def test_folder_of_many_mails_is_placed_bit_by_bit_and_goes_on_where_it_was_cut(
    nameless, server, run, monkeypatch
):
    account = nameless
    for number in range(10, 15):
        server.deliver(message(number, to="ada@acme.example"), mailbox="Wichtiges")
    run(account)
    folder_roles.choose_roles(account, {MailboxRole.SENT: mailbox(account, "Wichtiges")})
    monkeypatch.setattr(folder_roles, "BATCH", 2)
    follow, calls = folder_roles._follow, []

    def cut(*args, **kwargs):
        calls.append(args)
        if len(calls) == 2:
            raise SystemExit
        follow(*args, **kwargs)

    monkeypatch.setattr(folder_roles, "_follow", cut)
    with pytest.raises(SystemExit):
        run(account)
    placed = MailboxEntry.objects.filter(mailbox__path="Wichtiges", places=Place.SENT)
    assert placed.count() == 2
    run(account)
    assert placed.count() == 6
    assert mailbox(account, "Wichtiges").placed_as == MailboxRole.SENT
    calls.clear()
    run(account)
    assert calls == []
