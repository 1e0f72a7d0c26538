"""Gmail: one stored mail for each message, whose labels say where it lies, on both sides."""

from datetime import timedelta

import pytest
from django.utils import timezone

from mailsync.domain import accounts, mirror
from mailsync.domain.filters import reconsider
from mailsync.domain.queries.diagnostics import mailbox_figures
from mailsync.domain.queries.progress import progress_of
from mailsync.enums import ChangeState, Keyword, MailboxRole, MailboxState, Outcome
from mailsync.models import Email, MailboxEntry, RemoteChange, Thread
from tests.factories.messages import message
from tests.fakes.store import GMAIL

pytestmark = pytest.mark.django_db

ALL_MAIL = "[Gmail]/All Mail"


@pytest.fixture(autouse=True)
def gmail(server):
    """Gmail's folders: All Mail has everything, INBOX and labels are views of it."""
    server.capabilities = GMAIL
    server.remove("Archive")
    server.create(ALL_MAIL, role=MailboxRole.ALL)
    server.create("[Gmail]").is_selectable = False
    server.create("Customers")
    server.create("Bills")


def arrive(server, number, *labels):
    raw = message(number, to="alice@northwind.example")
    return server.deliver(raw, mailbox=ALL_MAIL, labels=labels)


def labels_of(server, uid):
    return set(server.mailboxes[ALL_MAIL].messages[uid].labels)


def the_thread():
    return Thread.objects.get(merged_into=None)


def test_labels_changed_there_arrive_here(account, server, run):
    uid = arrive(server, 1, "\\Inbox", "Customers")
    run(account)
    assert the_thread().in_inbox
    server.label(ALL_MAIL, uid, remove=["\\Inbox"])
    run(account)
    assert (the_thread().in_inbox, the_thread().in_archive) == (False, True)
    assert MailboxEntry.objects.get().labels == ["Customers"]
    server.label(ALL_MAIL, uid, add=["\\Inbox"])
    run(account)
    assert (the_thread().in_inbox, the_thread().in_archive) == (True, False)
    assert Email.objects.count() == 1


def test_archive_takes_the_label_away_and_its_undo_puts_it_back(account, server, run, alice):
    account.mirror_archive = True
    account.save()
    uid = arrive(server, 1, "\\Inbox", "Customers")
    run(account)
    mirror.archive_threads([the_thread()], by=alice)
    run(account)
    assert labels_of(server, uid) == {"Customers"}
    assert not the_thread().in_inbox
    run(account)
    assert not the_thread().in_inbox
    mirror.unarchive_threads([the_thread()], by=alice)
    run(account)
    assert labels_of(server, uid) == {"\\Inbox", "Customers"}
    assert the_thread().in_inbox
    assert set(RemoteChange.objects.values_list("state", flat=True)) == {ChangeState.DONE}


def test_sent_mail_stays_sent_when_it_is_archived(account, server, run, alice):
    account.mirror_archive = True
    account.save()
    uid = arrive(server, 1, "\\Inbox", "\\Sent")
    run(account)
    mirror.archive_threads([the_thread()], by=alice)
    run(account)
    assert labels_of(server, uid) == {"\\Sent"}
    assert not the_thread().in_inbox
    assert MailboxEntry.objects.get().places == MailboxEntry.objects.get().places & 8


def test_archive_that_still_waits_hides_the_label(account, server, run, alice):
    account.mirror_archive = True
    account.save()
    uid = arrive(server, 1, "\\Inbox")
    run(account)
    mirror.archive_threads([the_thread()], by=alice)
    RemoteChange.objects.update(next_try_at=timezone.now() + timedelta(hours=1))
    server.label(ALL_MAIL, uid, add=["Customers"])
    run(account)
    assert not the_thread().in_inbox
    assert MailboxEntry.objects.get().labels == ["\\Inbox", "Customers"]
    RemoteChange.objects.update(next_try_at=None)
    run(account)
    assert labels_of(server, uid) == {"Customers"}


def test_deletion_goes_to_trash_and_comes_back_into_the_inbox(account, server, run, alice):
    account.mirror_delete = True
    account.save()
    arrive(server, 1, "\\Inbox")
    run(account)
    mirror.trash_threads([the_thread()], by=alice)
    run(account)
    assert len(server.mailboxes["Trash"].messages) == 1
    server.mailboxes["Trash"].messages[1].labels = ()
    mirror.untrash_threads([the_thread()], by=alice)
    run(account)
    (back,) = server.mailboxes[ALL_MAIL].messages.values()
    assert back.labels == ("\\Inbox",)
    run(account)
    assert (the_thread().in_inbox, the_thread().in_trash) == (True, False)
    assert Email.objects.count() == 1


def test_only_mail_with_a_chosen_label_comes_in(account, server, run):
    wanted = arrive(server, 1, "\\Inbox")
    also = arrive(server, 2, "Customers")
    arrive(server, 3, "Bills")
    arrive(server, 4)
    account.chosen_folders_only = True
    account.save()
    for path in ("INBOX", "Customers"):
        account.mailboxes.create(path=path, is_chosen=True)
    run(account)
    entries = MailboxEntry.objects.filter(gone_at=None)
    assert set(entries.filter(outcome=Outcome.STORED).values_list("uid", flat=True)) == {
        wanted,
        also,
    }
    assert entries.filter(outcome=Outcome.NOT_CHOSEN).count() == 2
    assert Email.objects.count() == 2
    (figures,) = [one for one in mailbox_figures(account) if one.on_server]
    assert (figures.on_server, figures.here, figures.left_out_number, figures.to_come) == (
        *(4, 2, 2),
        0,
    )


def test_a_label_chosen_later_is_fetched_and_one_given_up_removes_nothing(account, server, run):
    arrive(server, 1, "Customers")
    arrive(server, 2, "Bills")
    account.chosen_folders_only = True
    account.save()
    account.mailboxes.create(path="Customers", is_chosen=True)
    run(account)
    assert Email.objects.count() == 1
    accounts.choose_mailboxes(account, [account.mailboxes.get(path="Bills").pk])
    assert reconsider(account) == 1
    run(account)
    assert Email.objects.count() == 2


def test_a_label_put_there_brings_the_mail_in(account, server, run):
    uid = arrive(server, 1, "Bills")
    account.chosen_folders_only = True
    account.save()
    account.mailboxes.create(path="Customers", is_chosen=True)
    run(account)
    assert not Email.objects.exists()
    server.label(ALL_MAIL, uid, add=["Customers"])
    run(account)
    assert Email.objects.count() == 1


def test_first_sync_ends_although_labels_are_never_looked_into(account, server, run):
    arrive(server, 1, "\\Inbox")
    assert progress_of([account])
    run(account)
    assert account.mailboxes.filter(state=MailboxState.NEW).exists()
    assert progress_of([account]) == []


def test_mail_deleted_there_for_good_goes_here_too(account, server, run):
    uid = arrive(server, 1, "\\Inbox")
    run(account)
    server.expunge(ALL_MAIL, uid)
    run(account)
    long_ago = timezone.now() - timedelta(hours=1)
    MailboxEntry.objects.filter(gone_at__isnull=False).update(gone_at=long_ago)
    run(account)
    assert not Email.objects.exists()


def test_a_quiet_round_writes_nothing(account, server, run):
    arrive(server, 1, "\\Inbox", "Customers")
    run(account)
    run(account)
    before = list(MailboxEntry.objects.values())
    run(account)
    assert list(MailboxEntry.objects.values()) == before


def test_marks_and_labels_arrive_together(account, server, run):
    uid = arrive(server, 1, "\\Inbox")
    run(account)
    server.mark(ALL_MAIL, uid, add=Keyword.SEEN)
    server.label(ALL_MAIL, uid, remove=["\\Inbox"])
    run(account)
    assert (the_thread().unread_count, the_thread().in_inbox) == (0, False)
