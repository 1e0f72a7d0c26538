"""Cut off at every step, and random acts on both sides: the end is always the same."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailsync.domain import filing, leases, mirror, sync
from mailsync.enums import ChangeState, MailboxRole
from mailsync.models import Email, MailAccount, MailboxEntry, RemoteChange, Thread
from mailsync.providers.base import Keyword, ProviderError, Reaction
from tests.factories.mail import make_account
from tests.factories.messages import message
from tests.fakes.store import BARE, FULL, GMAIL, MICROSOFT, FakeServer

pytestmark = pytest.mark.django_db

ME = "alice@northwind.example"
ALL_MAIL = "[Gmail]/All Mail"


class KilledError(BaseException):
    """The process is gone: nothing that handles errors may see it."""


def small_server(capabilities: frozenset[str] = FULL) -> FakeServer:
    server = FakeServer(capabilities=capabilities)
    for path in ("Drafts", "Junk", "Sent"):
        server.remove(path)
    return server


def attach(monkeypatch: Any, server: FakeServer) -> None:
    monkeypatch.setattr("mailsync.domain.connections.open_store", lambda _: server.open_store())


def rounds(account: MailAccount, *, most: int = 12) -> None:
    """Slices until a whole one went well with nothing left; a dead process's lease runs out."""
    for _ in range(most):
        MailAccount.objects.filter(pk=account.pk).update(lease_until=None)
        RemoteChange.objects.filter(account=account).update(next_try_at=None)
        try:
            ended = sync.sync_account(account.pk)
        except KilledError:
            continue
        account.refresh_from_db()
        if not account.error_code and not ended.has_more:
            return
    pytest.fail(f"never quiet: {account.error_code}")


def state_of(account: MailAccount) -> Any:
    """Everything that matters, without numbers of rows."""
    entries = MailboxEntry.objects.filter(mailbox__account=account, gone_at=None)
    return SimpleNamespace(
        copies=sorted(
            (e.mailbox.path, e.uid, e.keywords, e.places, bytes(e.email.digest))
            for e in entries.select_related("mailbox", "email")
        ),
        threads=sorted(
            (
                sorted(t.emails.values_list("message_id", flat=True)),
                t.unread_count,
                t.email_count,
                t.in_inbox,
                t.in_archive,
                t.in_trash,
            )
            for t in Thread.objects.filter(account=account, merged_into=None)
        ),
        changes=sorted(RemoteChange.objects.filter(account=account).values_list("state")),
    )


def scenario(account: MailAccount, server: FakeServer, alice: Any, sync_now: Any) -> None:
    """Something of everything: new, twice, answered, marked, moved and deleted, here and there."""
    server.create("Projects")
    for number in (2, 1):
        server.deliver(message(number, to=ME, answers=number - 1))
    server.deliver(message(9, to=ME), mailbox="Archive")
    server.deliver(message(1, to=ME, answers=0), mailbox="Projects")
    sync_now()
    uids = sorted(server.mailboxes["INBOX"].messages)
    server.deliver(message(0, to=ME))
    server.mark("INBOX", uids[0], add=Keyword.SEEN)
    server.relocate("Archive", 1, "INBOX")
    sync_now()
    mirror.archive_threads(Thread.objects.filter(emails__message_id__startswith="mail1@"), by=alice)
    server.bump_uidvalidity("INBOX")
    sync_now()
    mirror.mark_read(Thread.objects.filter(account=account), by=alice)
    mirror.trash_threads(Thread.objects.filter(emails__message_id__startswith="mail9@"), by=alice)
    sync_now()
    projects = account.mailboxes.get(path="Projects")
    filing.move_threads(Thread.objects.filter(account=account), projects, by=alice)
    server.deliver(message(7, to=ME, answers=2))
    sync_now()


def gmail_server() -> FakeServer:
    server = small_server(GMAIL)
    server.remove("Archive")
    server.create(ALL_MAIL, role=MailboxRole.ALL)
    server.create("Customers")
    return server


def gmail_scenario(account: MailAccount, server: FakeServer, alice: Any, sync_now: Any) -> None:
    """Labels that change on both sides, Trash and back."""
    for number in (1, 2, 3):
        raw = message(number, to=ME, answers=number - 1)
        server.deliver(raw, mailbox=ALL_MAIL, labels=("\\Inbox", "Customers"))
    server.deliver(message(9, to=ME), mailbox=ALL_MAIL, labels=("\\Inbox",))
    sync_now()
    server.label(ALL_MAIL, 1, remove=["\\Inbox"])
    server.mark(ALL_MAIL, 2, add=Keyword.SEEN)
    mirror.trash_threads(Thread.objects.filter(emails__message_id__startswith="mail9@"), by=alice)
    sync_now()
    mirror.untrash_threads(Thread.objects.filter(emails__message_id__startswith="mail9@"), by=alice)
    mirror.archive_threads(Thread.objects.filter(emails__message_id__startswith="mail1@"), by=alice)
    sync_now()
    server.label(ALL_MAIL, 3, add=["\\Inbox"])
    sync_now()


@pytest.fixture
def quiet(monkeypatch: Any, settings: Any, tmp_path: Any) -> None:
    settings.BLOB_DIR = tmp_path / "blobs"
    monkeypatch.setattr("mailsync.tasks.replay_changes.delay_on_commit", lambda *_: None)
    monkeypatch.setattr("mailsync.domain.failures.MAX_COUNTED", 2)


SCENARIOS = {
    "imap": (small_server, scenario),
    "gmail": (gmail_server, gmail_scenario),
}


def play(
    monkeypatch: Any, alice: Any, *, name: str = "imap", fault: Any = None
) -> tuple[Any, FakeServer]:
    """The scenario on a fresh account in a transaction that is taken back."""
    make_server, acts = SCENARIOS[name]
    server = make_server()
    with transaction.atomic():
        account = make_account(alice, mirror_archive=True, mirror_delete=True)
        attach(monkeypatch, server)
        if fault:
            fault(server)
        acts(account, server, alice, lambda: rounds(account))
        state = state_of(account)
        transaction.set_rollback(True)
    return state, server


# Each step costs a whole scenario: the quick run takes some, the run with servers all of them.
SOME_OR_ALL = pytest.mark.parametrize(
    "every", [pytest.param(11, id="some"), pytest.param(1, id="all", marks=pytest.mark.servers)]
)


@SOME_OR_ALL
@pytest.mark.parametrize("name", SCENARIOS)
def test_cut_connection_at_every_step_changes_nothing(quiet, alice, monkeypatch, every, name):
    expected, server = play(monkeypatch, alice, name=name)
    steps = server.steps
    assert steps > 40
    for step in range(1, steps + 1, every):
        error = ProviderError("connection_lost", Reaction.LATER)
        got, there = play(
            monkeypatch, alice, name=name, fault=lambda s, n=step, e=error: s.fail_at(n, e)
        )
        assert got.copies == expected.copies, step
        assert got.threads == expected.threads, step
        assert there.snapshot() == server.snapshot(), step


@SOME_OR_ALL
@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_process_at_every_transaction_changes_nothing(
    quiet, alice, monkeypatch, every, name
):
    expected, server = play(monkeypatch, alice, name=name)
    renew = leases.Lease.renew
    count = 0

    def killed_at(number: int) -> None:
        nonlocal count
        count = 0

        def renew_or_die(self: leases.Lease) -> None:
            nonlocal count
            count += 1
            if count == number:
                raise KilledError
            renew(self)

        monkeypatch.setattr(leases.Lease, "renew", renew_or_die)

    killed_at(0)
    play(monkeypatch, alice, name=name)
    writes = count
    assert writes > 20
    for number in range(1, writes + 1, max(1, every // 2)):
        killed_at(number)
        got, there = play(monkeypatch, alice, name=name)
        assert got.copies == expected.copies, number
        assert got.threads == expected.threads, number
        assert there.snapshot() == server.snapshot(), number


ACTS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("deliver", "mark", "expunge", "relocate", "bump"),
                *("read", "archive", "trash", "move", "move back", "sync"),
            ]
        ),
        st.integers(0, 30),
    ),
    max_size=18,
)


CAPABILITIES = st.sampled_from([FULL, MICROSOFT, BARE | {"UIDPLUS"}])


def examples(number: int) -> Any:
    return settings(
        max_examples=number,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@given(acts=ACTS, capabilities=CAPABILITIES)
@examples(6)
def test_random_acts_on_both_sides_end_in_agreement(quiet, alice, monkeypatch, acts, capabilities):
    act_until_quiet(alice, monkeypatch, acts, capabilities)


@pytest.mark.servers
@given(acts=ACTS, capabilities=CAPABILITIES)
@examples(50)
def test_more_random_acts_end_in_agreement(quiet, alice, monkeypatch, acts, capabilities):
    act_until_quiet(alice, monkeypatch, acts, capabilities)


def act_until_quiet(alice, monkeypatch, acts, capabilities):
    server = small_server(capabilities)
    with transaction.atomic():
        account = make_account(alice, mirror_archive=True, mirror_delete=True)
        attach(monkeypatch, server)
        delivered = 0
        for name, number in acts:
            delivered = act(name, number, server, account, alice, delivered)
        account.mailboxes.update(last_full_at=timezone.now() - timedelta(hours=1))
        rounds(account)
        account.mailboxes.update(last_full_at=timezone.now() - timedelta(hours=1))
        rounds(account)
        agree(account, server)
        before = state_of(account)
        rounds(account)
        assert vars(state_of(account)) == vars(before)
        transaction.set_rollback(True)


def act(name, number, server, account, alice, delivered):
    boxes = [box for box in server.mailboxes.values() if box.messages]
    box = boxes[number % len(boxes)] if boxes else None
    uid = sorted(box.messages)[number % len(box.messages)] if box else 0
    if name == "deliver":
        answers = number % (delivered + 1) if number % 2 else None
        server.deliver(message(delivered, to=ME, answers=answers))
        return delivered + 1
    if name == "mark" and box:
        server.mark(box.path, uid, **{"add" if number % 2 else "remove": Keyword.FLAGGED})
    elif name == "expunge" and box:
        server.expunge(box.path, uid)
    elif name == "relocate" and box:
        targets = [path for path in server.mailboxes if path != box.path]
        server.relocate(box.path, uid, targets[number % len(targets)])
    elif name == "bump":
        paths = list(server.mailboxes)
        server.bump_uidvalidity(paths[number % len(paths)])
    elif name == "sync":
        rounds(account)
    else:
        act_here(name, number, account, alice)
    return delivered


def act_here(name: str, number: int, account: MailAccount, alice: Any) -> None:
    threads = Thread.objects.filter(account=account, merged_into=None).order_by("id")
    chosen = threads[number % 3 : number % 3 + 1]
    targets = account.mailboxes.exclude(role="trash").order_by("path")
    if name == "read":
        mirror.mark_read(chosen, by=alice)
    elif name == "archive":
        mirror.archive_threads(chosen, by=alice)
    elif name == "trash":
        mirror.trash_threads(chosen, by=alice)
    elif name == "move" and targets:
        filing.move_threads(chosen, targets[number % len(targets)], by=alice)
    elif name == "move back":
        filing.move_threads_back(chosen, after=0, placement="", by=alice)


def agree(account: MailAccount, server: FakeServer) -> None:
    import hashlib

    there = sorted(
        (path, uid, int(one.keywords), hashlib.sha256(one.raw).digest())
        for path, box in server.mailboxes.items()
        for uid, one in box.messages.items()
    )
    here = sorted(
        (path, uid, marks, digest) for path, uid, marks, _, digest in state_of(account).copies
    )
    assert here == there
    waiting = (ChangeState.PENDING, ChangeState.RUNNING)
    assert not RemoteChange.objects.filter(account=account, state__in=waiting).exists()
    digests = list(Email.objects.filter(account=account).values_list("digest", flat=True))
    assert len(digests) == len(set(map(bytes, digests)))
