"""The engine on a server in memory."""

from datetime import timedelta

import pytest
from django.utils import timezone

from mailsync.domain import sync
from mailsync.domain.accounts import choose_mailboxes
from mailsync.enums import (
    AccountState,
    MailboxRole,
    MailboxState,
    Outcome,
)
from mailsync.models import (
    Email,
    MailAccount,
    MailboxEntry,
    Thread,
)
from mailsync.providers.base import Keyword, ProviderError, Reaction
from tests.factories.crm import make_person
from tests.factories.messages import message
from tests.fakes.store import BARE, GMAIL, MICROSOFT, FakeServer, FakeStore

pytestmark = pytest.mark.django_db


def fill(server: FakeServer, count: int, *, mailbox: str = "INBOX", first: int = 0) -> list[int]:
    return [
        server.deliver(message(number, to="alice@northwind.example"), mailbox=mailbox)
        for number in range(first, first + count)
    ]


def age_gone_entries() -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    MailboxEntry.objects.filter(gone_at__isnull=False).update(gone_at=long_ago)


@pytest.mark.parametrize("capabilities", [None, MICROSOFT, GMAIL - {"X-GM-EXT-1"}, BARE])
def test_both_sides_agree_whatever_the_server_can(account, server, run, capabilities):
    server.capabilities = capabilities or server.capabilities
    uids = fill(server, 12)
    run(account)
    server.mark("INBOX", uids[0], add=Keyword.SEEN | Keyword.FLAGGED)
    server.expunge("INBOX", uids[1])
    server.relocate("INBOX", uids[2], "Archive")
    fill(server, 2, first=20)
    account.mailboxes.update(last_full_at=timezone.now() - timedelta(hours=1))
    run(account)

    live = MailboxEntry.objects.filter(gone_at=None)
    assert live.filter(mailbox__path="INBOX").count() == 12
    assert live.filter(mailbox__path="Archive").count() == 1
    assert Email.objects.count() == 14  # the expunged one stays for ten minutes
    assert MailboxEntry.objects.get(mailbox__path="INBOX", uid=uids[0]).keywords == 3
    age_gone_entries()
    run(account)
    assert Email.objects.count() == 13


def test_second_round_writes_nothing(account, server, run, django_assert_max_num_queries):
    fill(server, 5)
    run(account)
    run(account)
    before = list(MailboxEntry.objects.order_by("id").values())
    with django_assert_max_num_queries(40) as captured:
        run(account)
    written = [
        query["sql"]
        for query in captured.captured_queries
        if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))
        and "mailsync_mailaccount" not in query["sql"]
    ]
    assert written == []
    assert before == list(MailboxEntry.objects.order_by("id").values())


def test_same_message_in_two_mailboxes_is_one_email(account, server, run):
    raw = message(1, to="alice@northwind.example")
    server.deliver(raw)
    server.deliver(raw, mailbox="Archive")
    run(account)
    assert Email.objects.count() == 1
    assert sorted(MailboxEntry.objects.values_list("outcome", flat=True)) == [
        "duplicate",
        "stored",
    ]


def test_same_message_id_with_other_content_is_two_emails(account, server, run):
    server.deliver(message(1, to="alice@northwind.example"))
    server.deliver(message(1, to="alice@northwind.example", text="Something else"))
    run(account)
    assert Email.objects.count() == 2
    assert Thread.objects.count() == 1


def test_gmail_message_is_stored_once_with_its_places(account, server, run):
    server.capabilities = GMAIL
    server.create("[Gmail]/All Mail", role=MailboxRole.ALL)
    server.deliver(
        message(1, to="alice@northwind.example"),
        mailbox="[Gmail]/All Mail",
        labels=("\\Inbox", "Customers"),
    )
    run(account)
    thread = Thread.objects.get()
    assert (thread.in_inbox, thread.email_count) == (True, 1)
    assert MailboxEntry.objects.get().labels == ["\\Inbox", "Customers"]


@pytest.mark.parametrize("capabilities", [None, BARE])
def test_renumbered_mailbox_keeps_every_email(account, server, run, capabilities):
    server.capabilities = capabilities or server.capabilities
    uids = fill(server, 6)
    run(account)
    ids = set(Email.objects.values_list("id", flat=True))
    server.expunge("INBOX", uids[3])
    server.bump_uidvalidity("INBOX")
    server.calls.clear()
    run(account)
    inbox = account.mailboxes.get(path="INBOX")
    assert (inbox.state, inbox.generation) == (MailboxState.LIVE, 2)
    assert MailboxEntry.objects.filter(mailbox=inbox, gone_at=None).count() == 5
    assert set(Email.objects.values_list("id", flat=True)) == ids


def test_mailbox_that_cannot_be_opened_is_parked_and_the_others_go_on(
    account, server, run, monkeypatch
):
    server.create("Odd")
    server.deliver(message(7, to="alice@northwind.example"), mailbox="Odd")
    fill(server, 3)
    original = FakeStore.open

    def open_all_but_odd(self, path, *, writable=False):
        if path == "Odd":
            raise ProviderError("mailbox_not_opened", Reaction.MAILBOX)
        return original(self, path, writable=writable)

    with monkeypatch.context() as patch:
        patch.setattr(FakeStore, "open", open_all_but_odd)
        run(account)
    odd = account.mailboxes.get(path="Odd")
    assert (odd.state, odd.error_code) == (MailboxState.PARKED, "mailbox_not_opened")
    assert Email.objects.count() == 3

    account.mailboxes.filter(pk=odd.pk).update(next_poll_at=timezone.now())
    run(account)
    assert Email.objects.count() == 4


def test_linked_mail_survives_deletion_at_the_provider(account, server, run, alice):
    make_person(alice, address="customer1@acme.example")
    uids = fill(server, 3)
    run(account)
    for uid in uids:
        server.expunge("INBOX", uid)
    run(account)
    age_gone_entries()
    run(account)
    email = Email.objects.get()
    assert email.from_address == "customer1@acme.example"
    assert email.gone_from_server_at is not None
    assert Thread.objects.get().in_archive


class TestChoice:
    def test_older_mail_is_journalled_and_fetched_when_the_start_moves(self, account, server, run):
        account.sync_since = server.now + timedelta(seconds=3)
        account.save()
        fill(server, 5)
        run(account)
        assert Email.objects.count() == 3
        assert MailboxEntry.objects.filter(outcome=Outcome.TOO_OLD).count() == 2

        from mailsync.domain import accounts

        accounts.change_settings(account, sync_since=None)
        accounts.reconsider_mail(account.pk)
        run(account)
        assert Email.objects.count() == 5

    def test_contacts_only(self, account, server, run, alice):
        make_person(alice, address="customer2@acme.example")
        account.contacts_only = True
        account.save()
        fill(server, 4)
        run(account)
        assert Email.objects.get().from_address == "customer2@acme.example"
        assert MailboxEntry.objects.filter(outcome=Outcome.NOT_CONTACT).count() == 3


class TestTrouble:
    def error(self, reaction: Reaction, code: str = "connection_lost") -> ProviderError:
        return ProviderError(code, reaction)

    def test_two_refusals_sign_the_account_out(self, account, server):
        server.sign_in_error = self.error(Reaction.SIGN_IN, "sign_in_refused")
        sync.sync_account(account.pk)
        account.refresh_from_db()
        assert account.state == AccountState.OK
        sync.sync_account(account.pk)
        account.refresh_from_db()
        assert (account.state, account.next_poll_at) == (AccountState.AUTH_FAILED, None)

    def test_short_outage_is_quiet_and_a_long_one_is_told(self, account, server, run):
        server.sign_in_error = self.error(Reaction.LATER)
        for expected in (AccountState.OK, AccountState.OK, AccountState.UNREACHABLE):
            sync.sync_account(account.pk)
            account.refresh_from_db()
            assert account.state == expected
        server.sign_in_error = None
        run(account)
        assert account.failures == 0

    def test_throttled_account_waits_as_long_as_asked(self, account, server):
        server.sign_in_error = ProviderError("throttled", Reaction.THROTTLED, retry_after=600)
        sync.sync_account(account.pk)
        account.refresh_from_db()
        assert account.state == AccountState.THROTTLED
        assert account.throttled_until > timezone.now() + timedelta(minutes=9)

    def test_full_disk_waits(self, account, monkeypatch):
        monkeypatch.setattr("mailsync.domain.blobs.RESERVE_BYTES", 1 << 60)
        sync.sync_account(account.pk)
        account.refresh_from_db()
        assert account.state == AccountState.DISK_FULL


def test_two_workers_never_have_one_account(account, server):
    from mailsync.domain import leases

    first = leases.claim(account.pk)
    assert first is not None
    assert leases.claim(account.pk) is None
    assert sync.sync_account(account.pk).was_run is False
    MailAccount.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    second = leases.claim(account.pk)
    assert second is not None
    with pytest.raises(leases.LeaseLostError):
        first.renew()
    second.renew()


def test_folder_that_is_not_chosen_is_counted_and_fetched_when_it_is(account, server, run):
    server.capabilities = BARE
    account.chosen_folders_only = True
    account.save(update_fields=["chosen_folders_only"])
    fill(server, 2)
    fill(server, 3, mailbox="Archive", first=10)
    inbox = account.mailboxes.create(path="INBOX", role=MailboxRole.INBOX)
    run(account)
    archive = account.mailboxes.get(path="Archive")
    assert (archive.exists_seen, Email.objects.count()) == (3, 2)
    choose_mailboxes(account, [inbox.pk, archive.pk])
    run(account)
    assert Email.objects.count() == 5

    # Not followed for a while: what went meanwhile is found although nothing new came.
    choose_mailboxes(account, [inbox.pk])
    server.expunge("Archive", 1)
    run(account)
    choose_mailboxes(account, [inbox.pk, archive.pk])
    account.mailboxes.update(last_full_at=timezone.now())
    run(account)
    assert MailboxEntry.objects.filter(mailbox=archive, gone_at=None).count() == 2
