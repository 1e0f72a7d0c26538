"""What people do with conversations, and what becomes of it in the mailbox."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from mailsync.domain import mirror, sync
from mailsync.enums import ChangeState, Place
from mailsync.models import Email, MailAccount, MailboxEntry, RemoteChange, Thread
from mailsync.providers.base import Keyword, ProviderError, Reaction
from tests.factories.mail import make_thread
from tests.factories.messages import message
from tests.fakes.store import FakeStore
from tests.mailsync.domain.test_sync import fill

pytestmark = pytest.mark.django_db


def test_read_here_is_read_there(account, server, run, alice):
    uids = fill(server, 3)
    run(account)
    act = mirror.mark_read(Thread.objects.all(), by=alice)
    assert len(act.thread_ids) == 3
    assert not Thread.objects.filter(unread_count__gt=0).exists()
    run(account)
    marks = [server.mailboxes["INBOX"].messages[uid].keywords for uid in uids]
    assert marks == [Keyword.SEEN] * 3
    assert set(RemoteChange.objects.values_list("state", flat=True)) == {ChangeState.DONE}
    assert mirror.mark_read(Thread.objects.all(), by=alice).thread_ids == ()


def test_archive_stays_here_without_the_opt_in(account, server, run, alice):
    fill(server, 1)
    run(account)
    mirror.archive_threads(Thread.objects.all(), by=alice)
    run(account)
    assert Thread.objects.get().in_archive
    assert len(server.mailboxes["INBOX"].messages) == 1
    server.deliver(
        message(1, to="alice@northwind.example", answers=0),
        received_at=timezone.now() + timedelta(minutes=1),
    )
    run(account)
    assert Thread.objects.get().in_inbox


def test_archive_is_mirrored_and_taken_back(account, server, run, alice):
    account.mirror_archive = True
    account.save()
    fill(server, 2)
    run(account)
    act = mirror.archive_threads(Thread.objects.all(), by=alice)
    run(account)
    assert not server.mailboxes["INBOX"].messages
    assert len(server.mailboxes["Archive"].messages) == 2
    assert Email.objects.count() == 2
    mirror.perform(act.inverse, Thread.objects.filter(pk__in=act.thread_ids), by=alice)
    run(account)
    assert len(server.mailboxes["INBOX"].messages) == 2
    assert not server.mailboxes["Archive"].messages
    assert all(Thread.objects.values_list("in_inbox", flat=True))
    assert Email.objects.count() == 2


def test_trash_is_mirrored_and_purged_after_thirty_days(account, server, run, alice):
    from mailsync.domain.removal import purge_trash

    account.mirror_delete = True
    account.save()
    fill(server, 1)
    run(account)
    mirror.trash_threads(Thread.objects.all(), by=alice)
    run(account)
    assert len(server.mailboxes["Trash"].messages) == 1
    assert Thread.objects.get().in_trash
    assert purge_trash() == 0
    Thread.objects.update(trashed_at=timezone.now() - timedelta(days=31))
    assert purge_trash() == 1
    assert not Email.objects.exists()
    assert not Thread.objects.exists()
    run(account)
    assert not Email.objects.exists()


def test_what_leaves_the_trash_at_the_last_moment_is_kept(account, monkeypatch):
    from mailsync.domain import removal

    thread = make_thread(account, in_inbox=False, in_trash=True)
    Thread.objects.update(trashed_at=timezone.now() - timedelta(days=31))
    begin = transaction.atomic

    def taken_out_first(*args, **options):
        Thread.objects.update(in_trash=False, in_inbox=True, trashed_at=None)
        return begin(*args, **options)

    monkeypatch.setattr(removal.transaction, "atomic", taken_out_first)
    assert removal.purge_trash() == 0
    monkeypatch.undo()
    assert thread.emails.exists()


def test_local_mark_wins_over_the_server_until_it_is_carried_out(account, server, run, alice):
    uids = fill(server, 1)
    run(account)
    mirror.mark_read(Thread.objects.all(), by=alice)
    server.mark("INBOX", uids[0], add=Keyword.FLAGGED)
    run(account)
    assert server.mailboxes["INBOX"].messages[uids[0]].keywords == Keyword.SEEN | Keyword.FLAGGED
    assert Email.objects.get().keywords == 3


def test_a_wish_outlasts_a_night_without_the_server(account, server, run, alice, monkeypatch):
    """Tried again after longer and longer pauses; given up it is taken back here too."""
    account.mirror_archive = True
    account.save()
    fill(server, 1)
    run(account)
    thread = Thread.objects.get()
    mirror.archive_threads([thread], by=alice)

    def cut(*_: object) -> None:
        raise ProviderError("connection_lost", Reaction.LATER)

    monkeypatch.setattr(FakeStore, "move", cut)
    waited = timedelta()
    while RemoteChange.objects.get().state != ChangeState.FAILED:
        RemoteChange.objects.update(next_try_at=None)
        MailAccount.objects.filter(pk=account.pk).update(lease_until=None)
        sync.sync_account(account.pk)
        change = RemoteChange.objects.get()
        if change.state == ChangeState.RUNNING:
            waited += change.next_try_at - timezone.now()
            thread.refresh_from_db()
            assert not thread.in_inbox
    assert timedelta(hours=12) < waited < timedelta(hours=24)
    assert MailboxEntry.objects.get().places == Place.INBOX


def test_remote_deletion_beats_a_local_mark(account, server, run, alice):
    uids = fill(server, 1)
    run(account)
    mirror.mark_read(Thread.objects.all(), by=alice)
    server.expunge("INBOX", uids[0])
    run(account)
    assert MailboxEntry.objects.get().gone_at is not None
    run(account)
    assert not RemoteChange.objects.filter(state=ChangeState.PENDING).exists()
