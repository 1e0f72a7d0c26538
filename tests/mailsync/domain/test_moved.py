"""What is moved in the mailbox after a conversation was placed here is the newer word."""

from datetime import timedelta

import pytest
from django.utils import timezone

from mailsync.domain import mirror
from mailsync.enums import MailboxRole
from mailsync.models import Email, MailboxEntry, Thread
from tests.factories.messages import message
from tests.fakes.store import BARE, MICROSOFT

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["all", "microsoft", "bare"])
def server(request, server):
    server.capabilities = {"all": server.capabilities, "microsoft": MICROSOFT, "bare": BARE}[
        request.param
    ]
    return server


@pytest.fixture
def thread(account, server, run):
    server.deliver(message(1, to="alice@northwind.example"))
    run(account)
    return Thread.objects.get()


def in_inbox(thread):
    thread.refresh_from_db()
    return thread.in_inbox


def test_archived_there_after_it_was_put_into_the_inbox_here(account, server, run, alice, thread):
    server.relocate("INBOX", 1, "Archive")
    run(account)
    assert not in_inbox(thread)
    mirror.unarchive_threads([thread], by=alice)
    run(account)
    assert in_inbox(thread)  # here alone: archiving is not mirrored
    (uid,) = server.mailboxes["Archive"].messages
    back = server.relocate("Archive", uid, "INBOX")
    run(account)
    assert in_inbox(thread)
    server.relocate("INBOX", back, "Archive")
    run(account)
    assert not in_inbox(thread)


def test_put_into_the_inbox_there_after_it_was_archived_here(account, server, run, alice, thread):
    mirror.archive_threads([thread], by=alice)
    run(account)
    assert not in_inbox(thread)
    elsewhere = server.relocate("INBOX", 1, "Archive")
    run(account)
    assert not in_inbox(thread)
    server.relocate("Archive", elsewhere, "INBOX")
    run(account)
    assert in_inbox(thread)
    assert Email.objects.count() == 1


def test_what_was_archived_here_alone_stays_so_when_the_inbox_is_numbered_anew(
    account, server, run, alice, thread
):
    mirror.archive_threads([thread], by=alice)
    server.bump_uidvalidity("INBOX")
    run(account)
    assert not in_inbox(thread)
    assert Email.objects.count() == 1


# Nothing is moved by us on a server that has neither MOVE nor UIDPLUS.
@pytest.mark.parametrize("server", ["all", "microsoft"], indirect=True)
def test_our_own_move_is_no_news(account, server, run, alice, thread):
    account.mirror_archive = True
    account.save()
    mirror.archive_threads([thread], by=alice)
    run(account)
    assert len(server.mailboxes["Archive"].messages) == 1
    run(account)
    assert not in_inbox(thread)
    mirror.unarchive_threads([thread], by=alice)
    run(account)
    run(account)
    assert in_inbox(thread)
    assert len(server.mailboxes["INBOX"].messages) == 1


@pytest.mark.parametrize("more", ["container", "all"])
def test_folders_that_are_never_looked_into_hold_no_deletion_up(account, server, run, more):
    if more == "container":
        server.create("Projects").is_selectable = False
    else:
        server.create("Everything", role=MailboxRole.ALL)
    uid = server.deliver(message(2, to="alice@northwind.example"))
    run(account)
    server.expunge("INBOX", uid)
    run(account)
    MailboxEntry.objects.filter(gone_at__isnull=False).update(
        gone_at=timezone.now() - timedelta(hours=1)
    )
    run(account)
    assert not Email.objects.exists()
