"""Settings tried out: how far they got, step by step, for each way they can be wrong."""

from dataclasses import replace
from pathlib import Path

import pytest

from mailsync.enums import Security
from mailsync.errors import SENTENCES
from mailsync.providers.base import ServerAddress
from mailsync.providers.probe import ProbeResult, Step, probe_incoming, probe_outgoing
from tests.fakes.scripted import ScriptedServer, imap_script
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import SmtpSink
from tests.servers.tls import Authority


def line(result: ProbeResult) -> list[tuple[str, str]]:
    assert all(not step.code or step.code in SENTENCES for step in result.steps)
    return [(step.step.value, step.code) for step in result.steps]


@pytest.mark.servers
def test_right_settings_pass_every_step(dovecot: Dovecot) -> None:
    address = dovecot.address(dovecot.new_user())
    result = probe_incoming(address)
    assert line(result) == [
        (step, "") for step in ("name", "connection", "encryption", "sign_in", "mailboxes")
    ]
    assert result.is_ok
    assert result.failure is None


@pytest.mark.servers
@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_a_wrong_password(dovecot: Dovecot, security: Security) -> None:
    address = replace(dovecot.address(dovecot.new_user(), security=security), secret="wrong")
    result = probe_incoming(address)
    assert not result.is_ok
    assert result.failure
    assert (result.failure.step, result.failure.code) == (Step.SIGN_IN, "sign_in_refused")
    assert "wrong" not in result.failure.server_text


@pytest.mark.servers
def test_a_certificate_nobody_signed(
    dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(Authority(tmp_path).ca))
    for security in (Security.TLS, Security.STARTTLS):
        result = probe_incoming(dovecot.address("grace", security=security))
        assert line(result)[-1] == ("encryption", "certificate_untrusted")


@pytest.mark.usefixtures("loopback_allowed")
def test_nobody_there(free_port: int) -> None:
    address = ServerAddress("127.0.0.1", free_port, "tls", "grace", "secret")
    for probe in (probe_incoming, probe_outgoing):
        assert line(probe(address)) == [("name", ""), ("connection", "not_reached")]


@pytest.mark.usefixtures("loopback_allowed")
def test_no_such_name() -> None:
    address = ServerAddress("no-such-host.invalid", 993, "tls", "grace", "secret")
    assert line(probe_incoming(address)) == [("name", "unknown_host")]


def test_a_private_network() -> None:
    address = ServerAddress("127.0.0.1", 993, "tls", "grace", "secret")
    assert line(probe_incoming(address)) == [("name", "private_network")]
    address = ServerAddress("127.0.0.1", 6379, "tls", "grace", "secret")
    assert line(probe_incoming(address)) == [("name", "port_not_allowed")]


@pytest.mark.usefixtures("loopback_allowed")
def test_another_kind_of_server() -> None:
    with ScriptedServer(lambda talk: talk.say(b"SSH-2.0-OpenSSH_9\r\n")) as server:
        assert line(probe_incoming(server.address()))[-1] == ("connection", "not_a_mail_server")
        assert not probe_outgoing(server.address()).is_ok


@pytest.mark.usefixtures("loopback_allowed")
def test_encryption_taken_away() -> None:
    with ScriptedServer(imap_script({}, capabilities="IMAP4rev1 LOGINDISABLED")) as server:
        result = probe_incoming(server.address())
    assert line(result)[-1] == ("encryption", "tls_required")


@pytest.mark.usefixtures("loopback_allowed")
def test_the_outgoing_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
    with SmtpSink(leaf=authority.leaf("smtp")) as server:
        assert line(probe_outgoing(server.address())) == [
            ("name", ""),
            ("connection", ""),
            ("sign_in", ""),
        ]
        result = probe_outgoing(server.address(secret="wrong"))
        assert line(result)[-1] == ("sign_in", "sign_in_refused")
        assert server.sink.taken == []
