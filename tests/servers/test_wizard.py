"""The wizard's pages against a real mail server: each way it can fail has its sentence, each with
the steps that went well before it."""

import re
import socket

import pytest
from django.core.cache import cache
from django.urls import reverse

from mailsync.domain import setup as connecting
from tests.servers.dovecot import PASSWORD

pytestmark = [pytest.mark.servers, pytest.mark.django_db]


def walked(client, alice, capture, **incoming):
    """The page after a trial of this incoming server; the outgoing one is never there."""
    cache.clear()
    setup = connecting.begin(
        alice, address="a@acme.example", scope="personal", provider=connecting.OTHER
    )
    url = reverse("mailsync:setup_servers", args=[setup.key])
    data = {
        "password": incoming.pop("password", PASSWORD),
        "incoming_security": "tls",
        "incoming_user_name": "user@northwind.example",
        "outgoing_host": "localhost",
        "outgoing_port": 9,
        "outgoing_security": "tls",
        "outgoing_user_name": "x",
    }
    with capture(execute=True):
        data |= {f"incoming_{name}": value for name, value in incoming.items()}
        assert client.post(url, data).status_code == 303
    page = client.get(url).content.decode()
    return page, re.findall(r'trial__line" data-state="(\w+)"', page)[:5]


@pytest.fixture
def walk(alice, signed_in, django_capture_on_commit_callbacks, monkeypatch):
    monkeypatch.setattr(connecting, "SHORTEST_TRIAL", 0)
    client = signed_in.as_(alice)
    return lambda **incoming: walked(client, alice, django_capture_on_commit_callbacks, **incoming)


def test_all_goes_well(walk, dovecot):
    page, states = walk(host="localhost", port=dovecot.tls_port)
    assert states == ["done"] * 5
    assert re.search(r"\d folders", page)


def test_wrong_password(walk, dovecot):
    page, states = walk(host="localhost", port=dovecot.tls_port, password="wrong")
    assert states == ["done", "done", "done", "failed", "waiting"]
    assert "refused this user name and password" in page
    assert "Some servers want the whole address" in page
    assert "The server said:" in page


def test_certificate_for_another_name(walk, dovecot, monkeypatch):
    look_up = socket.getaddrinfo

    def renamed(host, *given, **named):
        return look_up("localhost" if host == "mail.acme.example" else host, *given, **named)

    monkeypatch.setattr(socket, "getaddrinfo", renamed)
    page, states = walk(host="mail.acme.example", port=dovecot.tls_port)
    assert states == ["done", "done", "failed", "waiting", "waiting"]
    assert "certificate is for another name" in page


def test_certificate_of_nobody(walk, dovecot, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
    page, states = walk(host="localhost", port=dovecot.tls_port)
    assert states[2] == "failed"
    assert "not signed by an authority" in page


def test_private_network_that_nobody_opened(walk):
    page, states = walk(host="127.0.0.1", port=993)
    assert states[0] == "failed"
    assert "on a private network" in page
    assert "DEALPOST_PRIVATE_NETWORKS" in page


def test_port_that_is_not_one_of_mail(walk):
    page, states = walk(host="127.0.0.1", port=22)
    assert states[0] == "failed"
    assert "not one that mail servers use" in page


def test_nothing_listens(walk, dovecot, free_port):
    page, states = walk(host="localhost", port=free_port)
    assert states[:2] == ["done", "failed"]
    assert "does not answer" in page


def test_name_that_is_none(walk):
    page, states = walk(host="no such host", port=993)
    assert states[0] == "failed"
    assert "There is no server with this name" in page
