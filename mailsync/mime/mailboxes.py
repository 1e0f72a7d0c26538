"""Address fields: who wrote, and to whom (RFC 5322 3.4).

Linear, and never led by a display name: `alice@corp.example <mallory@evil.test>` is mallory, where
the standard library believes that it is alice.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from common.addresses import normalise_address
from mailsync.mime import headers, limits
from mailsync.mime.types import Party

_ADDRESS_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*+"?|<[^<>]*>?|[,;:()]|[^\s",;:()<>]+|\s+|[\\>]', re.DOTALL
)
_AROUND_DOT = re.compile(r"\s{0,20}([.@])\s{0,20}")
_LIKE_ADDRESS = re.compile(r"[^\s<>\"(),;:@]{1,100}@[^\s<>\"(),;:@]{1,255}")


@lru_cache(maxsize=8192)
def canonical(address: str) -> str:
    return normalise_address(address)


def addresses(values: Iterable[bytes], charset: str = "") -> tuple[Party, ...]:
    """The mailboxes of all fields of one name; members of groups without the group."""
    found: list[Party] = []
    for value in values:
        found += _mailboxes(headers.plain(value, charset))
        if len(found) >= limits.RECIPIENTS:
            break
    return tuple(found[: limits.RECIPIENTS])


def first_mailbox(value: bytes, charset: str = "") -> Party:
    """The first mailbox; without an address, what is there becomes the name."""
    text = headers.plain(value, charset)
    for party in _mailboxes(text):
        return party
    return Party(_name(text), "")


def _mailboxes(text: str) -> list[Party]:
    if "@" not in text and "=?" not in text:
        return []
    simple = _simple_mailboxes(text)
    if simple:
        return simple
    reader = _MailboxReader()
    for match in _ADDRESS_TOKEN.finditer(text):
        reader.take(match.group())
    reader.finish_mailbox()
    return reader.found


class _MailboxReader:
    """Address lists (RFC 5322 3.4), token by token."""

    def __init__(self) -> None:
        self.found: list[Party] = []
        self.depth = 0  # of comments
        self._begin_mailbox()

    def _begin_mailbox(self) -> None:
        self.words: list[str] = []
        self.comments: list[str] = []
        self.angle: str | None = None

    def take(self, piece: str) -> None:
        if self.depth:
            self.depth += (piece == "(") - (piece == ")")
            if self.depth:
                self.comments.append(piece)
        elif piece == "(":
            self.depth = 1
            self.comments.append(" ")
        elif piece in ",;":
            self.finish_mailbox()
        elif piece == ":":
            # A group's name ends here; `mailto:` is no group but is written.
            self._begin_mailbox()
        elif piece[0] == "<":
            if self.angle is None or "@" not in self.angle:
                self.angle = piece
        else:
            self.words.append(piece)

    def finish_mailbox(self) -> None:
        _add(self.found, self.words, self.comments, self.angle)
        self._begin_mailbox()


_SIMPLE = re.compile(
    r'([^"\\<>(),;:@]{0,100})<([A-Za-z0-9._+=-]{1,64}@[A-Za-z0-9.-]{1,255})>',
)


def _simple_mailboxes(text: str) -> list[Party]:
    """The form nine of ten fields have, plain names and plain addresses; empty for any other."""
    found: list[Party] = []
    for piece in text.split(","):
        party = _simple_mailbox(piece) if len(piece) < 400 else None
        if party is None:
            return []
        found.append(party)
    return found


@lru_cache(maxsize=8192)
def _simple_mailbox(text: str) -> Party | None:
    match = _SIMPLE.fullmatch(text.strip())
    return Party(_name(match.group(1)), canonical(match.group(2))) if match else None


def _add(found: list[Party], words: list[str], comments: list[str], angle: str | None) -> None:
    phrase = "".join(words).strip()
    if angle is not None:
        address = headers.COMMENT.sub("", angle).strip("<> \t")
        if address.startswith("@"):  # the obsolete route of RFC 5322 4.4
            address = address.rpartition(":")[2]
        name = phrase
    else:
        address, name = phrase, "".join(comments).strip()
    if "@" not in address and "=?" in address:
        # Some programs encode name and address together, against RFC 2047 5.
        inner = headers.decode_words(address)
        if "@" in inner and "=?" not in inner:
            found += _mailboxes(inner)
        return
    if angle is None and " " in address:
        like = _LIKE_ADDRESS.search(_AROUND_DOT.sub(r"\1", address))
        if like is None:
            return
        address = like.group()
    address = _AROUND_DOT.sub(r"\1", address).removeprefix("mailto:").strip("'\" \t")
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain:
        return
    address = headers.one_line(address.replace("\x00", ""))
    if len(address) > limits.ADDRESS_CHARACTERS:
        return
    found.append(Party(_name(name), canonical(address)))


_PLAIN_NAME = re.compile(r"[A-Za-z0-9._-]+(?: [A-Za-z0-9._-]+)* ?")


def _name(text: str) -> str:
    if not text:
        return ""
    if len(text) < limits.NAME_CHARACTERS and _PLAIN_NAME.fullmatch(text):
        return text.rstrip()
    if '"' in text or "\\" in text:
        text = headers.QUOTED_PAIR.sub(r"\1", text.replace('\\"', "\x00").replace('"', ""))
        text = text.replace("\x00", '"')
    text = headers.decode_words(text)
    text = headers.SPACES.sub(" ", headers.one_line(text)).strip()
    if len(text) > 1 and text[0] == text[-1] == "'":
        text = text[1:-1].strip()
    return text[: limits.NAME_CHARACTERS]
