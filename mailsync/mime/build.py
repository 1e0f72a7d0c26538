"""Outgoing messages: from `OutgoingEmail` to the bytes that go over the wire.

The bytes follow from the values alone, boundaries included, so that a message can be fixed when
it is queued. Header values are cleaned of every control character before they are written, and
lines end in CRLF and stay within 998 bytes (RFC 5322 2.1.1) whatever the parent message brought.
"""

import base64
import binascii
import hashlib
import re
from email.utils import format_datetime
from urllib.parse import quote

from mailsync.mime import limits
from mailsync.mime.types import OutgoingEmail, OutgoingFile, Party

CRLF = b"\r\n"
FOLD_AT = 76
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_LOCAL = re.compile(r"[^\s\x00-\x20\x7f-\xa0\"(),:;<>@\[\\\]\u2028\u2029]{1,64}")
_DOMAIN = re.compile(r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]*)(?:\.[A-Za-z0-9][A-Za-z0-9-]*)*")
_ID = re.compile(r"[^\s<>@\x00-\x20\x7f-\uffff]+@[^\s<>@\x00-\x20\x7f-\uffff]+")
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,60}")
_ATTRIBUTE_LETTERS = "!#$&+-.^_`|~"


class OutgoingAddressError(ValueError):
    """An address that cannot be written into a header or an SMTP command."""


def build(email: OutgoingEmail) -> bytes:
    """The message for the wire: without Bcc, which belongs into the envelope alone."""
    return _message(email, bcc=())


def build_sent_copy(email: OutgoingEmail) -> bytes:
    """The same message for the sender's own Sent folder, where Bcc is kept."""
    return _message(email, bcc=email.bcc)


def checked_address(address: str) -> str:
    """The address, its domain in ASCII. Raises OutgoingAddressError for what is not one."""
    local, _, domain = address.rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise OutgoingAddressError(address) from error
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain) or len(address) > 254:
        raise OutgoingAddressError(address)
    return f"{local}@{domain}"


def _message(email: OutgoingEmail, *, bcc: tuple[Party, ...]) -> bytes:
    seed = hashlib.sha256(email.message_id.encode()).hexdigest()[:24]
    header = [
        _field("Date", format_datetime(email.sent_at)),
        _addresses("From", (email.sender,)),
        _addresses("To", email.to),
        _addresses("Cc", email.cc),
        _addresses("Bcc", bcc),
        _addresses("Reply-To", email.reply_to),
        _field("Message-ID", f"<{_checked_id(email.message_id)}>"),
        *_thread_fields(email),
        _field("Subject", _words(email.subject)),
        *_unsubscribe_fields(email.list_unsubscribe),
        b"MIME-Version: 1.0" + CRLF,
    ]
    return b"".join(header) + _content(email, seed)


def _thread_fields(email: OutgoingEmail) -> list[bytes]:
    ids = [one for one in email.references if is_valid_id(one)]
    if len(ids) > 2 * limits.REFERENCES_KEPT:
        ids = ids[: limits.REFERENCES_KEPT] + ids[-limits.REFERENCES_KEPT :]
    answered = email.in_reply_to if is_valid_id(email.in_reply_to) else ""
    return [
        _field("In-Reply-To", f"<{answered}>") if answered else b"",
        _field("References", " ".join(f"<{one}>" for one in ids)) if ids else b"",
    ]


def is_valid_id(message_id: str) -> bool:
    return len(message_id) <= limits.MESSAGE_ID_BYTES and _ID.fullmatch(message_id) is not None


def _checked_id(message_id: str) -> str:
    if not is_valid_id(message_id):
        raise ValueError("a Message-ID of our own must be of the form left@right")
    return message_id


def _unsubscribe_fields(addresses: tuple[str, ...]) -> list[bytes]:
    usable = [
        one
        for one in addresses
        if re.fullmatch(r"(?:mailto:|https://)[!-;=?-~]{1,900}", one) is not None
    ]
    if not usable:
        return []
    fields = [_field("List-Unsubscribe", ", ".join(f"<{one}>" for one in usable))]
    if any(one.startswith("https:") for one in usable):  # RFC 8058
        fields.append(_field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return fields


# --- header values ---------------------------------------------------------------------------


def _field(name: str, value: str) -> bytes:
    """One field, folded at spaces. `value` has no control characters and no long words."""
    lines: list[str] = []
    line = f"{name}:"
    for word in value.split(" "):
        if len(line) + 1 + len(word) > FOLD_AT and not line.endswith(":") and line.strip():
            lines.append(line)
            line = ""
        line += f" {word}"
    lines.append(line)
    return CRLF.join(one.encode() for one in lines) + CRLF


def _clean(text: str) -> str:
    return " ".join(_UNSAFE.sub(" ", text).split())


def _words(text: str) -> str:
    """Unstructured text: as it is when ASCII in short words, else in encoded words (RFC 2047)."""
    text = _clean(text)
    if text.isascii() and "=?" not in text and all(len(w) <= FOLD_AT - 10 for w in text.split()):
        return text
    return _encoded_words(text)


def _encoded_words(text: str) -> str:
    words: list[str] = []
    chunk = b""
    for character in text:
        encoded = character.encode()
        if len(chunk) + len(encoded) > 45:  # 60 base64 letters: within 75 with the frame
            words.append(_encoded_word(chunk))
            chunk = b""
        chunk += encoded
    words.append(_encoded_word(chunk))
    return " ".join(words)


def _encoded_word(chunk: bytes) -> str:
    return f"=?utf-8?B?{base64.b64encode(chunk).decode()}?="


def _addresses(name: str, parties: tuple[Party, ...]) -> bytes:
    if not parties:
        return b""
    return _field(name, ", ".join(_mailbox(party) for party in parties))


def _mailbox(party: Party) -> str:
    address = checked_address(party.address)
    name = _clean(party.name)[: limits.NAME_CHARACTERS]
    if not name:
        return address
    if not name.isascii() or "=?" in name or max(map(len, name.split())) > FOLD_AT - 10:
        return f"{_encoded_words(name)} <{address}>"
    if _ATOMS.fullmatch(name):
        return f"{name} <{address}>"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{address}>'


def _parameter(name: str, value: str) -> bytes:
    """RFC 2231: percent-encoded UTF-8, in sections when long."""
    value = _clean(value).replace("/", "_").replace("\\", "_")
    if re.fullmatch(r"[A-Za-z0-9 ._+()-]{1,60}", value):
        return f'; {name}="{value}"'.encode()
    encoded = quote(value, safe=_ATTRIBUTE_LETTERS)
    if len(encoded) <= 60:
        return f";\r\n {name}*=utf-8''{encoded}".encode()
    pieces = re.findall(r"(?:%..|[^%]){1,20}", encoded)
    return b"".join(
        f";\r\n {name}*{index}*={piece if index else 'utf-8' + chr(39) * 2 + piece}".encode()
        for index, piece in enumerate(pieces)
    )


# --- bodies ----------------------------------------------------------------------------------


def _content(email: OutgoingEmail, seed: str) -> bytes:
    """Alternatives of text and HTML, pictures beside the HTML, files beside both."""
    inline = [one for one in email.files if one.content_id and email.html]
    attached = [one for one in email.files if one not in inline]
    content = _text_part("plain", email.text)
    if email.html:
        html = _text_part("html", email.html)
        if inline:
            html = _multipart("related", f"r{seed}", [html, *map(_file_part, inline)])
        content = _multipart("alternative", f"a{seed}", [content, html])
    if attached:
        content = _multipart("mixed", f"m{seed}", [content, *map(_file_part, attached)])
    return content


def _multipart(subtype: str, seed: str, parts: list[bytes]) -> bytes:
    # "=_" can stand neither in quoted-printable nor in base64 (RFC 2045 6.7).
    boundary = f"=_{seed}".encode()
    body = b"".join(b"--" + boundary + CRLF + part + CRLF for part in parts)
    head = f'Content-Type: multipart/{subtype};\r\n boundary="'.encode() + boundary + b'"'
    return head + CRLF + CRLF + body + b"--" + boundary + b"--" + CRLF


def _text_part(subtype: str, text: str) -> bytes:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    data = text.encode("utf-8", "replace")
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\n".encode()
    if not data.endswith(b"\n"):
        data += b"\n"
    if _is_plain(data):
        body = data.replace(b"\n", CRLF)
        return head + b"Content-Transfer-Encoding: 7bit" + CRLF + CRLF + body
    if len(data) > 200 and sum(byte > 126 for byte in data[:20_000]) * 3 > len(data[:20_000]):
        body = base64.encodebytes(data.replace(b"\n", CRLF)).replace(b"\n", CRLF)
        return head + b"Content-Transfer-Encoding: base64" + CRLF + CRLF + body
    return head + b"Content-Transfer-Encoding: quoted-printable" + CRLF + CRLF + _quoted(data)


def _is_plain(data: bytes) -> bool:
    return (
        data.isascii()
        and b"=_" not in data
        and not re.search(
            rb"[^\n]{77}|[ \t]\n|^\.$|^From |[\x00-\x08\x0b-\x1f\x7f]", data, re.MULTILINE
        )
    )


def _quoted(data: bytes) -> bytes:
    # A line of one dot ends SMTP's DATA; "From " at a line's start is changed by mbox stores.
    body = binascii.b2a_qp(data, quotetabs=False, istext=True)
    body = re.sub(rb"(?m)^\.$", b"=2E", body)
    return re.sub(rb"(?m)^From ", b"=46rom ", body).replace(b"\n", CRLF)


def _file_part(file: OutgoingFile) -> bytes:
    content_type = file.content_type.lower()
    if not _TYPE.fullmatch(content_type) or content_type.startswith(("multipart/", "message/")):
        content_type = "application/octet-stream"
    kind = b"inline" if file.content_id else b"attachment"
    head = f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: base64\r\n".encode()
    head += b"Content-Disposition: " + kind + _parameter("filename", file.name or "file") + CRLF
    if file.content_id:
        head += _field("Content-ID", f"<{_clean_content_id(file.content_id)}>")
    return head + CRLF + base64.encodebytes(file.content).replace(b"\n", CRLF)


def _clean_content_id(content_id: str) -> str:
    return re.sub(r"[^A-Za-z0-9@._+-]", "", content_id)[:100]
