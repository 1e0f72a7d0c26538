"""The log: what broke and where, never with what."""

import logging
import logging.config
import sys
from typing import Any

import pytest
from celery.app.trace import LOG_FAILURE
from django.conf import settings
from django.db import IntegrityError

from common.logs import LineFormatter
from mailsync.domain import sync
from mailsync.models import MailAccount
from mailsync.providers.base import ProviderError, Reaction
from users.domain import invitations
from users.enums import Role


class Kept(logging.Handler):
    """Every line as our formatter writes it, and as Python's would."""

    def __init__(self) -> None:
        super().__init__()
        self.ours: list[str] = []
        self.pythons: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = settings.LOGGING["formatters"]["line"]["format"]
        self.ours.append(LineFormatter(line).format(record))
        self.pythons.append(logging.Formatter(line).format(record))


@pytest.fixture
def kept() -> Any:
    handler = Kept()
    root = logging.getLogger()
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)


def failing_at_something() -> None:
    try:
        int("canary text")
    except ValueError as error:
        raise KeyError("canary key") from error


def test_settings_use_it() -> None:
    assert settings.LOGGING["formatters"]["line"]["()"] == "common.logs.LineFormatter"
    assert {handler["formatter"] for handler in settings.LOGGING["handlers"].values()} == {"line"}


def test_exception_without_its_words(kept: Kept) -> None:
    try:
        failing_at_something()
    except KeyError:
        logging.getLogger("x").exception("account %s: sync failed", 7)
    (line,), (theirs,) = kept.ours, kept.pythons
    assert "canary text" in theirs
    assert "canary key" in theirs
    assert "account 7: sync failed" in line
    assert "in failing_at_something" in line
    assert line.index("ValueError") < line.index("KeyError")
    assert "'canary" not in line
    assert 'int("canary text")' in line, "a line of the program is no content"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ProviderError("sign_in_refused", Reaction.SIGN_IN), "ProviderError sign_in_refused"),
        (OSError(28, "canary", "/data/canary"), "OSError 28"),
        (UnicodeDecodeError("utf-8", b"canary", 0, 1, "canary"), "UnicodeDecodeError"),
    ],
)
def test_code_is_said(error: Exception, said: str) -> None:
    try:
        raise error
    except type(error):
        text = LineFormatter().formatException(sys.exc_info())
    assert text.endswith(said)
    assert "canary" not in text.casefold()


def test_row_that_the_database_refuses(kept: Kept) -> None:
    """As PostgreSQL says it."""
    said = "duplicate key\nDETAIL:  Key (address)=(canary@acme.example) already exists."
    logging.getLogger("x").error("refused", exc_info=IntegrityError(said))
    assert "canary@" in kept.pythons[0]
    assert "canary@" not in kept.ours[0]
    assert "IntegrityError" in kept.ours[0]


@pytest.mark.django_db
def test_sync_that_breaks(kept: Kept, account: MailAccount, monkeypatch: Any) -> None:
    words = "canary of a subject"

    def broken(*_given: Any, **_named: Any) -> None:
        raise ValueError(words)

    monkeypatch.setattr("mailsync.domain.connections.open_store", broken)
    sync.sync_account(account.pk)
    assert "canary" in "".join(kept.pythons)
    assert "canary" not in "".join(kept.ours)
    assert f"account {account.pk}: sync failed" in "".join(kept.ours)


def test_task_that_breaks(kept: Kept) -> None:
    """As celery.app.trace says it, with the exception among the words and beside them."""
    error = ValueError("canary")
    words = {"name": "t", "id": "1", "description": "raised unexpected", "exc": repr(error)}
    logger = logging.getLogger("celery.app.trace")
    logger.error(LOG_FAILURE, words, exc_info=error)
    assert "canary" in kept.pythons[0]
    assert "canary" not in kept.ours[0]
    assert "ValueError" in kept.ours[0]


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["post", "head"])
def test_links_that_work_are_not_written_down(
    kept: Kept, client: Any, dana: Any, method: str
) -> None:
    """A refused password, or a scanner's HEAD, is a line with the path of the page."""
    invitation = invitations.invite(email="new@northwind.example", role=Role.MEMBER, by=dana)
    token = invitations.new_token(invitation)
    send = getattr(client, method)
    kept.ours.clear()
    kept.pythons.clear()
    assert send(f"/join/{token}/").status_code in (405, 422)
    assert str(token) in "".join(kept.pythons)
    assert str(token) not in "".join(kept.ours)
    assert "/join/…" in "".join(kept.ours)
    assert invitations.find(str(token))
