"""Moving conversations to a folder of their account: here at once, in the mailbox behind."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inbox.domain import jobs, triage
from inbox.enums import Act
from inbox.models import UndoToken
from mailsync.domain.thread_figures import refresh_threads
from mailsync.enums import AccountScope, ChangeState, MailboxRole, Place
from mailsync.models import AccountMember, Mailbox, MailboxEntry, RemoteChange, Thread
from sharing.enums import ThreadVisibility
from tests.factories.crm import make_deal
from tests.factories.mail import link, make_account, make_thread

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def with_folders(account):
    """The account's usual folders, as the sync found them."""
    roles = [
        ("INBOX", MailboxRole.INBOX), ("Sent", MailboxRole.SENT), ("Drafts", MailboxRole.DRAFTS),
        ("Trash", MailboxRole.TRASH), ("Spam", MailboxRole.JUNK), ("Archive", MailboxRole.ARCHIVE),
        ("Customers", MailboxRole.NONE), ("Customers/Acme", MailboxRole.NONE),
    ]  # fmt: skip
    for path, role in roles:
        account.mailboxes.create(path=path, role=role, delimiter="/", uidvalidity=1)
    return account


def copy(thread, path, place):
    """A copy of the conversation's mail in that folder."""
    MailboxEntry.objects.create(
        mailbox=thread.account.mailboxes.get(path=path),
        uid=MailboxEntry.objects.count() + 1,
        uidvalidity=1,
        email=thread.emails.get(),
        outcome="stored",
        places=place,
    )
    refresh_threads([thread.pk])
    thread.refresh_from_db()
    return thread


@pytest.fixture(autouse=True)
def nothing_queued(monkeypatch):
    monkeypatch.setattr("mailsync.tasks.replay_changes.delay_on_commit", lambda *_: None)


@pytest.fixture
def account(account):
    return with_folders(account)


@pytest.fixture
def thread(account):
    return copy(make_thread(account, "Canary"), "INBOX", Place.INBOX)


def folder(thread, path="Customers"):
    return thread.account.mailboxes.get(path=path)


def move(client, thread, path="Customers", **more):
    url = reverse("inbox:thread_act", args=[thread.key, "folder"])
    return client.post(url, {"mailbox": folder(thread, path).key, **more}, headers=HTMX)


def state(thread):
    thread.refresh_from_db()
    return thread.in_inbox, thread.in_archive


def test_moved_here_at_once_and_there_behind(alice, thread, signed_in):
    response = move(signed_in.as_(alice), thread)
    assert "Conversation moved to Customers." in response.content.decode()
    assert state(thread) == (False, True)
    (change,) = RemoteChange.objects.all()
    assert change.wanted == {"mailbox": folder(thread).pk}
    assert (change.state, change.made_by) == (ChangeState.PENDING, alice)


def test_moved_whatever_the_account_mirrors(alice, account, thread, signed_in):
    """Whoever names a folder means the mailbox."""
    assert not account.mirror_archive
    move(signed_in.as_(alice), thread, "Archive")
    assert RemoteChange.objects.count() == 1


def test_undo_brings_it_back(alice, thread, signed_in):
    client = signed_in.as_(alice)
    move(client, thread)
    client.post(reverse("inbox:undo_newest"), headers=HTMX)
    assert state(thread) == (True, False)
    assert RemoteChange.objects.get().state == ChangeState.DROPPED
    assert MailboxEntry.objects.get().places == Place.INBOX


def test_undo_after_it_was_carried_out_moves_it_back_there(alice, thread, signed_in):
    client = signed_in.as_(alice)
    move(client, thread)
    RemoteChange.objects.update(state=ChangeState.DONE)
    MailboxEntry.objects.update(mailbox=folder(thread))
    client.post(reverse("inbox:undo_newest"), headers=HTMX)
    assert state(thread) == (True, False)
    back = RemoteChange.objects.get(state=ChangeState.PENDING)
    assert back.wanted == {"mailbox": folder(thread, "INBOX").pk}


def test_undo_takes_no_older_move_back(alice, account, thread, signed_in):
    """Of two mails one was filed before: it stays where it was."""
    client = signed_in.as_(alice)
    move(client, thread)
    RemoteChange.objects.update(state=ChangeState.DONE)
    MailboxEntry.objects.update(mailbox=folder(thread))
    other = copy(make_thread(account, "Later"), "INBOX", Place.INBOX)
    other.emails.update(thread=thread)
    refresh_threads([thread.pk])
    move(client, thread)
    assert RemoteChange.objects.count() == 2
    client.post(reverse("inbox:undo_newest"), headers=HTMX)
    waiting = (ChangeState.PENDING, ChangeState.RUNNING)
    assert not RemoteChange.objects.filter(state__in=waiting).exists()


def test_undo_remembers_what_was_archived_here_alone(alice, thread, signed_in):
    client = signed_in.as_(alice)
    triage.perform(Act.ARCHIVE, [thread.pk], by=alice)
    move(client, thread, "INBOX")
    assert state(thread) == (False, True)  # it lies in that folder already
    move(client, thread)
    client.post(reverse("inbox:undo_newest"), headers=HTMX)
    assert state(thread) == (False, True)
    assert MailboxEntry.objects.get().places == Place.INBOX


def test_what_was_sent_stays_in_sent(alice, account, thread, signed_in):
    sent = copy(make_thread(account, "Ours"), "Sent", Place.SENT)
    sent.emails.update(thread=thread, is_outgoing=True)
    refresh_threads([thread.pk])
    move(signed_in.as_(alice), thread)
    assert RemoteChange.objects.get().entry.mailbox.path == "INBOX"
    assert MailboxEntry.objects.get(mailbox__path="Sent").places == Place.SENT


def test_only_by_post(alice, thread, signed_in):
    url = reverse("inbox:thread_act", args=[thread.key, "folder"])
    assert signed_in.as_(alice).get(url).status_code == 405
    assert not RemoteChange.objects.exists()


def test_twice_is_harmless(alice, thread, signed_in):
    client = signed_in.as_(alice)
    move(client, thread)
    RemoteChange.objects.update(state=ChangeState.DONE)
    MailboxEntry.objects.update(mailbox=folder(thread))
    assert "it was so already" in move(client, thread).content.decode()
    assert RemoteChange.objects.count() == 1


def test_members_of_a_team_move_and_others_get_404(alice, bob, carol, dana, signed_in):
    team = make_account(alice, "sales@northwind.example", scope=AccountScope.TEAM)
    for user in (alice, bob):
        AccountMember.objects.create(account=team, user=user)
    thread = copy(make_thread(with_folders(team), "Team"), "INBOX", Place.INBOX)
    for outsider in (carol, dana):
        assert move(signed_in.as_(outsider), thread).status_code == 404
    assert move(signed_in.as_(bob), thread).status_code == 200
    assert RemoteChange.objects.get().made_by == bob


def test_a_colleague_who_sees_it_does_not_move_it(alice, bob, thread, signed_in):
    Thread.objects.filter(pk=thread.pk).update(visibility=ThreadVisibility.SHARED)
    link(thread, deal=make_deal(alice))
    client = signed_in.as_(bob)
    page = reverse("inbox:thread", args=[thread.key])
    assert client.get(page).status_code == 200
    assert move(client, thread).status_code == 404
    assert not RemoteChange.objects.exists()
    dialog = client.get(reverse("inbox:folder_pick"), {"thread": thread.key}, headers=HTMX)
    assert "Customers" not in dialog.content.decode()
    assert "Customers" in (
        signed_in.as_(alice)
        .get(reverse("inbox:folder_pick"), {"thread": thread.key}, headers=HTMX)
        .content.decode()
    )


def test_folders_of_others_are_none(alice, bob, thread, signed_in):
    """A folder of another account, his own or a colleague's, moves nothing there."""
    foreign = with_folders(make_account(bob))
    second = with_folders(make_account(alice, "second@northwind.example"))
    client = signed_in.as_(alice)
    url = reverse("inbox:thread_act", args=[thread.key, "folder"])
    for account in (foreign, second):
        key = account.mailboxes.get(path="Customers").key
        client.post(url, {"mailbox": key}, headers=HTMX)
    for key in ("", "nonsense"):
        assert (
            "Choose a folder." in client.post(url, {"mailbox": key}, headers=HTMX).content.decode()
        )
    assert not RemoteChange.objects.exists()
    assert state(thread) == (True, False)


def test_dialog_offers_folders_where_one_files(alice, thread, signed_in):
    text = (
        signed_in.as_(alice)
        .get(reverse("inbox:folder_pick"), {"thread": thread.key}, headers=HTMX)
        .content.decode()
    )
    words = [
        re.sub("<[^>]+>", "", name)
        for name in re.findall(r'<span class="folder-picker__name">(.*?)</span></button>', text)
    ]
    assert words == ["Inbox", "Archive", "Customers", "Customers / Acme", "Spam"]


def test_folders_of_several_accounts_are_told_apart(alice, account, thread, signed_in):
    second = with_folders(make_account(alice, "second@northwind.example"))
    other = copy(make_thread(second), "INBOX", Place.INBOX)

    def headings(*threads):
        text = (
            signed_in.as_(alice)
            .get(
                reverse("inbox:folder_pick"),
                {"thread": [one.key for one in threads]},
                headers=HTMX,
            )
            .content.decode()
        )
        return re.findall(r'<p class="menu__label"[^>]*>(.*?)</p>', text)

    assert headings(thread) == []
    assert sorted(headings(thread, other)) == sorted([account.address, second.address])


def test_an_account_without_folders_says_so(alice, account, signed_in):
    account.mailboxes.all().delete()
    thread = make_thread(account)
    text = (
        signed_in.as_(alice)
        .get(reverse("inbox:folder_pick"), {"thread": thread.key}, headers=HTMX)
        .content.decode()
    )
    assert "No folders yet" in text


@pytest.mark.parametrize(
    ("path", "delimiter", "role", "parents", "name", "full_name"),
    [
        ("INBOX", "/", "inbox", [], "Inbox", "Inbox"),
        ("Customers/Acme", "/", "", ["Customers"], "Acme", "Customers / Acme"),
        ("INBOX.Customers", ".", "", ["Inbox"], "Customers", "Inbox / Customers"),
        ("inbox", "", "inbox", [], "Inbox", "Inbox"),
        ("Customers/Acme", "", "", [], "Customers/Acme", "Customers/Acme"),
        ("[Gmail]/Spam", "/", "junk", ["[Gmail]"], "Spam", "Spam"),
    ],
)
def test_a_folder_has_the_name_that_people_know(path, delimiter, role, parents, name, full_name):
    mailbox = Mailbox(path=path, delimiter=delimiter, role=role)
    assert (mailbox.parents, mailbox.name, mailbox.full_name) == (parents, name, full_name)


def test_the_toast_names_it_so(alice, thread, signed_in):
    client = signed_in.as_(alice)
    assert "moved to Customers / Acme." in move(client, thread, "Customers/Acme").content.decode()
    Mailbox.objects.filter(path="Spam").update(path="Junk E-mail")
    assert "moved to Spam." in move(client, thread, "Junk E-mail").content.decode()


def test_back_is_the_undo_alone(alice, thread, signed_in):
    client = signed_in.as_(alice)
    url = reverse("inbox:thread_act", args=[thread.key, "unfolder"])
    assert "nothing to undo" in client.post(url, headers=HTMX).content.decode()
    assert not UndoToken.objects.exists()


def test_many_at_once_and_back(alice, account, signed_in):
    threads = [copy(make_thread(account), "INBOX", Place.INBOX) for _ in range(3)]
    client = signed_in.as_(alice)
    data = {
        "thread": [thread.key for thread in threads],
        "mailbox": folder(threads[0]).key,
    }
    response = client.post(reverse("inbox:threads_act", args=["folder"]), data, headers=HTMX)
    assert "3 conversations moved to Customers." in response.content.decode()
    assert RemoteChange.objects.filter(state=ChangeState.PENDING).count() == 3
    client.post(reverse("inbox:undo_newest"), headers=HTMX)
    assert Thread.objects.filter(in_inbox=True).count() == 3


def test_very_many_go_on_in_the_background(alice, account, monkeypatch):
    monkeypatch.setattr("inbox.tasks.run_bulk_job.delay_on_commit", lambda *_: None)
    monkeypatch.setattr(jobs, "PIECE", 2)
    threads = [copy(make_thread(account), "INBOX", Place.INBOX) for _ in range(5)]
    job = jobs.begin(Act.FOLDER, [t.pk for t in threads], by=alice, mailbox=folder(threads[0]))
    jobs.run(job.pk)
    assert RemoteChange.objects.count() == 5
    job.refresh_from_db()
    assert triage.undo(job.undo.token, by=alice).number == 5
    assert Thread.objects.filter(in_inbox=True).count() == 5
    assert set(RemoteChange.objects.values_list("state", flat=True)) == {ChangeState.DROPPED}


def test_moving_and_taking_back_ask_the_same_of_one_and_of_many(alice, account):
    """A hundred conversations put back are no hundred times the work of one."""

    def statements(number):
        threads = [copy(make_thread(account), "INBOX", Place.INBOX) for _ in range(number)]
        with CaptureQueriesContext(connection) as there:
            done = triage.perform(
                Act.FOLDER, [t.pk for t in threads], by=alice, mailbox=folder(threads[0])
            )
        carried_out = RemoteChange.objects.filter(state=ChangeState.PENDING)
        carried_out.filter(pk__gt=0).exclude(entry__email__thread=threads[0]).update(
            state=ChangeState.DONE
        )
        with CaptureQueriesContext(connection) as back:
            assert triage.undo(done.undo.token, by=alice).number == number
        assert (
            Thread.objects.filter(pk__in=[t.pk for t in threads], in_inbox=True).count() == number
        )
        return len(there), len(back)

    statements(2)
    few, many = statements(3), statements(8)
    assert few == many
