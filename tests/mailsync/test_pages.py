"""Email sync in the settings: who may open and change what, and what the pages say."""

import re

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from mailsync.domain import accounts as domain
from mailsync.domain import setup as connecting
from mailsync.enums import AccountScope, AccountState, ChangeOperation, Outcome, SetupState
from mailsync.models import (
    AccountMember,
    AccountSetup,
    BlockedAddress,
    MailAccount,
    Mailbox,
    MailboxEntry,
    RemoteChange,
)
from mailsync.providers import discovery
from mailsync.providers.discovery import Lookup, Service
from mailsync.providers.probe import ProbeResult, Step, StepResult
from tests.factories.mail import make_account, make_thread

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}

OWN_PAGES = ["account", "account_card", "diagnostics", "changes", "account_remove"]
OWN_ACTS = [
    "account",
    "account_folders",
    "account_roles",
    "account_pause",
    "account_resume",
    "account_reconnect",
]


@pytest.mark.parametrize("name", OWN_PAGES)
def test_account_page_is_its_owners_alone(alice, bob, dana, account, signed_in, name):
    url = reverse(f"mailsync:{name}", args=[account.key])
    assert signed_in.as_(alice).get(url).status_code == 200
    assert signed_in.as_(bob).get(url).status_code == 404
    assert signed_in.as_(dana).get(url).status_code == 404


@pytest.mark.parametrize("name", [*OWN_ACTS, "account_remove"])
def test_account_is_its_owners_to_change(bob, dana, account, signed_in, name):
    before = MailAccount.objects.filter(pk=account.pk).values().get()
    url = reverse(f"mailsync:{name}", args=[account.key])
    for other in (bob, dana):
        response = signed_in.as_(other).post(url, {"address": account.address, "mail": "delete"})
        assert response.status_code == 404
    assert MailAccount.objects.filter(pk=account.pk).values().get() == before


@pytest.mark.parametrize("path", ["accounts", "account_add", "blocked", "where", "unreadable"])
def test_page_opens_with_and_without_an_account(alice, bob, account, signed_in, path):
    for user in (alice, bob):
        assert signed_in.as_(user).get(reverse(f"mailsync:{path}")).status_code == 200


def test_list_names_ones_own_accounts_alone(alice, bob, account, signed_in):
    url = reverse("mailsync:accounts")
    assert account.address in signed_in.as_(alice).get(url).content.decode()
    assert account.address not in signed_in.as_(bob).get(url).content.decode()


def test_trouble_is_said_in_a_sentence(alice, account, signed_in):
    account.state, account.error_code = AccountState.AUTH_FAILED, "sign_in_refused"
    account.save()
    text = signed_in.as_(alice).get(reverse("mailsync:accounts")).content.decode()
    assert "refused this user name and password" in text
    assert "Reconnect" in text


def test_member_of_a_team_account_sees_but_does_not_change_it(bob, dana, signed_in):
    team = make_account(dana, "sales@northwind.example", scope=AccountScope.TEAM)
    AccountMember.objects.create(account=team, user=bob)
    client = signed_in.as_(bob)
    assert client.get(reverse("mailsync:diagnostics", args=[team.key])).status_code == 200
    assert client.post(reverse("mailsync:account_pause", args=[team.key])).status_code == 404
    team.refresh_from_db()
    assert team.state == AccountState.OK


def test_pause_and_resume(alice, account, signed_in):
    client = signed_in.as_(alice)
    client.post(reverse("mailsync:account_pause", args=[account.key]))
    account.refresh_from_db()
    assert account.state == AccountState.PAUSED
    client.post(reverse("mailsync:account_resume", args=[account.key]))
    account.refresh_from_db()
    assert account.state == AccountState.OK


def test_settings_are_saved(alice, account, signed_in):
    client = signed_in.as_(alice)
    url = reverse("mailsync:account", args=[account.key])
    response = client.post(
        url, {"sender_name": "Alice", "default_visibility": "private", "mirror_archive": "on"}
    )
    assert response.status_code == 303
    account.refresh_from_db()
    assert (account.sender_name, account.default_visibility) == ("Alice", "private")
    assert account.mirror_archive
    assert account.sync_since is None


def test_removal_wants_the_address_typed(alice, account, signed_in):
    client = signed_in.as_(alice)
    url = reverse("mailsync:account_remove", args=[account.key])
    assert client.post(url, {"address": "other@x.example", "mail": "keep"}).status_code == 422
    account.refresh_from_db()
    assert account.state == AccountState.OK
    assert client.post(url, {"address": account.address, "mail": "keep"}).status_code == 303
    account.refresh_from_db()
    assert account.state == AccountState.DISABLED


# --- The wizard ------------------------------------------------------------------------------


def begin(client, address="alice@acme.example"):
    """On-commit work does not run here unless the test asks for it: nothing is looked up."""
    response = client.post(reverse("mailsync:account_add"), {"address": address})
    assert response.status_code == 303, response.content.decode()
    return AccountSetup.objects.get()


SERVERS = {
    "password": "s3cret-canary",
    "incoming_host": "imap.acme.example",
    "incoming_port": 993,
    "incoming_security": "tls",
    "incoming_user_name": "alice",
    "outgoing_host": "smtp.acme.example",
    "outgoing_port": 465,
    "outgoing_security": "tls",
    "outgoing_user_name": "alice",
}


def test_known_provider_is_filled_in(alice, signed_in):
    setup = begin(signed_in.as_(alice), "alice@gmail.com")
    assert setup.servers["incoming"]["host"] == "imap.gmail.com"


def test_setup_is_ones_own(alice, bob, signed_in):
    setup = begin(signed_in.as_(alice))
    for name in ("setup_servers", "setup_trial", "setup_choices"):
        url = reverse(f"mailsync:{name}", args=[setup.key])
        assert signed_in.as_(bob).get(url).status_code == 404


FOLDERS = [
    {"path": "INBOX", "role": "inbox", "delimiter": "/", "is_selectable": True, "number": 7},
    {"path": "News", "role": "", "delimiter": "/", "is_selectable": True, "number": 70},
]


@pytest.fixture
def servers(monkeypatch):
    """Both servers say what the test puts here: the step that fails, its code, the server's
    words. Nothing goes out."""
    answers = {"incoming": None, "outgoing": None}

    def probe(direction):
        names = [Step.NAME, Step.CONNECTION, Step.ENCRYPTION, Step.SIGN_IN]
        names += [Step.MAILBOXES] if direction == "incoming" else []

        def run(_server):
            failing = answers[direction]
            if failing is None:
                return ProbeResult(tuple(StepResult(name) for name in names))
            done = names[: names.index(failing.step)]
            return ProbeResult((*(StepResult(name) for name in done), failing))

        return run

    monkeypatch.setattr(connecting, "probe_incoming", probe("incoming"))
    monkeypatch.setattr(connecting, "probe_outgoing", probe("outgoing"))
    monkeypatch.setattr(connecting, "_folders", lambda _address: FOLDERS)
    monkeypatch.setattr(connecting, "SHORTEST_TRIAL", 0)
    cache.clear()
    return answers


def states(text):
    return re.findall(r'trial__line" data-state="(\w+)"', text)


def test_from_address_to_account(
    alice, signed_in, servers, django_capture_on_commit_callbacks, monkeypatch
):
    monkeypatch.setattr(domain, "_sync_soon", lambda account: None)
    client = signed_in.as_(alice)
    setup = begin(client)
    url = reverse("mailsync:setup_servers", args=[setup.key])
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url, SERVERS)
    setup.refresh_from_db()
    assert setup.is_good
    text = client.get(url).content.decode()
    assert "s3cret-canary" not in text
    assert states(text) == ["done"] * 9
    assert "2 folders" in text
    choices = reverse("mailsync:setup_choices", args=[setup.key])
    assert "News" in client.get(choices).content.decode()
    response = client.post(
        choices,
        {
            "folders": "chosen",
            "chosen": ["INBOX"],
            "period": "all",
            "default_visibility": "private",
        },
    )
    assert response.headers["Location"] == "/mail/inbox/"
    account = MailAccount.objects.get(address="alice@acme.example")
    assert account.default_visibility == "private"
    assert dict(account.mailboxes.values_list("path", "is_chosen")) == {
        "INBOX": True,
        "News": False,
    }
    assert account.servers.count() == 2
    assert "s3cret-canary" not in str(list(account.servers.values()))
    assert not AccountSetup.objects.exists()


def test_each_server_has_its_own_sentence(
    alice, signed_in, servers, django_capture_on_commit_callbacks
):
    servers["incoming"] = StepResult(Step.ENCRYPTION, "certificate_wrong_name")
    client = signed_in.as_(alice)
    setup = begin(client)
    url = reverse("mailsync:setup_servers", args=[setup.key])
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url, SERVERS)
    text = client.get(url).content.decode()
    assert "certificate is for another name" in text
    assert "no way around it" in text
    assert states(text) == ["done", "done", "failed", "waiting", "waiting", *["done"] * 4]
    assert "imap.acme.example" in text  # what was typed stays
    choices = client.get(reverse("mailsync:setup_choices", args=[setup.key]))
    assert choices.status_code == 302


def test_other_host_wants_the_password_again(
    alice, signed_in, servers, django_capture_on_commit_callbacks
):
    """A stored password never goes to a server that it was not typed for."""
    client = signed_in.as_(alice)
    setup = begin(client)
    url = reverse("mailsync:setup_servers", args=[setup.key])
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url, SERVERS)
    assert client.post(url, {**SERVERS, "password": ""}).status_code == 303
    moved = {**SERVERS, "password": "", "incoming_host": "imap.evil.example"}
    response = client.post(url, moved)
    assert response.status_code == 422
    setup.refresh_from_db()
    assert setup.servers["incoming"]["host"] == "imap.acme.example"


def test_trials_are_limited(alice, signed_in, servers):
    client = signed_in.as_(alice)
    setup = begin(client)
    url = reverse("mailsync:setup_servers", args=[setup.key])
    for _ in range(10):
        assert client.post(url, SERVERS).status_code == 303
    assert client.post(url, SERVERS).status_code == 422
    # Neither a new set-up nor another person's tries count anew.
    setup.delete()
    again = begin(client)
    url = reverse("mailsync:setup_servers", args=[again.key])
    assert client.post(url, SERVERS).status_code == 422
    again.refresh_from_db()
    assert again.secret == ""


def test_the_servers_own_words_are_shown_once_and_kept_nowhere(
    alice, signed_in, servers, django_capture_on_commit_callbacks
):
    said = "NO [AUTHENTICATIONFAILED] canary-31337\x07"
    servers["incoming"] = StepResult(Step.SIGN_IN, "sign_in_refused", said)
    client = signed_in.as_(alice)
    setup = begin(client)
    url = reverse("mailsync:setup_servers", args=[setup.key])
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url, SERVERS)
    assert "canary-31337" not in str(list(AccountSetup.objects.values()))
    trial = reverse("mailsync:setup_trial", args=[setup.key])
    assert "NO [AUTHENTICATIONFAILED] canary-31337</q>" in client.get(trial).content.decode()
    assert "canary-31337" not in client.get(trial).content.decode()
    assert "canary-31337" not in client.get(url).content.decode()
    assert AccountSetup.objects.get().server_texts == ""


def test_what_answers_but_is_no_mail_server_is_told_as_what_does_not_answer(
    alice, signed_in, servers, django_capture_on_commit_callbacks
):
    client = signed_in.as_(alice)
    setup = begin(client)
    url = reverse("mailsync:setup_servers", args=[setup.key])
    pages = []
    for code, said in (("not_reached", ""), ("not_a_mail_server", "SSH-2.0-OpenSSH")):
        servers["incoming"] = StepResult(Step.CONNECTION, code, said)
        with django_capture_on_commit_callbacks(execute=True):
            client.post(url, SERVERS)
        trial = reverse("mailsync:setup_trial", args=[setup.key])
        pages.append(client.get(trial).content)
    assert pages[0] == pages[1]
    assert b"does not answer" in pages[0]


def test_a_failed_trial_takes_its_time(alice, servers, monkeypatch):
    slept = []
    monkeypatch.setattr(connecting.time, "sleep", slept.append)
    monkeypatch.setattr(connecting, "SHORTEST_TRIAL", 1.0)
    servers["incoming"] = StepResult(Step.NAME, "unknown_host")
    setup = connecting.begin(alice, address="a@acme.example", scope="personal", provider="other")
    connecting.start_trial(setup, servers=setup.servers, secret="x")
    connecting.run_trial(setup.pk)
    assert len(slept) == 1
    assert slept[0] > 0.9


# --- Finding the servers ----------------------------------------------------------------------


class Domain(Lookup):
    """What a domain publishes."""

    def __init__(self, **published):
        self.published = published

    def exchangers(self, domain):
        return self.published.get("mx", [])

    def service(self, name):
        return self.published.get("srv", {}).get(name.partition(".")[0])

    def document(self, host, path):
        return self.published.get("document")


@pytest.fixture
def domain_of_acme(monkeypatch, django_capture_on_commit_callbacks, signed_in, alice):
    """`domain_of_acme(mx=…)` is the page after the look-up of such a domain."""

    def looked_up(**published):
        monkeypatch.setattr(
            connecting,
            "suggest",
            lambda address: discovery.suggest(address, lookup=Domain(**published)),
        )
        client = signed_in.as_(alice)
        with django_capture_on_commit_callbacks(execute=True):
            setup = begin(client)
        url = reverse("mailsync:setup_servers", args=[setup.key])
        return client, url, client.get(url).content.decode()

    return looked_up


def test_company_domain_at_a_known_provider(domain_of_acme):
    _client, _url, text = domain_of_acme(mx=["aspmx.l.google.com"])
    assert "Gmail, Google Workspace, found by where the domain&#x27;s mail goes." in text
    assert 'value="imap.gmail.com"' in text
    assert "create an app password" in text


def test_provider_that_takes_no_password_is_said_before_it_is_typed(domain_of_acme):
    _client, _url, text = domain_of_acme(mx=["acme-example.mail.protection.outlook.com"])
    assert "takes no passwords from mail programs" in text


def test_servers_outside_the_domain_want_a_look(domain_of_acme, servers):
    records = {
        "_imaps": Service("imap.hoster.example", 993),
        "_submissions": Service("smtp.hoster.example", 465),
    }
    client, url, text = domain_of_acme(srv=records)
    assert "found in the domain&#x27;s name records" in text
    assert "imap.hoster.example, smtp.hoster.example is where my mail is" in text
    foreign = SERVERS | {
        "incoming_host": "imap.hoster.example",
        "outgoing_host": "smtp.hoster.example",
    }
    refused = client.post(url, foreign)
    assert refused.status_code == 422
    assert "Look at the name of the server" in refused.content.decode()
    assert AccountSetup.objects.get().secret == ""
    assert client.post(url, {**foreign, "confirmed": "on"}).status_code == 303


def test_nothing_found_is_said_to_be_a_guess(domain_of_acme):
    _client, _url, text = domain_of_acme()
    assert "the servers below are a guess" in text
    assert 'value="imap.acme.example"' in text


def test_page_waits_for_the_look_up_and_not_for_ever(alice, signed_in):
    client = signed_in.as_(alice)
    setup = begin(client)
    url = reverse("mailsync:setup_servers", args=[setup.key])
    assert "Looking up the servers" in client.get(url).content.decode()
    assert client.get(url, headers=HTMX).status_code == 204
    late = timezone.now() - connecting.LOOK_UP_TIME
    AccountSetup.objects.update(created_at=late)
    assert client.get(url, headers=HTMX).headers["HX-Redirect"] == url
    assert 'name="password"' in client.get(url).content.decode()


def test_a_chosen_provider_needs_no_look_up(alice, signed_in):
    client = signed_in.as_(alice)
    page = client.get(reverse("mailsync:account_add")).content.decode()
    assert "Fastmail" in page
    assert "Soverin" in page
    client.post(
        reverse("mailsync:account_add"), {"address": "a@acme.example", "provider": "fastmail"}
    )
    setup = AccountSetup.objects.get()
    assert setup.state == SetupState.TYPING
    assert setup.servers["incoming"]["host"] == "imap.fastmail.com"


def test_members_do_not_choose_team_accounts(alice, signed_in):
    client = signed_in.as_(alice)
    assert "A team&#x27;s" not in client.get(reverse("mailsync:account_add")).content.decode()


def test_reconnect_keeps_the_account(
    alice, account, signed_in, servers, django_capture_on_commit_callbacks, monkeypatch
):
    monkeypatch.setattr(domain, "_sync_soon", lambda account: None)
    thread = make_thread(account)
    account.state = AccountState.AUTH_FAILED
    account.save()
    client = signed_in.as_(alice)
    client.post(reverse("mailsync:account_reconnect", args=[account.key]))
    setup = AccountSetup.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("mailsync:setup_servers", args=[setup.key]), SERVERS)
    choices = reverse("mailsync:setup_choices", args=[setup.key])
    client.get(choices)
    account.refresh_from_db()
    assert account.state == AccountState.AUTH_FAILED  # reading a page changes nothing
    client.post(choices)
    account.refresh_from_db()
    assert account.state == AccountState.OK
    assert account.threads.get() == thread


# --- Diagnostics -----------------------------------------------------------------------------


@pytest.fixture
def journal(account):
    box = Mailbox.objects.create(
        account=account, path="INBOX", role="inbox", uidvalidity=1, exists_seen=5
    )
    thread = make_thread(account, "Here it is")
    MailboxEntry.objects.create(
        mailbox=box, uidvalidity=1, uid=1, email=thread.emails.get(), outcome=Outcome.STORED
    )
    MailboxEntry.objects.create(
        mailbox=box,
        uidvalidity=1,
        uid=2,
        outcome=Outcome.BLOCKED,
        headers={"from": "spam@x.example", "subject": "Buy now", "message_id": "b@x"},
    )
    return MailboxEntry.objects.create(
        mailbox=box,
        uidvalidity=1,
        uid=3,
        outcome=Outcome.FAILED,
        reason="message_unreadable",
        headers={"from": "odd@x.example", "subject": "Broken", "message_id": "c@x"},
    )


def test_figures_add_up(alice, account, journal, signed_in):
    response = signed_in.as_(alice).get(reverse("mailsync:diagnostics", args=[account.key]))
    assert response.context["totals"] == {
        "on_server": 5,
        "here": 1,
        "left_out_number": 1,
        "failed": 1,
        "to_come": 2,
    }


def test_figures_tell_of_folders_that_are_not_chosen_and_of_one_generation(
    alice, account, journal, signed_in
):
    account.mailboxes.create(path="Newsletters", is_chosen=False, exists_seen=40)
    email = MailboxEntry.objects.get(uid=1).email
    MailboxEntry.objects.create(
        mailbox=journal.mailbox, uidvalidity=0, uid=9, email=email, outcome=Outcome.STORED
    )
    response = signed_in.as_(alice).get(reverse("mailsync:diagnostics", args=[account.key]))
    totals = response.context["totals"]
    assert totals["left_out_number"] == 41
    assert "Folder not chosen: 40" in response.content.decode()
    parts = ("here", "left_out_number", "failed", "to_come")
    assert totals["on_server"] == sum(totals[name] for name in parts) == 45


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("Here it is", "Here"),
        ("ada@acme.example", "Here"),
        ("spam@x.example", "Blocked address"),
        ("<c@x>", "Could not be read"),
        ("nowhere", "No trace of it"),
    ],
)
def test_where_is_my_mail(alice, bob, journal, signed_in, query, answer):
    url = reverse("mailsync:where")
    assert answer in signed_in.as_(alice).get(url, {"q": query}).content.decode()
    assert "No trace of it" in signed_in.as_(bob).get(url, {"q": query}).content.decode()


def test_where_is_the_mail_of_a_day(alice, journal, signed_in):
    MailboxEntry.objects.filter(uid=2).update(received_at="2026-01-05T12:00:00Z")
    client, url = signed_in.as_(alice), reverse("mailsync:where")
    page = client.get(url, {"day": "2026-01-05"}).content.decode()
    assert "Buy now" in page
    assert "Broken" not in page
    assert "No trace of it" in client.get(url, {"day": "2026-03-05"}).content.decode()
    asked = client.get(url, {"q": " ", "day": ""})
    assert (asked.status_code, asked.context["found"]) == (200, None)
    assert "or the day it arrived" in asked.content.decode()


def test_unreadable_can_be_tried_again_by_its_owner(alice, bob, journal, signed_in):
    page = reverse("mailsync:unreadable")
    assert "Broken" in signed_in.as_(alice).get(page).content.decode()
    assert "Broken" not in signed_in.as_(bob).get(page).content.decode()
    url = reverse("mailsync:try_again", args=[journal.key])
    assert signed_in.as_(bob).post(url).status_code == 404
    journal.refresh_from_db()
    assert journal.outcome == Outcome.FAILED
    signed_in.as_(alice).post(url)
    journal.refresh_from_db()
    assert journal.outcome == Outcome.SEEN


def test_change_in_the_mailbox_is_listed_and_taken_back(alice, bob, account, journal, signed_in):
    entry = MailboxEntry.objects.get(uid=1)
    change = RemoteChange.objects.create(
        account=account,
        entry=entry,
        email=entry.email,
        operation=ChangeOperation.KEYWORDS,
        wanted={"add": 1},
        made_by=alice,
    )
    page = reverse("mailsync:changes", args=[account.key])
    assert "Here it is" in signed_in.as_(alice).get(page).content.decode()
    url = reverse("mailsync:undo_change", args=[change.key])
    assert signed_in.as_(bob).post(url).status_code == 404
    assert signed_in.as_(alice).post(url).status_code == 303
    change.refresh_from_db()
    assert change.state == "dropped"


# --- Blocked addresses, usage ----------------------------------------------------------------


def test_block_a_pasted_list(alice, signed_in):
    client = signed_in.as_(alice)
    url = reverse("mailsync:blocked")
    response = client.post(url, {"patterns": "Spam@X.example\n\n@list.example\nnot an address"})
    assert response.status_code == 422
    assert "Line 4" in response.content.decode()
    rows = set(BlockedAddress.objects.values_list("user", "scope", "pattern"))
    assert rows == {
        (alice.pk, "address", "spam@x.example"),
        (alice.pk, "domain", "list.example"),
    }


def test_own_company_is_not_blocked(alice, bob, signed_in):
    client = signed_in.as_(alice)
    client.post(reverse("mailsync:blocked"), {"patterns": f"{bob.email}\n@northwind.example"})
    assert not BlockedAddress.objects.exists()


def test_unblock_is_ones_own(alice, bob, signed_in):
    row = BlockedAddress.objects.create(user=alice, scope="address", pattern="spam@x.example")
    url = reverse("mailsync:unblock", args=[row.pk])
    assert signed_in.as_(bob).post(url).status_code == 404
    assert BlockedAddress.objects.exists()
    signed_in.as_(alice).post(url)
    assert not BlockedAddress.objects.exists()


def test_block_sender_from_the_conversation(alice, account, signed_in):
    thread = make_thread(account)
    signed_in.as_(alice).post(reverse("inbox:thread_block", args=[thread.key]))
    assert BlockedAddress.objects.get().pattern == "ada@acme.example"
    thread.refresh_from_db()
    assert thread.trashed_at is not None


def test_usage_counts_accounts_and_never_mail(alice, dana, account, signed_in):
    make_thread(account, "Private canary-31337")
    url = reverse("mailsync:usage")
    assert signed_in.as_(alice).get(url).status_code == 403
    text = signed_in.as_(dana).get(url).content.decode()
    assert "Alice" in text
    assert "canary-31337" not in text
    assert account.address not in text
