"""Fetching pictures from origins that mean harm. Each origin is a server on loopback."""

import io
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from PIL import Image

from common.net import NetworkPolicy
from inbox.domain import pictures
from mailsync.mime import sandbox
from mailsync.mime.pictures import NoPictureError, TooLargeError

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


def png(size: tuple[int, int] = (3, 3), mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, "PNG")
    return out.getvalue()


@cache
def bomb() -> bytes:
    return png((20_000, 20_000), "1")


class Origin(BaseHTTPRequestHandler):
    """What each path does."""

    asked: list[tuple[str, dict[str, str]]]

    def do_GET(self) -> None:
        self.asked.append((self.path, dict(self.headers)))
        getattr(self, "at_" + self.path.strip("/").partition("/")[0].partition("?")[0])()

    def answer(self, data: bytes, *, status: int = 200, **fields: str) -> None:
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def at_png(self) -> None:
        self.answer(png(), Content_Type="text/html", Set_Cookie="id=reader", ETag="reader")

    def at_svg(self) -> None:
        self.answer(b"<svg onload='alert(1)'/>", Content_Type="image/png")

    def at_html(self) -> None:
        self.answer(b"<script>alert(1)</script>", Content_Type="image/png")

    def at_gzip(self) -> None:
        self.answer(b"\x1f\x8b" + bytes(40), Content_Encoding="gzip")

    def at_huge(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(10_000_000_000))
        self.end_headers()
        try:
            for _ in range(200):
                self.wfile.write(bytes(100_000))
        except OSError:
            pass

    def at_endless(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
        except OSError:
            pass

    def at_drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.drip(png())

    def at_dripping_header(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        self.drip(b"x" * 1000)

    def at_continue(self) -> None:
        self.drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

    def drip(self, data: bytes) -> None:
        try:
            for number in range(len(data)):
                self.wfile.write(data[number : number + 1])
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass

    def at_loop(self) -> None:
        self.answer(b"", status=302, Location="/loop")

    def at_hops(self) -> None:
        left = int(self.path.rpartition("/")[2])
        self.answer(b"", status=302, Location=f"/hops/{left - 1}" if left else "/png")

    def at_inside(self) -> None:
        self.answer(b"", status=302, Location="http://169.254.169.254/latest/meta-data/")

    def at_port(self) -> None:
        self.answer(b"", status=307, Location="http://127.0.0.1:22/")

    def at_file(self) -> None:
        self.answer(b"", status=301, Location="file:///etc/passwd")

    def at_missing(self) -> None:
        self.answer(png(), status=404)

    def at_bomb(self) -> None:
        self.answer(bomb())

    def log_message(self, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, *args: Any) -> None:
        """Cut connections are what these tests are about."""


@pytest.fixture(autouse=True, scope="module")
def _no_child_left_waiting() -> Iterator[None]:
    yield
    sandbox.close_idle()


@pytest.fixture
def origin(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[Any]]]:
    """The address of the origins, and what they were asked."""
    asked: list[Any] = []
    handler = type("Asked", (Origin,), {"asked": asked})
    server = Server(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    port = server.server_address[1]
    # It looks so often whether it shall end; half a second unless told.
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    policy = NetworkPolicy(ports=frozenset({80, 443, port}), private_networks=LOOPBACK)
    monkeypatch.setattr(pictures, "policy", lambda: policy)
    monkeypatch.setattr(pictures, "SECONDS", 1.0)
    yield f"http://127.0.0.1:{port}", asked
    server.shutdown()
    server.server_close()


def test_a_picture_comes_without_a_word_about_the_reader(origin):
    address, asked = origin
    picture = pictures.fetch(address + "/png?mail=17")
    assert picture.content_type == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    [(path, fields)] = asked
    assert path == "/png?mail=17"
    assert set(fields) == {"Host", "Accept-Encoding", "User-Agent", "Accept", "Connection"}
    assert fields["Accept-Encoding"] == "identity"
    assert fields["User-Agent"] == "Dealpost picture proxy"


def test_three_redirects_and_no_more(origin):
    address, asked = origin
    assert pictures.fetch(address + "/hops/2").content_type == "image/png"
    assert [path for path, _fields in asked] == ["/hops/2", "/hops/1", "/hops/0", "/png"]
    with pytest.raises(pictures.FetchError):
        pictures.fetch(address + "/hops/3")


@pytest.mark.parametrize("path", ["svg", "html", "gzip"])
def test_what_is_no_picture_is_refused(origin, path):
    with pytest.raises(NoPictureError):
        pictures.fetch(f"{origin[0]}/{path}")


@pytest.mark.parametrize("path", ["huge", "endless", "bomb"])
def test_too_much_is_refused(origin, path):
    bomb()  # made before the clock of the answer runs
    with pytest.raises(TooLargeError):
        pictures.fetch(f"{origin[0]}/{path}")


@pytest.mark.parametrize("path", ["drip", "dripping_header", "continue"])
def test_what_drips_is_cut_off(origin, path):
    started = time.monotonic()
    with pytest.raises(pictures.FetchError):
        pictures.fetch(f"{origin[0]}/{path}")
    assert time.monotonic() - started < 2.5


def test_a_server_that_never_answers_is_left(origin, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        policy = NetworkPolicy(ports=frozenset({port}), private_networks=LOOPBACK)
        monkeypatch.setattr(pictures, "policy", lambda: policy)
        started = time.monotonic()
        for scheme in ("http", "https"):
            with pytest.raises(pictures.FetchError):
                pictures.fetch(f"{scheme}://127.0.0.1:{port}/")
        assert time.monotonic() - started < 5


@pytest.mark.parametrize("path", ["loop", "inside", "port", "file", "missing"])
def test_where_a_redirect_may_not_lead(origin, path):
    with pytest.raises(pictures.FetchError):
        pictures.fetch(f"{origin[0]}/{path}")


@pytest.mark.parametrize(
    "address",
    [
        "ftp://example.com/a.png",
        "file:///etc/passwd",
        "//example.com/a.png",
        "http:///a.png",
        "http://[::1/a.png",
        "http://127.0.0.1:99999/",
        "http://a\r\nHost: b/x.png",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_web_address_is_not_asked_for(origin, address):
    with pytest.raises(pictures.FetchError):
        pictures.fetch(address)
    assert origin[1] == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0x7f000001",
        "2130706433",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.0.0.1",
    ],
)
def test_private_networks_stay_shut_even_if_mail_servers_may_be_there(host, settings):
    settings.ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8", "10.0.0.0/8", "::1/128"]
    with pytest.raises(pictures.FetchError):
        pictures.fetch(f"http://{host}/a.png")
