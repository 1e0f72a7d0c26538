"""Where connections may go: every spelling of a private address, rebinding, lying certificates."""

import socket
import ssl
import threading
import time
from ipaddress import ip_network
from pathlib import Path

import pytest

from common.net import (
    Candidate,
    ConnectError,
    NetworkPolicy,
    encrypt,
    judged_addresses,
    resolve,
    safe_connect,
)
from mailsync.enums import Security
from mailsync.providers.base import ProviderError, Reaction, ServerAddress
from mailsync.providers.imap import IMAPStore
from mailsync.providers.imap_sign_in import connect_failed
from mailsync.providers.smtp import SMTPSubmitter
from tests.fakes.scripted import ScriptedServer, Talk, imap_script
from tests.servers.tls import Authority, Leaf

PUBLIC_ONLY = NetworkPolicy(ports=frozenset({993}))

# Spellings that the system's resolver takes for an address, and addresses that Python's own
# `is_global` or `is_private` gets wrong.
FORBIDDEN = [
    "127.0.0.1",
    "127.1",
    "0177.0.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "①②⑦.0.0.1",
    "0",
    "0.0.0.0",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "::127.0.0.1",
    "192.0.0.8",
    "fec0::1",
    "ff02::1",
    "224.0.0.1",
    "100.64.0.1",
    "10.0.0.5",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "198.18.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "fc00::1",
    "fe80::1",
    "2001:db8::1",
    "2001::1",
    "2001:0:7f00:1::80ff:fffe",
    "192.88.99.1",
    "5f00::1",
    "localhost",
    "localhost.",
]


def fixed(*addresses: str) -> list[Candidate]:
    return [(socket.AF_INET6 if ":" in text else socket.AF_INET, (text, 993)) for text in addresses]


@pytest.mark.parametrize("host", FORBIDDEN)
def test_no_spelling_of_an_inside_address_passes(host: str) -> None:
    with pytest.raises(ConnectError) as caught:
        judged_addresses(host, 993, policy=PUBLIC_ONLY)
    # Where this machine's resolver does not take the spelling, nothing can be reached either.
    assert caught.value.code in ("private_network", "unknown_host")


@pytest.mark.parametrize("host", [h for h in FORBIDDEN if not h.startswith("localhost")])
def test_the_socket_address_is_judged_whatever_the_name(host: str) -> None:
    try:
        rows = resolve(host, 993)
    except ConnectError:
        pytest.fail("glibc takes all of these")
    with pytest.raises(ConnectError) as caught:
        judged_addresses("mail.example.com", 993, policy=PUBLIC_ONLY, resolver=lambda *_: rows)
    assert caught.value.code == "private_network"


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07::1", "::ffff:8.8.8.8"])
def test_public_addresses_pass(address: str) -> None:
    rows = fixed(address)
    assert judged_addresses("a.example", 993, policy=PUBLIC_ONLY, resolver=lambda *_: rows) == rows


def test_of_mixed_answers_only_the_public_ones_are_used() -> None:
    rows = fixed("10.0.0.5", "93.184.215.14", "::1")
    found = judged_addresses("a.example", 993, policy=PUBLIC_ONLY, resolver=lambda *_: rows)
    assert found == fixed("93.184.215.14")


def test_the_operator_can_allow_a_network() -> None:
    listed = NetworkPolicy(
        ports=frozenset({993}),
        private_networks=(ip_network("10.1.0.0/16"),),
    )
    rows = fixed("10.1.2.3")
    assert judged_addresses("a.example", 993, policy=listed, resolver=lambda *_: rows) == rows
    mapped = fixed("::ffff:10.1.2.3")
    assert judged_addresses("a.example", 993, policy=listed, resolver=lambda *_: mapped) == mapped
    # A tunnel's outer address is not in the list although the inner one is.
    for tunnelled in ("2002:0a01:0203::", "64:ff9b::a01:203", "10.2.0.1"):
        with pytest.raises(ConnectError):
            judged_addresses(
                "a.example", 993, policy=listed, resolver=lambda *_, t=tunnelled: fixed(t)
            )


def test_settings_are_read(settings: object) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = ["192.168.7.9/24"]  # type: ignore[attr-defined]
    settings.MAIL_PORTS = [143]  # type: ignore[attr-defined]
    policy = NetworkPolicy.from_settings()
    assert policy.ports == {143}
    assert [str(network) for network in policy.private_networks] == ["192.168.7.0/24"]


@pytest.mark.parametrize("port", [22, 80, 3306, 5432, 6379, 9200])
def test_other_ports_are_refused_before_asking_dns(port: int) -> None:
    def never(*_: object) -> list[Candidate]:
        raise AssertionError("asked")

    with pytest.raises(ConnectError) as caught:
        judged_addresses("mail.example.com", port, policy=PUBLIC_ONLY, resolver=never)
    assert caught.value.code == "port_not_allowed"


def test_the_demo_reaches_loopback_and_nothing_else_more() -> None:
    demo = NetworkPolicy(ports=frozenset({993}), demo=True)
    judged_addresses("127.0.0.1", 1143, policy=demo)
    with pytest.raises(ConnectError) as caught:
        judged_addresses("a.example", 1143, policy=demo, resolver=lambda *_: fixed("8.8.8.8"))
    assert caught.value.code == "port_not_allowed"
    with pytest.raises(ConnectError):
        judged_addresses("a.example", 993, policy=demo, resolver=lambda *_: fixed("10.0.0.1"))


@pytest.mark.parametrize(
    "host",
    ["", "a b", "a\x00b", "a/b", "user@host", "a\r\nb", "x" * 254, "a.example:25", "..", "[::1]"],
)
def test_what_is_no_host_is_unknown(host: str) -> None:
    with pytest.raises(ConnectError) as caught:
        judged_addresses(host, 993, policy=PUBLIC_ONLY)
    assert caught.value.code == "unknown_host"


def test_a_second_answer_of_dns_changes_nothing() -> None:
    """Rebinding: the address that was judged is the one connected to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        policy = NetworkPolicy(
            ports=frozenset({port}),
            private_networks=(ip_network("127.0.0.1/32"),),
        )
        answers = iter([[(socket.AF_INET, ("127.0.0.1", port))], fixed("10.0.0.5")])
        asked = []

        def alternating(host: str, _port: int) -> list[Candidate]:
            asked.append(host)
            return next(answers)

        with safe_connect("a.example", port, policy=policy, resolver=alternating) as connection:
            assert connection.getpeername() == ("127.0.0.1", port)
        assert asked == ["a.example"]
        with pytest.raises(ConnectError) as caught:
            safe_connect("a.example", port, policy=policy, resolver=alternating)
        assert caught.value.code == "private_network"


def test_a_dead_first_address_does_not_hold_up_the_second() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        policy = NetworkPolicy(
            ports=frozenset({port}),
            private_networks=(ip_network("127.0.0.0/8"),),
        )
        rows = [(socket.AF_INET, (f"127.0.0.{last}", port)) for last in (2, 3, 1)]
        with safe_connect("a", port, policy=policy, resolver=lambda *_: rows) as connection:
            assert connection.getpeername()[0] == "127.0.0.1"


def black_hole(port: int) -> list[socket.socket]:
    """An address of ::1 that takes connections and never answers, like a network that drops IPv6:
    the listener's queue is full. Gives the sockets that keep it so."""
    listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind(("::1", port))
    listener.listen(0)
    held = [listener]
    for _ in range(8):
        waiting = socket.socket(socket.AF_INET6)
        waiting.settimeout(0.3)
        held.append(waiting)
        try:
            waiting.connect(("::1", port))
        except OSError:
            return held
    pytest.skip("this system queues more than was asked for")


@pytest.mark.parametrize("others", [1, 3])
def test_ipv6_that_swallows_everything_holds_ipv4_up_for_moments(others: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        try:
            held = black_hole(port)
        except OSError:
            pytest.skip("there is no IPv6 here")
        policy = NetworkPolicy(
            ports=frozenset({port}),
            private_networks=(ip_network("127.0.0.1/32"), ip_network("::1/128")),
        )
        rows: list[Candidate] = [(socket.AF_INET6, ("::1", port))] * others
        rows.append((socket.AF_INET, ("127.0.0.1", port)))
        started = time.monotonic()
        with safe_connect("a", port, policy=policy, resolver=lambda *_: rows) as connection:
            assert connection.getpeername()[0] == "127.0.0.1"
        # Turn about: behind three of them it is the second that is tried (RFC 8305).
        assert time.monotonic() - started < 2.0
        with pytest.raises(ConnectError):
            safe_connect("a", port, policy=policy, timeout=0.5, resolver=lambda *_: rows[:others])
        for one in held:
            one.close()


def test_nobody_there_is_not_reached(free_port: int) -> None:
    policy = NetworkPolicy(
        ports=frozenset({free_port}),
        private_networks=(ip_network("127.0.0.0/8"),),
    )
    with pytest.raises(ConnectError) as caught:
        safe_connect("127.0.0.1", free_port, policy=policy, timeout=2)
    assert caught.value.code == "not_reached"


# --- Certificates -----------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
    return authority


def liars(authority: Authority) -> dict[str, Leaf]:
    return {
        "certificate_untrusted": authority.self_signed("self"),
        "certificate_wrong_name": authority.leaf("wrong", host="other.example"),
        "certificate_expired": authority.leaf("old", days=(-30, -1)),
    }


@pytest.mark.parametrize(
    "code", ["certificate_untrusted", "certificate_wrong_name", "certificate_expired"]
)
@pytest.mark.parametrize("kind", ["imap", "smtp"])
def test_a_lying_certificate_gets_no_password(
    authority: Authority, loopback_allowed: None, code: str, kind: str
) -> None:
    leaf = liars(authority)[code]
    script = imap_script({}) if kind == "imap" else _smtp
    connect = IMAPStore.connect if kind == "imap" else SMTPSubmitter.connect
    with ScriptedServer(script, leaf=leaf) as server, pytest.raises(ProviderError) as caught:
        connect(server.address(Security.TLS))
    assert caught.value.code == code
    assert server.said == []


def _smtp(talk: Talk) -> None:
    talk.say(b"220 ready\r\n")
    while talk.hear():
        talk.say(b"250 ok\r\n")


def test_a_pinned_certificate_is_taken_and_no_other(
    authority: Authority, loopback_allowed: None
) -> None:
    leaf, other = authority.self_signed("pinned"), authority.leaf("other")
    with ScriptedServer(imap_script({}), leaf=leaf) as server:
        plain = server.address(Security.TLS)
        pinned = ServerAddress(
            plain.host, plain.port, plain.security, plain.user_name, plain.secret, leaf.fingerprint
        )
        IMAPStore.connect(pinned).close()
        assert [line for line in server.said if b"AUTHENTICATE" in line]
    with ScriptedServer(imap_script({}), leaf=other) as server:
        # Signed by an authority we trust, but not the one that was confirmed.
        wrong = ServerAddress("localhost", server.port, "tls", "grace", "secret", leaf.fingerprint)
        with pytest.raises(ProviderError) as caught:
            IMAPStore.connect(wrong)
        assert caught.value.code == "certificate_changed"
    assert server.said == []


def test_a_server_without_tls_on_a_tls_port(authority: Authority, loopback_allowed: None) -> None:
    with ScriptedServer(imap_script({})) as server, pytest.raises(ProviderError) as caught:
        IMAPStore.connect(server.address(Security.TLS))
    assert caught.value.code == "tls_failed"


@pytest.mark.parametrize("is_silent", [True, False])
def test_a_server_that_falls_silent_or_goes_away_says_nothing_about_the_settings(
    loopback_allowed: None, is_silent: bool
) -> None:
    over = threading.Event()

    def script(talk: Talk) -> None:
        if is_silent:
            over.wait(10)

    with ScriptedServer(script) as server:
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=0.3)
        with pytest.raises(ConnectError) as caught:
            encrypt(connection, host="localhost")
        over.set()
    assert caught.value.code == "not_reached"
    assert connect_failed(caught.value).reaction == Reaction.LATER


def test_old_tls_is_refused(authority: Authority, loopback_allowed: None) -> None:
    leaf = authority.leaf("fine")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf.cert, leaf.key)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1

    def old(talk: Talk) -> None:
        talk.connection = context.wrap_socket(talk.connection, server_side=True)

    with ScriptedServer(old) as server:
        connection = socket.create_connection(("127.0.0.1", server.port))
        with pytest.raises(ConnectError) as caught:
            encrypt(connection, host="localhost")
    assert caught.value.code == "tls_failed"


def test_an_open_line_is_trusted_where_the_operator_said_so(free_port: int) -> None:
    with socket.create_server(("127.0.0.1", free_port)) as listener:
        connection = socket.create_connection(("127.0.0.1", free_port))
        ports = frozenset({free_port})
        listed = NetworkPolicy(ports=ports, private_networks=(ip_network("127.0.0.0/8"),))
        assert listed.trusts_line_to(connection)
        assert NetworkPolicy(ports=ports, demo=True).trusts_line_to(connection)
        assert not NetworkPolicy(ports=ports).trusts_line_to(connection)
        connection.close()
        assert listener


def test_no_password_in_the_clear_over_a_public_line(
    monkeypatch: pytest.MonkeyPatch, loopback_allowed: None
) -> None:
    monkeypatch.setattr(NetworkPolicy, "trusts_line_to", lambda *_: False)
    with ScriptedServer(imap_script({})) as server:
        for connect in (IMAPStore.connect, SMTPSubmitter.connect):
            with pytest.raises(ProviderError) as caught:
                connect(server.address(Security.PLAIN))
            assert caught.value.code == "tls_required"
    assert server.said == []


def test_an_unknown_kind_of_security_is_not_taken_for_none(loopback_allowed: None) -> None:
    with ScriptedServer(imap_script({})) as server:
        odd = ServerAddress("127.0.0.1", server.port, "", "grace", "secret")
        with pytest.raises(ValueError, match="is not a valid Security"):
            IMAPStore.connect(odd)
    assert server.said == []
