"""Which accounts the watcher is told to hold."""

import pytest

from common.vault import conceal
from mailsync.domain.watching import watched_accounts
from mailsync.enums import AccountState, Direction, Security
from mailsync.models import MailAccount, ServerSettings


@pytest.fixture
def incoming(account: MailAccount) -> ServerSettings:
    ServerSettings.objects.filter(account=account).delete()
    row = ServerSettings(
        account=account,
        direction=Direction.INCOMING,
        host="imap.northwind.example",
        port=993,
        security=Security.TLS,
        user_name="alice",
    )
    conceal(row, "secret", "correct-horse")
    row.save()
    return row


def test_an_account_in_good_order_is_watched(
    account: MailAccount, incoming: ServerSettings
) -> None:
    watched = watched_accounts()
    assert set(watched) == {account.pk}
    address = watched[account.pk].address()
    assert (address.host, address.user_name, address.secret) == (
        "imap.northwind.example",
        "alice",
        "correct-horse",
    )


@pytest.mark.parametrize("state", [s for s in AccountState if s is not AccountState.OK])
def test_others_are_not(account: MailAccount, incoming: ServerSettings, state: str) -> None:
    MailAccount.objects.filter(pk=account.pk).update(state=state)
    assert watched_accounts() == {}


@pytest.mark.parametrize("change", [{"host": "imap.other.example"}, {"port": 143}, {"secret": ""}])
def test_other_settings_are_another_version(
    account: MailAccount, incoming: ServerSettings, change: dict[str, object]
) -> None:
    before = watched_accounts()[account.pk].version
    assert watched_accounts()[account.pk].version == before
    ServerSettings.objects.filter(pk=incoming.pk).update(**change)
    assert watched_accounts()[account.pk].version != before
