"""An account whose server is in memory."""

from typing import Any

import pytest

from mailsync.domain import sync
from mailsync.enums import AccountState
from mailsync.models import MailAccount
from tests.factories.mail import make_account
from tests.fakes.store import FakeServer
from users.models import User


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def account(alice: User, server: FakeServer, settings: Any, tmp_path: Any, monkeypatch: Any) -> Any:
    """alice's account on `server`; nothing is queued, tests run the slices."""
    settings.BLOB_DIR = tmp_path / "blobs"
    monkeypatch.setattr("mailsync.domain.connections.open_store", lambda _: server.open_store())
    for name in ("sync_account", "replay_changes", "remove_account", "reconsider_mail"):
        monkeypatch.setattr(f"mailsync.tasks.{name}.delay_on_commit", lambda *_: None)
    return make_account(alice)


@pytest.fixture
def run() -> Any:
    """Syncs until there is nothing left; a failure that the slice noted fails the test."""

    def run(account: MailAccount) -> None:
        while sync.sync_account(account.pk).has_more:
            pass
        account.refresh_from_db()
        assert (account.state, account.error_code) == (AccountState.OK, "")

    return run
