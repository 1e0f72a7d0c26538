"""The same cases for the fake and for IMAP on a real Dovecot, with all and with few extensions."""

from collections.abc import Callable, Iterator

import pytest

from mailsync.enums import Security
from mailsync.providers.base import Keyword
from mailsync.providers.imap import IMAPStore
from tests.cases.mail_store import Box, MailStoreCases, message
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
    @pytest.fixture(
        params=["", servers.MICROSOFT, servers.GMAIL, servers.BARE],
        ids=["full", "microsoft", "gmail", "bare"],
    )
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


@pytest.mark.servers
@pytest.mark.usefixtures("loopback_allowed")
def test_compressed_connections_carry_every_byte() -> None:
    with Dovecot(plugins="imap_zlib") as server:
        user = server.new_user()
        raws = [message(1, body="hello " * 50_000), message(2, body="x")]
        for raw in raws:
            server.deliver(user, raw)
        store = IMAPStore.connect(server.address(user, security=Security.PLAIN))
        assert "COMPRESS=DEFLATE" in store.capabilities
        store.open("INBOX", writable=True)
        wanted = [raw.replace(b"\n", b"\r\n") for raw in raws]
        for _ in range(3):
            assert [row.raw for row in store.content([1, 2])] == wanted
        store.append("Sent", wanted[0], keywords=Keyword.SEEN)
        assert store.open("Sent").exists == 1
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
