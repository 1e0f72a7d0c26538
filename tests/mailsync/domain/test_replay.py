"""A wish that cannot be carried out holds back what must come after it, and nothing else."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mailsync.domain import leases, mirror, replay, sync
from mailsync.domain.fetching import Work
from mailsync.domain.filters import Choice
from mailsync.enums import ChangeState, MailboxState, Place
from mailsync.models import Email, MailAccount, MailboxEntry, RemoteChange, Thread
from mailsync.providers.base import Keyword, ProviderError, Reaction
from tests.fakes.store import FakeServer, FakeStore
from tests.mailsync.domain.test_sync import fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def archives(account: MailAccount) -> MailAccount:
    account.mirror_archive = True
    account.save()
    return account


def cut_for(monkeypatch: pytest.MonkeyPatch, is_cut: Callable[[list[int]], bool]) -> list[int]:
    """Makes the server cut the line when these UIDs are to be moved. Gives how many each time."""
    move, cuts = FakeStore.move, []

    def cutting(store: FakeStore, uids: Iterable[int], target: str) -> Any:
        wanted = list(uids)
        if is_cut(wanted):
            cuts.append(len(wanted))
            raise ProviderError("connection_lost", Reaction.LATER)
        return move(store, wanted, target)

    monkeypatch.setattr(FakeStore, "move", cutting)
    return cuts


def one_slice(account: MailAccount, *, later: timedelta = timedelta()) -> None:
    for change in RemoteChange.objects.filter(next_try_at__isnull=False):
        change.next_try_at -= later
        change.save()
    MailAccount.objects.filter(pk=account.pk).update(lease_until=None)
    sync.sync_account(account.pk)


def replayed(account: MailAccount, server: FakeServer) -> int:
    with leases.held(account.pk) as lease:
        assert lease is not None
        work = Work(account, server.open_store(), lease, Choice(account))
        return replay.replay_waiting(work)


def thread_of(uid: int) -> Thread:
    return Thread.objects.get(emails__entries__uid=uid, emails__entries__mailbox__path="INBOX")


def test_a_message_that_cuts_the_line_holds_back_no_other(
    archives, server, run, alice, monkeypatch
):
    account = archives
    uids = fill(server, 6)
    run(account)
    bad = uids[2]
    threads = {uid: thread_of(uid) for uid in uids}
    is_bad = True
    cuts = cut_for(monkeypatch, lambda wanted: is_bad and bad in wanted)
    mirror.archive_threads([threads[uid] for uid in uids[:5]], by=alice)
    mirror.mark_read([threads[bad], threads[uids[5]]], by=alice)

    one_slice(account)
    one_slice(account)
    messages = server.mailboxes["INBOX"].messages
    # What has to do with none of them was done at once.
    assert messages[uids[5]].keywords == Keyword.SEEN
    assert messages[bad].keywords == Keyword.NONE

    one_slice(account, later=replay.RETRY_AFTER)
    one_slice(account)
    assert set(messages) == {bad, uids[5]}
    assert cuts == [5, 1]
    states = RemoteChange.objects.filter(email__thread=threads[bad]).order_by("id")
    assert [change.state for change in states] == [ChangeState.RUNNING, ChangeState.PENDING]
    assert states[0].error_code == "connection_lost"

    # Once the server can, the mark comes after the move, and at the mail's new place.
    is_bad = False
    one_slice(account, later=timedelta(hours=1))
    assert set(messages) == {uids[5]}
    assert len(server.mailboxes["Archive"].messages) == 5
    marks = {one.keywords for one in server.mailboxes["Archive"].messages.values()}
    assert marks == {Keyword.NONE, Keyword.SEEN}
    assert not RemoteChange.objects.filter(state__in=replay.WAITING).exists()


@pytest.mark.parametrize("has_uidplus", [True, False])
def test_a_mark_that_waits_with_the_move_before_it_follows_the_mail(
    archives, server, run, alice, has_uidplus
):
    account = archives
    if not has_uidplus:
        server.capabilities -= {"UIDPLUS"}
    fill(server, 3)
    run(account)
    mirror.archive_threads(Thread.objects.all(), by=alice)
    mirror.mark_read(Thread.objects.all(), by=alice)
    run(account)
    marks = [one.keywords for one in server.mailboxes["Archive"].messages.values()]
    assert marks == [Keyword.SEEN] * 3
    run(account)
    assert not Thread.objects.filter(unread_count__gt=0).exists()


def test_a_way_that_is_cut_for_all_costs_few_slices_and_is_given_up_as_one(
    archives, server, run, alice, monkeypatch
):
    account = archives
    fill(server, 8)
    run(account)
    cuts = cut_for(monkeypatch, lambda wanted: True)
    mirror.archive_threads(Thread.objects.all(), by=alice)

    waited = timedelta()
    while RemoteChange.objects.filter(state__in=replay.WAITING).exists():
        due = RemoteChange.objects.filter(state__in=replay.WAITING, next_try_at__isnull=False)
        soonest = due.order_by("next_try_at").values_list("next_try_at", flat=True).first()
        pause = max(soonest - timezone.now(), timedelta()) if soonest else timedelta()
        waited += pause
        one_slice(account, later=pause + timedelta(seconds=1))
        assert len(cuts) < 40

    assert timedelta(hours=12) < waited < timedelta(hours=24)
    assert len(cuts) <= 2 * replay.TRIES
    assert set(RemoteChange.objects.values_list("state", flat=True)) == {ChangeState.FAILED}
    assert set(MailboxEntry.objects.values_list("places", flat=True)) == {Place.INBOX}


def test_a_folder_that_is_numbered_anew_holds_back_no_other_folder(archives, server, run, alice):
    account = archives
    fill(server, 2)
    fill(server, 1, mailbox="Sent", first=10)
    run(account)
    mirror.mark_read(Thread.objects.order_by("pk"), by=alice)
    account.mailboxes.filter(path="INBOX").update(state=MailboxState.RESYNC)
    first = RemoteChange.objects.order_by("id")[0]
    assert first.entry.mailbox.path == "INBOX"

    assert replayed(account, server) == 1
    assert [one.keywords for one in server.mailboxes["Sent"].messages.values()] == [Keyword.SEEN]
    assert {one.keywords for one in server.mailboxes["INBOX"].messages.values()} == {Keyword.NONE}
    run(account)
    assert not RemoteChange.objects.filter(state__in=replay.WAITING).exists()


def test_a_wish_that_is_taken_back_while_others_are_carried_out_is_not_carried_out(
    archives, server, run, alice, monkeypatch
):
    """The worker has read it already, and has not begun with it."""
    account = archives
    uids = fill(server, 2)
    run(account)
    first, second = (thread_of(uid) for uid in uids)
    mirror.mark_read([first], by=alice)
    mirror.archive_threads([second], by=alice)
    set_keywords = FakeStore.set_keywords

    def meanwhile(store: FakeStore, *given: Any, **more: Any) -> None:
        mirror.unarchive_threads([second], by=alice)
        set_keywords(store, *given, **more)

    monkeypatch.setattr(FakeStore, "set_keywords", meanwhile)
    run(account)
    assert set(server.mailboxes["INBOX"].messages) == set(uids)
    assert RemoteChange.objects.get(operation="move").state == ChangeState.DROPPED
    second.refresh_from_db()
    assert second.in_inbox


def test_a_mark_that_is_refused_is_taken_back_here_and_no_other_with_it(
    account, server, run, alice, monkeypatch
):
    (uid,) = fill(server, 1)
    run(account)
    thread = thread_of(uid)
    mirror.mark_read([thread], by=alice)

    def refusing(store: FakeStore, *given: Any, **more: Any) -> None:
        # The other mark is made while the server thinks about the first.
        mirror.flag_threads([thread], by=alice)
        raise ProviderError("mailbox_not_opened", Reaction.REFUSED)

    monkeypatch.setattr(FakeStore, "set_keywords", refusing)
    due, rounds = replay._due, iter([True])
    # What is wished for meanwhile is for a later round.
    monkeypatch.setattr(replay, "_due", lambda *given: due(*given) if next(rounds, False) else [])
    assert replayed(account, server) == 1
    assert MailboxEntry.objects.get().keywords == Keyword.FLAGGED
    assert Email.objects.get().keywords == Keyword.FLAGGED
    thread.refresh_from_db()
    assert (thread.unread_count, thread.is_flagged) == (1, True)
