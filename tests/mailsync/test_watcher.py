"""The watcher against a real Dovecot: news rings, quiet does not, bad accounts delay nobody."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from mailsync.enums import Security
from mailsync.providers.base import Keyword, ProviderError, Reaction, ServerAddress
from mailsync.providers.imap import IMAPStore
from mailsync.providers.imap_idle import IMAPIdle
from mailsync.watcher import Watched, Watcher
from tests.cases.mail_store import message
from tests.fakes.scripted import ScriptedServer, Talk, imap_script
from tests.servers import dovecot as servers
from tests.servers.dovecot import Dovecot

pytestmark = pytest.mark.servers


class Watching:
    """A watcher in a thread, whose accounts the test changes."""

    def __init__(self, **kwargs: object) -> None:
        self.accounts: dict[int, Watched] = {}
        self.rung: list[tuple[int, float]] = []
        self.watcher = Watcher(
            accounts=lambda: dict(self.accounts),
            wake=lambda number: self.rung.append((number, time.monotonic())),
            **kwargs,  # type: ignore[arg-type]
        )
        self.thread = threading.Thread(target=self.watcher.run)

    def add(self, number: int, address: ServerAddress, version: str = "1") -> None:
        self.accounts[number] = Watched(version=version, address=lambda: address)

    def rung_for(self, number: int) -> int:
        return sum(1 for one, _at in self.rung if one == number)

    def close(self) -> None:
        self.watcher.stop()
        self.thread.join(10)


def until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def watching(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watching]:
    monkeypatch.setattr("mailsync.watcher.REFRESH_EVERY", 0.2)
    watching = Watching()
    watching.thread.start()
    yield watching
    watching.close()
    assert not watching.thread.is_alive()


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_new_mail_rings_within_a_second(
    dovecot: Dovecot, watching: Watching, security: Security
) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, message(1))
    watching.add(7, dovecot.address(user, security=security))
    assert until(lambda: watching.watcher.held == 1)
    assert watching.rung == []
    began = time.monotonic()
    dovecot.deliver(user, message(2))
    assert until(lambda: watching.rung_for(7) >= 1)
    # Dovecot itself collects changes for half a second.
    assert watching.rung[0][1] - began < 1.5


def test_a_mark_of_another_program_rings(dovecot: Dovecot, watching: Watching) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, message(1))
    watching.add(1, dovecot.address(user))
    assert until(lambda: watching.watcher.held == 1)
    other = IMAPStore.connect(dovecot.address(user))
    other.open("INBOX", writable=True)
    other.set_keywords([1], add=Keyword.SEEN)
    other.close()
    assert until(lambda: watching.rung_for(1) >= 1)


@pytest.mark.parametrize("mailbox", ["Sent", "Archive"])
def test_mail_that_another_program_stores_elsewhere_rings(
    dovecot: Dovecot, watching: Watching, mailbox: str
) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, message(1))
    watching.add(1, dovecot.address(user))
    assert until(lambda: watching.watcher.held == 1)
    other = IMAPStore.connect(dovecot.address(user))
    other.append(mailbox, message(2), keywords=Keyword.SEEN)
    other.close()
    assert until(lambda: watching.rung_for(1) >= 1)


@pytest.mark.parametrize("answer", ["NO [NOTIFICATIONOVERFLOW] too much", "BAD what"])
def test_server_that_will_not_watch_every_mailbox_still_watches_the_inbox(
    loopback_allowed: None, watching: Watching, answer: str
) -> None:
    talks = []

    def idle(talk: Talk, tag: bytes) -> None:
        del tag
        talk.say(b"+ idling\r\n")
        talks.append(talk)

    def refuse(talk: Talk, tag: bytes) -> None:
        talk.say(tag + f" {answer}\r\n".encode())

    script = imap_script(
        {"NOTIFY": refuse, "IDLE": idle}, capabilities="IMAP4rev1 IDLE NOTIFY AUTH=PLAIN SASL-IR"
    )
    with ScriptedServer(script) as server:
        watching.add(1, server.address())
        assert until(lambda: watching.watcher.held == 1)
        talks[0].say(b"* 4 EXISTS\r\n")
        assert until(lambda: watching.rung_for(1) == 1)
        watching.close()


def test_accounts_come_and_go(dovecot: Dovecot, watching: Watching) -> None:
    users = [dovecot.new_user() for _ in range(3)]
    for number, user in enumerate(users):
        watching.add(number, dovecot.address(user))
    assert until(lambda: watching.watcher.held == 3)
    del watching.accounts[0]
    assert until(lambda: watching.watcher.held == 2)
    watching.add(1, dovecot.address(users[0]), version="2")
    time.sleep(0.5)
    assert until(lambda: watching.watcher.held == 2)
    dovecot.deliver(users[0], message(1))
    assert until(lambda: watching.rung_for(1) >= 1)
    assert watching.rung_for(0) == 0


def test_a_flood_rings_twice(dovecot: Dovecot, watching: Watching) -> None:
    user = dovecot.new_user()
    watching.add(1, dovecot.address(user))
    assert until(lambda: watching.watcher.held == 1)
    for number in range(20):
        dovecot.deliver(user, message(number))
    assert until(lambda: watching.rung_for(1) >= 1)
    time.sleep(1.5)
    assert watching.rung_for(1) <= 3


def test_renewing_keeps_it_alive(
    dovecot: Dovecot, watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailsync.providers.imap_idle.RENEW_AFTER", 0.3)
    user = dovecot.new_user()
    watching.add(1, dovecot.address(user))
    assert until(lambda: watching.watcher.held == 1)
    time.sleep(1.5)
    assert watching.watcher.held == 1
    dovecot.deliver(user, message(1))
    assert until(lambda: watching.rung_for(1) >= 1)


def test_bad_accounts_delay_nobody(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsync.watcher.REFRESH_EVERY", 0.2)

    tried: list[float] = []

    def start(address: ServerAddress) -> IMAPIdle:
        if address.host == "dead.example":
            tried.append(time.monotonic())
            time.sleep(0.3)
            raise ProviderError("not_reached", Reaction.LATER)
        return IMAPIdle.start(address)

    watching = Watching(start=start)
    watching.thread.start()
    try:
        dead = ServerAddress("dead.example", 993, "tls", "u", "p")
        for number in range(100, 160):
            watching.add(number, dead)
        assert until(lambda: len(tried) >= 75, 15.0)  # each of them failed once by now
        user = dovecot.new_user()
        watching.add(1, dovecot.address(user))
        assert until(lambda: watching.watcher.held == 1, 2.0)
    finally:
        watching.close()


def test_hundreds_of_accounts_do_not_sign_in_in_one_second() -> None:
    """After a start all are due at once; one that comes later is not behind those that failed."""
    signed_in: list[float] = []

    def start(address: ServerAddress) -> IMAPIdle:
        signed_in.append(time.monotonic())
        raise ProviderError("not_reached", Reaction.LATER)

    watching = Watching(start=start)
    everybody = ServerAddress("mail.example", 993, "tls", "u", "p")
    for number in range(500):
        watching.add(number, everybody)
    watching.thread.start()
    try:
        time.sleep(2.2)
        assert len(signed_in) >= 20
        busiest = max(
            sum(1 for other in signed_in if moment <= other < moment + 1.0) for moment in signed_in
        )
        assert busiest <= 21  # the first of a second, and twenty more
    finally:
        watching.close()


def test_a_refused_password_is_not_tried_again_soon(dovecot: Dovecot, watching: Watching) -> None:
    good = dovecot.address(dovecot.new_user())
    tries = []

    def address() -> ServerAddress:
        tries.append(1)
        return ServerAddress(good.host, good.port, good.security, good.user_name, "wrong")

    watching.accounts[1] = Watched(version="1", address=address)
    assert until(lambda: len(tries) == 1)
    time.sleep(4)  # Dovecot itself waits two seconds before it refuses
    assert len(tries) == 1


def test_a_server_without_idle_is_left_to_polling(
    dovecots: Callable[[str], Dovecot], watching: Watching, loopback_allowed: None
) -> None:
    server = dovecots(servers.BARE)
    watching.add(1, server.address(server.new_user(), security=Security.PLAIN))
    time.sleep(1.0)
    assert watching.watcher.held == 0


def test_a_restarted_server_is_found_again(loopback_allowed: None, watching: Watching) -> None:
    if not servers.is_installed():
        pytest.skip("Dovecot is not installed")
    with Dovecot() as server:
        user = server.new_user()
        watching.add(1, server.address(user, security=Security.PLAIN))
        assert until(lambda: watching.watcher.held == 1)
        server.stop()
        assert until(lambda: watching.watcher.held == 0)
        server.start()
        assert until(lambda: watching.watcher.held == 1, 20)
        # What came while nobody listened is looked for at once.
        assert until(lambda: watching.rung_for(1) >= 1)


def test_a_database_that_is_away_hangs_up_on_nobody(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    address = dovecot.address(user)
    watched = {1: Watched(version="1", address=lambda: address)}
    is_away = False

    def accounts() -> dict[int, Watched]:
        if is_away:
            raise OSError("no database")
        return watched

    watcher = Watcher(accounts=accounts, wake=lambda _number: None)
    end = time.monotonic() + 10
    while not watcher.held and time.monotonic() < end:
        watcher.turn(0.1)
    is_away = True
    watcher._next_refresh = 0.0
    watcher.turn(0.1)
    assert watcher.held == 1
    watcher.close()
