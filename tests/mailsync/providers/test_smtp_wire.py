from typing import Any

import pytest

from mailsync.providers.base import ProviderError
from mailsync.providers.smtp_wire import MOST_REPLY_LINES, Reply, SmtpWire, stuffed


class Lines:
    """What a server would say, line by line."""

    def __init__(self, *lines: bytes) -> None:
        self.lines = list(lines)
        self.sent = b""

    def send(self, data: bytes) -> None:
        self.sent += data

    def begin(self, seconds: float) -> None:
        pass

    def line(self, most: int) -> bytes:
        return self.lines.pop(0)[:most]


def wire(*lines: bytes) -> Any:
    return SmtpWire(Lines(*lines))  # type: ignore[arg-type]


def test_a_reply_of_several_lines() -> None:
    reply = wire(b"550-5.7.1 No\r\n", b"550 5.7.1 not you\r\n").reply()
    assert reply == Reply(550, ("5.7.1 No", "5.7.1 not you"))
    assert (reply.enhanced, reply.is_temporary) == ("5.7.1", False)
    assert wire(b"421\r\n").reply() == Reply(421, ("",))


@pytest.mark.parametrize("line", [b"hello\r\n", b"25\r\n", b"250x\r\n", b"\r\n"])
def test_what_is_no_reply_is_told(line: bytes) -> None:
    with pytest.raises(ProviderError):
        wire(line).reply()


def test_a_reply_without_end_ends() -> None:
    with pytest.raises(ProviderError):
        wire(*[b"250-on and on\r\n"] * (MOST_REPLY_LINES + 1)).reply()


def test_a_line_break_in_a_command_is_not_sent() -> None:
    one = wire(b"250 ok\r\n")
    with pytest.raises(ProviderError):
        one.command(b"MAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>")
    assert one.stream.sent == b""


def test_what_a_server_offers() -> None:
    one = wire(b"250-mx\r\n", b"250-SIZE 100\r\n", b"250-auth plain\r\n", b"250 AUTH=LOGIN\r\n")
    one.hello("crm.example")
    assert one.stream.sent == b"EHLO crm.example\r\n"
    assert one.extensions["SIZE"] == "100"
    assert one.mechanisms() == {"PLAIN", "LOGIN"}


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (b"a\r\n", b"a\r\n"),
        (b"a", b"a\r\n"),
        (b".a\r\n..b\r\n.\r\n", b"..a\r\n...b\r\n..\r\n"),
        (b"a.b\r\n", b"a.b\r\n"),
    ],
)
def test_dots_are_stuffed(body: bytes, sent: bytes) -> None:
    assert stuffed(body) == sent
