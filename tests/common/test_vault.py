import pytest
from django.core.management import CommandError, call_command

from common.vault import VaultError, conceal, key_id_of, open_text, reveal, seal_text
from mailsync.enums import Direction, Security
from mailsync.models import ServerSettings


@pytest.fixture
def server(account):
    row = ServerSettings(
        account=account,
        direction=Direction.INCOMING,
        host="imap.northwind.example",
        port=993,
        security=Security.TLS,
        user_name="alice",
    )
    conceal(row, "secret", "correct horse")
    row.save()
    return row


def test_a_secret_opens_in_its_row(server):
    server.refresh_from_db()
    assert "horse" not in server.secret
    assert reveal(server, "secret") == "correct horse"


def test_the_same_text_never_looks_the_same():
    assert seal_text("a", bound="x") != seal_text("a", bound="x")


@pytest.mark.parametrize("change", [{"host": "imap.evil.example"}, {"direction": "outgoing"}])
def test_a_secret_does_not_open_where_it_does_not_belong(server, change):
    for name, value in change.items():
        setattr(server, name, value)
    with pytest.raises(VaultError):
        reveal(server, "secret")


def test_a_secret_moved_to_another_account_does_not_open(server, bob):
    from tests.factories.mail import make_account

    thief = ServerSettings(
        account=make_account(bob),
        direction=server.direction,
        host=server.host,
        secret=server.secret,
    )
    with pytest.raises(VaultError):
        reveal(thief, "secret")


@pytest.mark.parametrize("text", ["", "plain", "v1$x$y", "v9$0$AAAA"])
def test_what_is_not_sealed_does_not_open(text):
    with pytest.raises(VaultError):
        open_text(text, bound="x")


def test_no_secret_means_none(account):
    assert reveal(ServerSettings(account=account), "secret") == ""


def test_keys_are_changed_row_by_row(server, settings, capsys):
    old = settings.VAULT_KEYS[0]
    settings.VAULT_KEYS = ["a new key", old]
    assert reveal(server, "secret") == "correct horse"

    call_command("rotate_keys")
    call_command("rotate_keys")

    assert capsys.readouterr().out.splitlines()[0].startswith("1 secrets")
    settings.VAULT_KEYS = ["a new key"]
    server.refresh_from_db()
    assert reveal(server, "secret") == "correct horse"


def test_a_key_dropped_too_early_is_named(server, settings):
    gone = key_id_of(server.secret)
    settings.VAULT_KEYS = ["a new key"]
    with pytest.raises(CommandError, match=gone):
        call_command("rotate_keys")
