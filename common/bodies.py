"""A bound on what anybody may send in one request.

Django takes a whole body to the disk before it asks who sends it. So the bound stands before
Django: what says that it is larger is refused unread, what turns out to be larger is cut off.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from common.policies import ContentPolicy

# The largest file that is taken (50 MB, crm.domain.files) and the form around it.
MOST_BYTES = 64 * 1024 * 1024

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


def bounded(application: Application, *, most: int = MOST_BYTES) -> Application:
    """The same ASGI application, for bodies of at most so many bytes."""

    async def answer(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
        elif _said_length(scope) > most:
            await _refuse(send)
        else:
            await application(scope, _counted(receive, send, most), send)

    return answer


def _said_length(scope: MutableMapping[str, Any]) -> int:
    text = dict(scope["headers"]).get(b"content-length", b"")
    return int(text) if text.isdigit() and len(text) < 19 else 0


def _counted(receive: Receive, send: Send, most: int) -> Receive:
    """Gives the application the body until it is too much; then it is as if the client had gone."""
    taken = 0

    async def counting() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken <= most:
            return message
        await _refuse(send)
        return {"type": "http.disconnect"}

    return counting


async def _refuse(send: Send) -> None:
    text = b"This is more than can be taken at once."
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(text)).encode()),
        (b"content-security-policy", ContentPolicy.PAGE.value.encode()),
        (b"x-content-type-options", b"nosniff"),
        # What is still on its way belongs to no request.
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": text})
