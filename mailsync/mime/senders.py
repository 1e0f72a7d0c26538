"""Who a message says that it is from, where something is done in his name because of it.

Reading is generous, since people want to see their mail; this is strict. The From field must have
the one form that all readers agree upon (RFC 5322 3.4, without its obsolete forms): whatever two
programs could read as two senders has none. It says nothing of whether the sender is genuine.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from mailsync.mime import headers, limits, mailboxes


class Defect(StrEnum):
    NO_FIELD = "no_field"
    SEVERAL_FIELDS = "several_fields"
    HEADER = "header"  # where it ends, or what is in it, is not beyond doubt
    SEVERAL_MAILBOXES = "several_mailboxes"
    FORM = "form"  # no plain mailbox


@dataclass(frozen=True, slots=True)
class SenderVerdict:
    """`address` is normalised, and empty when there is a defect."""

    address: str = ""
    name: str = ""
    defect: Defect | None = None
    shows_other_address: bool = False  # the display name is dressed up as an address


_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}"
_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,10}[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
_ADDRESS = rf"(?P<quote>\"?)(?P<local>{_ATOM}(?:\.{_ATOM}){{0,20}})(?P=quote)@(?P<domain>{_DOMAIN})"
_BARE = re.compile(_ADDRESS)
_ANGLE = re.compile(rf"(?P<name>[^<>]{{0,500}})<{_ADDRESS}>")
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~. \t-]*")
_QUOTED = re.compile(r'"(?:[^"\\]|\\["\\]){0,500}+"')
_LOCAL_CHARACTERS = 64


def sender_verdict(raw: bytes) -> SenderVerdict:
    """The sender of a message, from its raw bytes."""
    header = _header(raw)
    if header is None:
        return SenderVerdict(defect=Defect.HEADER)
    values = headers.split_fields(header).get("from", [])
    if len(values) != 1:
        return SenderVerdict(defect=Defect.SEVERAL_FIELDS if values else Defect.NO_FIELD)
    return _of_value(values[0])


def _header(raw: bytes) -> bytes | None:
    """The header; None where its end or its lines could be seen elsewhere by somebody else."""
    start = raw[: limits.HEADER_BYTES]
    ends = [at for mark in (b"\r\n\r\n", b"\n\n") if (at := start.find(mark)) >= 0]
    if not ends:
        return None
    header = start[: min(ends)] + b"\n"
    if header.count(b"\n") > limits.HEADER_FIELDS or b"\x00" in header:
        return None
    unfolded = header.replace(b"\r\n", b"\n")
    if b"\r" in unfolded:
        return None
    lines = unfolded.removesuffix(b"\n").split(b"\n")
    return unfolded if all(_LINE.match(line) for line in lines) else None


_LINE = re.compile(rb"[!-9;-~]{1,200}[ \t]{0,20}:|[ \t]{1,200}[^ \t]")


def _of_value(value: bytes) -> SenderVerdict:
    text = headers.plain(value)
    if not text.isascii() or len(text) > limits.FIELD_BYTES - 1:
        return SenderVerdict(defect=Defect.FORM)
    found = _BARE.fullmatch(text) or _ANGLE.fullmatch(text)
    name = found.groupdict().get("name", "").strip() if found else ""
    if found is None or not _is_phrase(name) or len(found["local"]) > _LOCAL_CHARACTERS:
        several = len(mailboxes.addresses([value])) > 1
        return SenderVerdict(defect=Defect.SEVERAL_MAILBOXES if several else Defect.FORM)
    if "=?" in found["local"]:  # RFC 2047 5: no encoded word in an address
        return SenderVerdict(defect=Defect.FORM)
    address = mailboxes.canonical(f"{found['local']}@{found['domain']}")
    shown = mailboxes.first_mailbox(value).name
    other = "@" in shown and mailboxes.canonical(shown.strip()) != address
    return SenderVerdict(address=address, name=shown, shows_other_address=other)


def _is_phrase(name: str) -> bool:
    return bool(_PHRASE.fullmatch(name) or _QUOTED.fullmatch(name))
