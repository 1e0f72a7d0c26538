"""The wizard: from an address to an account that syncs."""

import re

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from mailsync.domain import accounts as domain
from mailsync.domain import setup as connecting
from mailsync.enums import AccountState, SetupState
from mailsync.models import AccountSetup, MailAccount
from mailsync.providers import discovery
from mailsync.providers.discovery import Lookup, Service
from mailsync.providers.probe import ProbeResult, Step, StepResult
from tests.factories.mail import make_thread

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


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
