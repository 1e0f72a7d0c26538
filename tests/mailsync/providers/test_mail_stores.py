"""The same cases for the fake and for IMAP on a real Dovecot, with all and with few extensions."""

from collections.abc import Callable, Iterator

import pytest

from mailsync.enums import Security
from mailsync.providers.base import Keyword
from mailsync.providers.imap import IMAPStore
from tests.cases.mail_store import Box, MailStoreCases
from tests.fakes import store as fake
from tests.servers import dovecot as servers
from tests.servers.dovecot import Dovecot


class TestFakeStore(MailStoreCases):
    @pytest.fixture(params=["FULL", "MICROSOFT", "GMAIL", "BARE"])
    def box(self, request: pytest.FixtureRequest) -> Box:
        server = fake.FakeServer(capabilities=getattr(fake, request.param))

        def deliver(raw: bytes, **kwargs: object) -> None:
            server.deliver(raw, **kwargs)  # type: ignore[arg-type]

        return Box(server.open_store(), deliver, server.open_store)


@pytest.mark.servers
@pytest.mark.usefixtures("loopback_allowed")
class TestIMAPStore(MailStoreCases):
    @pytest.fixture(params=["", servers.MICROSOFT, servers.BARE], ids=["full", "microsoft", "bare"])
    def box(
        self,
        request: pytest.FixtureRequest,
        dovecots: Callable[[str], Dovecot],
    ) -> Iterator[Box]:
        server = dovecots(request.param)
        user = server.new_user()
        address = server.address(user, security=Security.PLAIN)
        store = IMAPStore.connect(address)

        def deliver(raw: bytes, *, mailbox: str = "INBOX") -> None:
            server.deliver(user, raw, mailbox=mailbox)

        yield Box(store, deliver, lambda: IMAPStore.connect(address))
        store.close()


def test_a_fault_comes_at_its_step_once() -> None:
    server = fake.FakeServer()
    server.deliver(b"Subject: a\n\nb\n")
    store = server.open_store()
    store.open("INBOX")
    server.fail_at(2, OSError("cut"))
    with pytest.raises(OSError, match="cut"):
        list(store.content([1]))
    assert [row.uid for row in store.content([1])] == [1]


def test_the_fake_numbers_anew() -> None:
    server = fake.FakeServer()
    for _ in range(3):
        server.deliver(b"Subject: a\n\nb\n")
    server.expunge("INBOX", 1)
    before = server.mailboxes["INBOX"].uidvalidity
    server.bump_uidvalidity("INBOX")
    assert server.mailboxes["INBOX"].uidvalidity > before
    assert sorted(server.mailboxes["INBOX"].messages) == [1, 2]
    assert server.mailboxes["INBOX"].messages[1].keywords is Keyword.NONE
