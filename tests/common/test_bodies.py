"""Bodies that are too large: refused before anything of them is kept."""

from typing import Any

import pytest
from asgiref.sync import async_to_sync

from common.bodies import MOST_BYTES, bounded
from config.asgi import application


class Conversation:
    """A client that sends pieces, and what it is answered."""

    def __init__(self, pieces: list[bytes], *, length: bytes | None = None) -> None:
        self.pieces = pieces
        self.headers = [(b"host", b"testserver")]
        self.headers += [(b"content-length", length)] if length is not None else []
        self.sent: list[Any] = []
        self.read = 0

    async def receive(self) -> Any:
        self.read += 1
        body = self.pieces.pop(0) if self.pieces else b""
        return {"type": "http.request", "body": body, "more_body": bool(self.pieces)}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    def hold(self, app: Any) -> "Conversation":
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/login/",
            "headers": self.headers,
            "query_string": b"",
            "http_version": "1.1",
        }
        async_to_sync(app)(scope, self.receive, self.send)
        return self

    @property
    def status(self) -> int:
        starts = [one["status"] for one in self.sent if one["type"] == "http.response.start"]
        assert len(starts) == 1
        return int(starts[0])


async def reader(scope: Any, receive: Any, send: Any) -> None:
    """Reads all, as Django does."""
    taken = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        taken += message["body"]
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": taken})


def test_what_fits_is_handed_on() -> None:
    talk = Conversation([b"abc", b"defgh"], length=b"8").hold(bounded(reader, most=8))
    assert (talk.status, talk.sent[1]["body"]) == (200, b"abcdefgh")


def test_what_says_that_it_is_too_large_is_not_read() -> None:
    talk = Conversation([b"x"] * 9, length=b"9").hold(bounded(reader, most=8))
    assert (talk.status, talk.read) == (413, 0)


@pytest.mark.parametrize("length", [None, b"3", b"-1", b"x", b"9" * 40])
def test_what_turns_out_too_large_is_cut_off(length: bytes | None) -> None:
    talk = Conversation([b"xxx"] * 100, length=length).hold(bounded(reader, most=8))
    assert (talk.status, talk.read) == (413, 3)


def test_our_pages_are_behind_it() -> None:
    """Django writes a body down before it asks who sends it."""
    talk = Conversation([b""], length=str(MOST_BYTES + 1).encode()).hold(application)
    assert (talk.status, talk.read) == (413, 0)
    assert b"default-src 'none'" in dict(talk.sent[0]["headers"])[b"content-security-policy"]


def test_events_and_the_like_pass() -> None:
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    async_to_sync(bounded(app))({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
    assert seen == ["lifespan"]
