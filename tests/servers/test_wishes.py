"""Wishes on a real Dovecot whose line is cut while one of them is carried out."""

import socket
from collections.abc import Iterable
from typing import Any

import pytest

from mailsync.domain import mirror, replay
from mailsync.domain.connections import connected as open_connection
from mailsync.domain.sync import sync_account
from mailsync.enums import ChangeState
from mailsync.models import Email, MailAccount, MailboxEntry, RemoteChange, Thread
from mailsync.providers.imap import IMAPStore
from tests.factories.messages import message
from tests.servers.dovecot import Dovecot, is_installed
from tests.servers.test_sync import connected, mailbox_user, own_blobs, run

__all__ = ["connected", "mailbox_user", "own_blobs"]

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not is_installed(), reason="Dovecot is not installed"),
]


@pytest.mark.parametrize("is_done_there", [False, True])
def test_the_mail_that_cuts_the_line_holds_back_no_other(
    dovecot: Dovecot,
    connected: MailAccount,
    mailbox_user: str,
    monkeypatch: pytest.MonkeyPatch,
    is_done_there: bool,
) -> None:
    alice = connected.owner
    for number in range(5):
        dovecot.deliver(mailbox_user, message(number, to=mailbox_user))
    dovecot.deliver(mailbox_user, message(9, to=mailbox_user), mailbox="Archive")
    run(connected)
    connected.mirror_archive = True
    connected.save()
    inbox = connected.mailboxes.get(path="INBOX")
    bad = Email.objects.get(message_id="mail2@acme.example")
    bad_uid = MailboxEntry.objects.get(email=bad).uid
    move, is_bad = IMAPStore.move, [True]

    def cutting(store: IMAPStore, uids: Iterable[int], target: str) -> Any:
        wanted = list(uids)
        if is_bad[0] and bad_uid in wanted:
            if is_done_there:
                move(store, wanted, target)
            store._wire.stream.connection.shutdown(socket.SHUT_RDWR)
        return move(store, wanted, target)

    monkeypatch.setattr(IMAPStore, "move", cutting)
    last = Thread.objects.get(emails__message_id="mail4@acme.example")
    mirror.archive_threads(Thread.objects.filter(in_inbox=True).exclude(pk=last.pk), by=alice)
    mirror.mark_read([last, bad.thread], by=alice)
    for _ in range(6):
        RemoteChange.objects.exclude(email=bad, attempts__gt=1).update(next_try_at=None)
        sync_account(connected.pk)
    waiting = RemoteChange.objects.filter(state__in=replay.WAITING)
    assert set(waiting.values_list("email", flat=True)) <= {bad.pk}
    assert waiting.count() == (0 if is_done_there else 2)
    assert MailboxEntry.objects.get(email__thread=last, gone_at=None).keywords & 1

    is_bad[0] = False
    RemoteChange.objects.update(next_try_at=None)
    sync_account(connected.pk)
    run(connected)
    assert not waiting.all().exists()
    assert not RemoteChange.objects.filter(state=ChangeState.FAILED).exists()
    archive = connected.mailboxes.get(path="Archive")
    live = MailboxEntry.objects.filter(gone_at=None)
    assert live.filter(mailbox=archive).count() == 5
    assert live.get(mailbox=inbox).email.thread == last
    assert live.get(email=bad).keywords & 1
    with open_connection(connected) as store:
        store.open("Archive")
        marks = {one.uid: one.keywords for one in store.keywords(1)}
        assert marks[live.get(email=bad).uid] & 1
