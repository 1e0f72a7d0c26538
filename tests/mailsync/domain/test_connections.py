"""A connection outlives the slice, and only as long as it is good for something."""

from typing import Any

import pytest

from mailsync.domain import connections
from mailsync.domain.connections import slice_store
from mailsync.enums import Direction
from mailsync.models import MailAccount, ServerSettings
from mailsync.providers.base import ProviderError, Reaction
from tests.factories.mail import make_account
from tests.fakes.store import FakeServer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_are_kept(settings: Any) -> Any:
    settings.MAIL_CONNECTIONS_KEPT = 2
    yield
    for kept in connections._kept.values():
        kept.store.close()
    connections._kept.clear()


@pytest.fixture
def settings_row(account: MailAccount) -> ServerSettings:
    return ServerSettings.objects.create(
        account=account,
        direction=Direction.INCOMING,
        host="imap.northwind.example",
        port=993,
        security="tls",
        user_name="alice",
    )


def used(account: MailAccount) -> Any:
    with slice_store(account) as store:
        return store


def test_next_slice_takes_the_same(account: MailAccount, server: FakeServer) -> None:
    first = used(account)
    assert used(account) is first
    assert server.open_stores == 1


def test_two_slices_at_once_do_not_share_one(account: MailAccount, server: FakeServer) -> None:
    used(account)
    with slice_store(account) as one, slice_store(account) as two:
        assert one is not two
    assert server.open_stores == 1


def test_after_trouble_it_is_closed(account: MailAccount, server: FakeServer) -> None:
    with pytest.raises(ProviderError), slice_store(account):
        raise ProviderError("connection_lost", Reaction.LATER)
    assert server.open_stores == 0


def test_one_that_died_while_it_waited_is_replaced(account: MailAccount) -> None:
    first = used(account)
    first.close()
    assert used(account) is not first


def test_another_password_makes_another(
    account: MailAccount, server: FakeServer, settings_row: ServerSettings
) -> None:
    first = used(account)
    ServerSettings.objects.filter(pk=settings_row.pk).update(secret="sealed otherwise")
    assert used(account) is not first
    assert server.open_stores == 1


def test_number_and_time_are_bounded(
    account: MailAccount, server: FakeServer, bob: Any, carol: Any, monkeypatch: Any
) -> None:
    others = [make_account(bob), make_account(carol)]
    for one in (account, *others):
        used(one)
    assert list(connections._kept) == [one.pk for one in others]
    assert server.open_stores == 2
    monkeypatch.setattr(connections, "KEPT_SECONDS", -1.0)
    for one in others:
        used(one)
    used(account)
    assert server.open_stores == 1
